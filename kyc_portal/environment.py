"""The environment and `.env`, read strictly: what is not understood is refused in one line, never guessed.

django-environ reads them; what it lets pass in silence is refused here. No message repeats a value, which may be a
secret in the wrong place.
"""

import builtins
import io
import os
import re
import warnings
from pathlib import Path
from typing import Any, TypeVar
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import environ
from django.core.exceptions import ImproperlyConfigured
from environ.fileaware_mapping import FileAwareMapping

from kyc_portal.dotenv import DotenvError, parse

TRUE, FALSE = frozenset(environ.Env.BOOLEAN_TRUE_STRINGS), frozenset({"false", "off", "n", "no", "0", ""})
REFERENCE = re.compile(r"\$([A-Za-z_][A-Za-z0-9_]*)")
DATABASES = "postgres://USER:PASSWORD@HOST:5432/NAME or sqlite:////absolute/path"
ENCODED = "Write special characters of the password in %-encoding (`#` as %23, `/` as %2F)."
LARGEST = 10**9
Number = TypeVar("Number", int, float)
LOG_LEVELS = ("DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL")


class SecretFiles(FileAwareMapping):  # type: ignore[misc]
    """Values, also from the file that NAME_FILE names, without the one newline at the end that an editor leaves.

    Raises ImproperlyConfigured for a file that cannot be read, and for a value that is no text.
    """

    def __getitem__(self, key: str) -> str:
        try:
            value: str = super().__getitem__(key)
        except (OSError, UnicodeDecodeError) as failure:
            raise ImproperlyConfigured(_unreadable(f"{key}_FILE", self.env[f"{key}_FILE"], failure)) from None
        if not value.isascii() and any("\ud800" <= letter <= "\udfff" for letter in value):
            # Python's stand-ins for bytes that are none of its encoding: no key could be made of them.
            raise ImproperlyConfigured(f"{key} is not UTF-8.")
        if self.env.get(f"{key}_FILE"):
            value = value.removeprefix("\ufeff")
        # A platform may have read the variable from such a file itself.
        return value.removesuffix("\n").removesuffix("\r")


class StrictEnv(environ.FileAwareEnv):  # type: ignore[misc]
    """Raises ImproperlyConfigured, with one line that names the variable, for whatever cannot be understood."""

    ENVIRON = SecretFiles()

    def __init__(self) -> None:
        super().__init__()
        # What the settings ask for: the names that exist, for the check on misspelt ones.
        self.known: set[str] = set()

    def get_value(
        self, var: str, cast: Any = None, default: Any = environ.Env.NOTSET, parse_default: bool = False
    ) -> Any:
        self.known.add(var)
        value = self.ENVIRON.get(var, "")
        try:
            if value.startswith("$") and not self._is_reference(value):
                # django-environ would look for a variable of that name, find none, and give back the default.
                return self.parse_value(value, cast or (type(default) if default is not self.NOTSET else None))
            return super().get_value(var, cast, default, parse_default)
        except (ValueError, TypeError):
            raise ImproperlyConfigured(f"{var} is not {_wanted(cast)}.") from None

    def bool(self, var: str, default: Any = environ.Env.NOTSET) -> builtins.bool:
        return builtins.bool(self.get_value(var, cast=_boolean, default=default))

    def int(self, var: str, default: Any = environ.Env.NOTSET) -> builtins.int:
        return _sized(var, self.get_value(var, cast=builtins.int, default=default))  # type: ignore[no-any-return]

    def float(self, var: str, default: Any = environ.Env.NOTSET) -> builtins.float:
        return _sized(var, self.get_value(var, cast=_number, default=default))  # type: ignore[no-any-return]

    def list(self, var: str, cast: Any = None, default: Any = environ.Env.NOTSET) -> builtins.list[str]:
        return self.get_value(var, cast=_items, default=default)  # type: ignore[no-any-return]

    def log_level(self, var: str, default: str) -> str:
        level = self.str(var, default=default).strip().upper()
        return _one_of(var, level, LOG_LEVELS)

    def time_zone(self, var: str, default: str) -> str:
        name: str = self.str(var, default=default)
        try:
            ZoneInfo(name)
        except (ZoneInfoNotFoundError, ValueError, OSError):
            raise ImproperlyConfigured(f"{var} is no name of a time zone, such as UTC or Asia/Hong_Kong.") from None
        return name

    def database(self, var: str, default: dict[str, Any]) -> dict[str, Any]:
        """The database of a URL. Its text is never repeated: it holds a password."""
        self.known.add(var)
        url = self.str(var, default="")
        if not url:
            return default
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("error")
                found: dict[str, Any] = self.db_url_config(url)
        except (ValueError, KeyError, Warning):
            raise ImproperlyConfigured(f"{var} is no address of a database: {DATABASES}. {ENCODED}") from None
        if found.get("ENGINE") not in self.DB_SCHEMES.values() or not found.get("NAME"):
            raise ImproperlyConfigured(f"{var} is no address of a database: {DATABASES}. {ENCODED}")
        return found

    def mail(self, var: str, default: str) -> dict[str, Any]:
        try:
            settings: dict[str, Any] = self.email_url(var, default=default)
        except (ValueError, KeyError, ImproperlyConfigured):
            text = f"{var} is no address of a mail server: smtp+tls://USER:PASSWORD@HOST:587. {ENCODED}"
            raise ImproperlyConfigured(text) from None
        return settings

    def _is_reference(self, value: str) -> builtins.bool:
        """`$NAME` stands for another variable only where there is one of that name; a secret may begin with `$`."""
        found = REFERENCE.fullmatch(value)
        return builtins.bool(found and found[1] in self.ENVIRON)


