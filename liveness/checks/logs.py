"""A system check of what PostgreSQL writes into its log: a token must never be there."""

from collections.abc import Iterable
from typing import Any

from django.core.checks import Tags, register
from django.db import DEFAULT_DB_ALIAS, connections

from liveness.checks.settings import Messages, _warning

# With other values PostgreSQL logs the row that a constraint refused, or the parameters of a slow or failed statement.
DISCREET_LOG = {
    "log_error_verbosity": "terse",
    "log_parameter_max_length": "0",
    "log_parameter_max_length_on_error": "0",
}


@register(Tags.database)
def check_database_log(databases: Iterable[str] | None = None, **kwargs: Any) -> Messages:
    """Asked for with `check --database default`, and by `migrate`."""
    connection = connections[DEFAULT_DB_ALIAS]
    if DEFAULT_DB_ALIAS not in (databases or ()) or connection.vendor != "postgresql":
        return []
    with connection.cursor() as cursor:
        cursor.execute("SELECT name, setting FROM pg_settings WHERE name = ANY(%s)", [list(DISCREET_LOG)])
        open_ones = sorted(name for name, value in cursor.fetchall() if value != DISCREET_LOG[name])
    if not open_ones:
        return []
    hint = " ".join(f"ALTER SYSTEM SET {name} = '{DISCREET_LOG[name]}';" for name in open_ones)
    text = f"PostgreSQL's log can hold tokens: {', '.join(open_ones)}."
    return _warning(20, text, f"As superuser: {hint} SELECT pg_reload_conf();")
