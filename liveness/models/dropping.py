"""Going back in the migrations must not drop what was recorded: tables with rows are kept unless somebody means it.

The confirmation is the name of the database in LIVENESS_DROP_TABLES, an environment variable rather than a setting:
it is typed with the command, and one that was left behind confirms nothing for another database.
"""

import os
import shlex
from collections.abc import Iterable

from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.migrations.exceptions import IrreversibleError

VARIABLE = "LIVENESS_DROP_TABLES"


def filled(connection: BaseDatabaseWrapper, tables: Iterable[str]) -> list[str]:
    """Those of the tables that exist and have rows."""
    wanted = list(tables)
    existing = set(connection.introspection.table_names()) if wanted else set()
    return [table for table in wanted if table in existing and _has_rows(connection, table)]


def is_confirmed(connection: BaseDatabaseWrapper) -> bool:
    return os.environ.get(VARIABLE) == str(connection.settings_dict["NAME"])


def refuse(connection: BaseDatabaseWrapper, tables: Iterable[str]) -> None:
    """For a reverse migration: raises IrreversibleError while a table has rows and nobody confirmed."""
    found = filled(connection, tables)
    if found and not is_confirmed(connection):
        raise IrreversibleError(refusal(connection, found))


def refusal(connection: BaseDatabaseWrapper, tables: Iterable[str]) -> str:
    """What would be lost, and what to type to lose it all the same."""
    name = shlex.quote(str(connection.settings_dict["NAME"]))
    return (
        f"These tables have rows and would be dropped or left unprotected: {', '.join(tables)}. Make a backup first. "
        f"To go on, run the command again with {VARIABLE}={name}"
    )


def _has_rows(connection: BaseDatabaseWrapper, table: str) -> bool:
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT 1 FROM {connection.ops.quote_name(table)} LIMIT 1")  # noqa: S608
        return cursor.fetchone() is not None
