"""How long a transaction may hold what all writers need.

A process that is paused, or whose machine sleeps, keeps its locks: nobody could record anything until it goes on.
PostgreSQL ends the transaction of a process that says nothing. The limit is that of the transaction alone, so it never
reaches another client of a pooled connection. SQLite has no such limit; there, a writer that is paused holds up all
others until it goes on or is killed.

Source: https://www.postgresql.org/docs/current/runtime-config-client.html (idle_in_transaction_session_timeout)
"""

from django.db import connection
from django.db.models import Func, TextField, Value

# A process waits this long for its processor on a machine that is overloaded, and hardly ever longer.
MAX_IDLE_SECONDS = 10.0
SETTING = "idle_in_transaction_session_timeout"


def limit_idle_time() -> None:
    """Set the limit for the transaction that is open. Raises DatabaseError."""
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SELECT set_config(%s, %s, true)", [SETTING, _milliseconds()])


def idle_limit() -> dict[str, Func]:
    """The same as an annotation of the query that takes a lock, which saves a statement."""
    if connection.vendor != "postgresql":
        return {}
    arguments = Value(SETTING), Value(_milliseconds()), Value(True)
    return {"idle_limit": Func(*arguments, function="set_config", output_field=TextField())}


def _milliseconds() -> str:
    return f"{MAX_IDLE_SECONDS * 1000:.0f}"