def read_dotenv(default: Path) -> None:
    """Put what `.env` says into the environment, where a variable is not set yet.

    A `.env` that does not exist is none; one that is named by DJANGO_ENV_FILE must be there.
    """
    named = os.environ.get("DJANGO_ENV_FILE", "")
    path = Path(named) if named else default
    try:
        values = parse(path.read_bytes())
    except FileNotFoundError as failure:
        if named:
            raise ImproperlyConfigured(_unreadable("DJANGO_ENV_FILE", named, failure)) from None
        return
    except OSError as failure:
        raise ImproperlyConfigured(_unreadable("DJANGO_ENV_FILE", str(path), failure)) from None
    except DotenvError as problem:
        raise ImproperlyConfigured(f"{path}, {problem}") from None
    environ.Env.read_env(io.StringIO(), **values)


def _unreadable(name: str, path: str, failure: Exception) -> str:
    reason = failure.strerror if isinstance(failure, OSError) else "it is not UTF-8"
    return f"The file of {name} ({path}) cannot be read: {reason}. Correct the path, or its owner and mode."


def _sized(var: str, number: Number) -> Number:
    """No duration, size or rate needs more, and a time so far away would be none of the calendar."""
    if abs(number) > LARGEST:
        raise ImproperlyConfigured(f"{var} must be less than {LARGEST:,}.")
    return number


def _boolean(text: str) -> bool:
    word = text.strip().lower()
    if word in TRUE or word in FALSE:
        return word in TRUE
    return int(word) != 0


def _number(text: str) -> float:
    """`0,94` is read as `0.94`, as before; nothing is left out to make a number of it."""
    number = float(text.replace(",", ".") if text.count(",") == 1 and "." not in text else text)
    if number != number or number in (float("inf"), float("-inf")):
        raise ValueError
    return number


def _items(text: str) -> list[str]:
    return [item.strip() for item in text.split(",") if item.strip()]


WANTED = {int: "a whole number", _number: "a number", _boolean: "1 or 0"}


def _wanted(cast: Any) -> str:
    return WANTED.get(cast, "what it has to be; see docs/configuration.md")


def _one_of(var: str, value: str, choices: tuple[str, ...]) -> str:
    if value not in choices:
        raise ImproperlyConfigured(f"{var} must be one of {', '.join(choices)}.")
    return value
