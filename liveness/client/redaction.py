"""Making the vendor's text safe to keep: no credentials of URLs, no secrets of ours, nothing a database refuses."""

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

MAX_STRING = 4_000
MAX_LEDGER = 65_536
MAX_DEPTH = 32
HIDDEN = "[hidden]"
TOO_DEEP = "[nested too deeply]"

# A shorter "secret" would be found by chance inside ordinary answers.
_SHORTEST_SECRET = 8
_REPLACEMENT = "�"
_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")
_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f]+")

# `://`, also with the slashes escaped (JSON inside JSON) or percent-encoded. The scheme itself is left out of the
# pattern: matching it first would make the search quadratic in long runs of letters.
_AUTHORITY = r"(?::|%3a)(?:\\*/|%2f){2}"
_MARKER = re.compile(f"({_AUTHORITY})", re.IGNORECASE)
_WHOLE_URL = re.compile(rf"\s*[a-z][a-z0-9+.-]{{0,31}}{_AUTHORITY}", re.IGNORECASE)
_QUERY = re.compile(r"[?#]|%3f|%23", re.IGNORECASE)
# Without any of these there is no URL and no query, and most text has none.
_HINT = re.compile(r"[/?]|%2f", re.IGNORECASE)
_SLASH = re.compile(r"[/\\]")
_SEPARATORS = re.compile(r"([\s\"<>]+)")


def storable(text: str) -> str:
    """The text without NUL and lone surrogates, which JSON may carry but PostgreSQL refuses."""
    return _UNSTORABLE.sub(_REPLACEMENT, text)


def has_url(text: str) -> bool:
    """Does the text hold the beginning of a URL, also an escaped one?"""
    return _MARKER.search(text) is not None


def without_url_secrets(text: str) -> str:
    """The text with the user, the query and the fragment of every URL in it removed."""
    if not _HINT.search(text):
        return text
    if _WHOLE_URL.match(text):
        return _clean_url(text)
    return "".join(_clean_url(token) for token in _SEPARATORS.split(text))


def without_secrets(text: str, secrets: Sequence[str]) -> str:
    """The text with every one of our own secrets (token, keys) replaced."""
    for secret in secrets:
        if len(secret) >= _SHORTEST_SECRET and _may_hold(text, secret):
            text = re.sub(re.escape(secret), HIDDEN, text, flags=re.IGNORECASE)
    return text


def _may_hold(text: str, secret: str) -> bool:
    """A quick no for most text. Beyond ASCII a letter has cases that only the search itself knows."""
    return not text.isascii() or secret.lower() in text.lower()


def clean_text(text: str, secrets: Sequence[str], limit: int = MAX_STRING) -> str:
    """All of the above, at most `limit` characters long."""
    return storable(without_secrets(without_url_secrets(text), secrets))[:limit]


def one_line(text: str) -> str:
    """The text with control characters and line breaks turned into spaces."""
    return _CONTROL.sub(" ", text).strip()


def ledger(response: Mapping[str, Any], first: Sequence[str], secrets: Sequence[str]) -> dict[str, Any]:
    """A copy of the answer fit for the ledger: cleaned, and at most `MAX_LEDGER` characters of JSON.

    The fields named in `first` are kept first; those that no longer fit are left out and counted under `[dropped]`.
    What is nested deeper than `MAX_DEPTH` is replaced by a word.
    """
    cleaned = {clean_text(name, secrets): _clean(value, secrets, 1) for name, value in response.items()}
    if len(json.dumps(cleaned)) <= MAX_LEDGER:
        return cleaned
    sizes = {name: len(json.dumps({name: value})) for name, value in cleaned.items()}
    kept: dict[str, Any] = {}
    room = MAX_LEDGER
    for name in sorted(cleaned, key=lambda name: (name not in first, sizes[name])):
        room -= sizes[name]
        if room >= 0:
            kept[name] = cleaned[name]
    return kept | {"[dropped]": len(cleaned) - len(kept)}


def _clean(value: Any, secrets: Sequence[str], depth: int) -> Any:
    if isinstance(value, str):
        return clean_text(value, secrets)
    if depth > MAX_DEPTH and isinstance(value, list | dict):
        return TOO_DEEP
    if isinstance(value, list):
        return [_clean(item, secrets, depth + 1) for item in value]
    if isinstance(value, dict):
        return {clean_text(name, secrets): _clean(item, secrets, depth + 1) for name, item in value.items()}
    return value


def _clean_url(token: str) -> str:
    marker = _MARKER.search(token)
    if marker is None:
        head, _, query = token.partition("?")
        return head if "=" in query else token
    end = _QUERY.search(token, marker.end())
    first, *rest = _MARKER.split(token[: end.start()] if end else token)
    return first + "".join(_without_user(piece) for piece in rest)


def _without_user(piece: str) -> str:
    slash = _SLASH.search(piece)
    end = slash.start() if slash else len(piece)
    return piece[:end].rpartition("@")[2] + piece[end:]
