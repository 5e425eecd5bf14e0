"""System checks that ask the database: does the audit key fit, and do its defaults suit this app?

The key is checked by every `manage.py check`, because a process with another key can do nothing. The defaults are
checked by `migrate` and by `check --database default`.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.core.checks import Tags, register
from django.db import DEFAULT_DB_ALIAS, DatabaseError, InterfaceError, connections, transaction
from django.db.backends.base.base import BaseDatabaseWrapper

from liveness import audit
from liveness.checks.findings import database_exists
from liveness.checks.settings import Messages, _error, _warning

KEY_TAG = "liveness_audit"
KEY_HINT = "docs/operating.md says how to change the key, and what to do with a broken chain."
ISOLATION, READ_ONLY, LOSSY = "default_transaction_isolation", "default_transaction_read_only", "synchronous_commit"
# Milliseconds. A writer waits for others who write to the chain, and a busy disk may hold them all for seconds.
SHORTEST_TIMEOUT = 10_000
TIMEOUTS = ("statement_timeout", "lock_timeout", "transaction_timeout")
READ_COMMITTED = "read committed"
ISOLATION_TEXT = (
    "Transactions are {level} by default, not read committed: people and workers who write at the same time would "
    "fail one another."
)
# What takes a setting back, by the place that PostgreSQL names as its source; the server's files and arguments else.
REMEDIES = {
    "database": "Type in psql: ALTER DATABASE {database} RESET {name};",
    "user": "Type in psql: ALTER ROLE {user} RESET {name};",
    "database user": "Type in psql: ALTER ROLE {user} IN DATABASE {database} RESET {name};",
    "client": "Take {name} out of the connection's options (DATABASE_URL, PGOPTIONS or the pooler's configuration).",
    "session": "A client of the same pooler set {name} for the whole session. Restart the pooler, and have that client "
    "use SET LOCAL.",
}
SERVER_REMEDY = "Type in psql: ALTER SYSTEM SET {name} = '{good}'; SELECT pg_reload_conf();"
# PRAGMA synchronous: 2 is FULL.
SQLITE_FULL = 2


@dataclass(frozen=True)
class Setting:
    """One setting of PostgreSQL as a new session meets it."""

    name: str
    value: str
    source: str

    def hint(self, connection: BaseDatabaseWrapper, good: str) -> str:
        quote = connection.ops.quote_name
        database, user = (str(connection.settings_dict[name]) for name in ("NAME", "USER"))
        remedy = REMEDIES.get(self.source, SERVER_REMEDY)
        text = remedy.format(name=self.name, good=good, database=quote(database), user=quote(user))
        return f"{text} Then restart this portal's processes."


@register(KEY_TAG)
def check_audit_key_fits(**kwargs: Any) -> Messages:
    """A database that does not answer or has no tables yet says nothing about the key."""
    if not database_exists():
        return []
    try:
        problem = audit.problem()
    except (DatabaseError, InterfaceError):
        return []
    return _error(36, problem, KEY_HINT) if problem else []


@register(Tags.database)
def check_database_defaults(databases: Sequence[str] | None = None, **kwargs: Any) -> Messages:
    """Raises DatabaseError."""
    connection = connections[DEFAULT_DB_ALIAS]
    if DEFAULT_DB_ALIAS not in (databases or ()):
        return []
    if connection.vendor == "sqlite":
        return _check_sqlite(connection)
    if connection.vendor != "postgresql":
        return []
    settings = _settings(connection)
    return [
        *_check_isolation(connection, settings[ISOLATION]),
        *_check_read_only(connection, settings[READ_ONLY]),
        *_check_commit(connection, settings[LOSSY]),
        *_check_timeouts(connection, [settings[name] for name in TIMEOUTS if name in settings]),
    ]


def _check_isolation(connection: BaseDatabaseWrapper, default: Setting) -> Messages:
    """Single statements run at the server's default, transactions at the level in OPTIONS where there is one."""
    if default.value != READ_COMMITTED:
        return _error(37, ISOLATION_TEXT.format(level=default.value), default.hint(connection, READ_COMMITTED))
    with transaction.atomic():
        level = str(_value(connection, "SHOW transaction_isolation"))
    if level == READ_COMMITTED:
        return []
    return _error(
        37, ISOLATION_TEXT.format(level=level), 'Take "isolation_level" out of DATABASES["default"]["OPTIONS"].'
    )


def _check_read_only(connection: BaseDatabaseWrapper, setting: Setting) -> Messages:
    if setting.value == "off":
        return []
    return _error(
        38, "The database lets this portal read only, so it can record nothing.", setting.hint(connection, "off")
    )


def _check_commit(connection: BaseDatabaseWrapper, setting: Setting) -> Messages:
    if setting.value != "off":
        return []
    text = "synchronous_commit is off: a crash of the server loses what was recorded just before."
    return _warning(25, text, setting.hint(connection, "on"))


def _check_timeouts(connection: BaseDatabaseWrapper, settings: list[Setting]) -> Messages:
    messages: Messages = []
    for setting in settings:
        if 0 < int(setting.value) < SHORTEST_TIMEOUT:
            text = f"{setting.name} is {setting.value} ms: work that waits for others fails on a busy day."
            messages += _warning(26, text, setting.hint(connection, "0"))
    return messages


def _check_sqlite(connection: BaseDatabaseWrapper) -> Messages:
    if database_exists() and int(_value(connection, "PRAGMA synchronous")) < SQLITE_FULL:
        text = "PRAGMA synchronous is not FULL: a power cut loses what was recorded just before."
        return _warning(
            25, text, 'Put "PRAGMA synchronous=FULL;" into the init_command of DATABASES["default"]["OPTIONS"].'
        )
    return []


def _settings(connection: BaseDatabaseWrapper) -> dict[str, Setting]:
    names = [ISOLATION, READ_ONLY, LOSSY, *TIMEOUTS]
    with connection.cursor() as cursor:
        cursor.execute("SELECT name, setting, source FROM pg_settings WHERE name = ANY(%s)", [names])
        return {name: Setting(name, value, source) for name, value, source in cursor.fetchall()}


def _value(connection: BaseDatabaseWrapper, sql: str) -> Any:
    with connection.cursor() as cursor:
        cursor.execute(sql)
        return cursor.fetchone()[0]
