"""Database triggers that make a table append-only, on SQLite and PostgreSQL.

A model that refuses `delete()` is no protection: querysets and SQL go past it. On SQLite `INSERT OR REPLACE` deletes
without firing a delete trigger unless the connection turned `recursive_triggers` on, so a third trigger refuses to
insert over any key that the row could replace, the hidden rowid among them.

The statements, and the keys of each table, are part of the migration that installs them and frozen with it. Another
app adds its tables with `register` in `AppConfig.ready()`, so that `unprotected` looks at them exactly where that app
is installed. Whoever needs other keys or statements writes a new migration with statements of its own, and adapts
`unprotected` to what is then installed.
"""

from collections.abc import Mapping

from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.backends.base.schema import BaseDatabaseSchemaEditor

MESSAGE = "is append-only: its rows cannot be changed or removed"

# Every unique key of each protected table.
UNIQUE_KEYS: dict[str, tuple[tuple[str, ...], ...]] = {
    "liveness_auditevent": (("sequence",),),
    "liveness_poll": (("id",), ("attempt_id", "sequence")),
}
POSTGRES_INSTALL = """
CREATE OR REPLACE FUNCTION {table}_refuse() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN RAISE EXCEPTION '{table} {message}'; END $$;
CREATE TRIGGER {table}_refuse_row BEFORE UPDATE OR DELETE ON {table}
    FOR EACH ROW EXECUTE FUNCTION {table}_refuse();
CREATE TRIGGER {table}_refuse_all BEFORE TRUNCATE ON {table}
    FOR EACH STATEMENT EXECUTE FUNCTION {table}_refuse();
"""
POSTGRES_REMOVE = """
DROP TRIGGER IF EXISTS {table}_refuse_row ON {table};
DROP TRIGGER IF EXISTS {table}_refuse_all ON {table};
DROP FUNCTION IF EXISTS {table}_refuse();
"""
SQLITE_INSTALL = (
    "CREATE TRIGGER {table}_refuse_update BEFORE UPDATE ON {table} BEGIN SELECT RAISE(ABORT, '{table} {message}'); END",
    "CREATE TRIGGER {table}_refuse_delete BEFORE DELETE ON {table} BEGIN SELECT RAISE(ABORT, '{table} {message}'); END",
    "CREATE TRIGGER {table}_refuse_replace BEFORE INSERT ON {table} "
    "WHEN {is_taken} BEGIN SELECT RAISE(ABORT, '{table} {message}'); END",
)
SQLITE_TAKEN = "EXISTS (SELECT 1 FROM {table} WHERE {same})"
SQLITE_REMOVE = (
    "DROP TRIGGER IF EXISTS {table}_refuse_update",
    "DROP TRIGGER IF EXISTS {table}_refuse_delete",
    "DROP TRIGGER IF EXISTS {table}_refuse_replace",
)

STATEMENTS: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "postgresql": ((POSTGRES_INSTALL,), (POSTGRES_REMOVE,)),
    "sqlite": (SQLITE_INSTALL, SQLITE_REMOVE),
}
# How to list a table's working triggers, and the endings of those that `install` makes.
TRIGGERS: dict[str, tuple[str, tuple[str, ...]]] = {
    "postgresql": (
        "SELECT tgname FROM pg_trigger WHERE tgrelid = to_regclass(%s) AND tgenabled IN ('O', 'A')",
        ("row", "all"),
    ),
    "sqlite": (
        "SELECT name FROM sqlite_master WHERE type = 'trigger' AND tbl_name = %s",
        ("update", "delete", "replace"),
    ),
}


def register(keys: Mapping[str, tuple[tuple[str, ...], ...]]) -> None:
    """Add the protected tables of an app, with every unique key of each."""
    UNIQUE_KEYS.update(keys)


def install(editor: BaseDatabaseSchemaEditor, table: str) -> None:
    """Protect `table`, one of `UNIQUE_KEYS`. Other databases get no triggers (liveness.W006 says so)."""
    _run(editor, STATEMENTS.get(editor.connection.vendor, ((), ()))[0], table)


def remove(editor: BaseDatabaseSchemaEditor, table: str) -> None:
    """Undo `install`, for the reverse migration."""
    _run(editor, STATEMENTS.get(editor.connection.vendor, ((), ()))[1], table)


def unprotected(connection: BaseDatabaseWrapper) -> list[str]:
    """The tables that miss one of their triggers, or whose trigger is switched off."""
    if connection.vendor not in TRIGGERS:
        return []
    query, endings = TRIGGERS[connection.vendor]
    found = []
    with connection.cursor() as cursor:
        for table in UNIQUE_KEYS:
            cursor.execute(query, [table])
            if not {f"{table}_refuse_{ending}" for ending in endings} <= {row[0] for row in cursor.fetchall()}:
                found.append(table)
    return found


def _run(editor: BaseDatabaseSchemaEditor, statements: tuple[str, ...], table: str) -> None:
    keys = (("rowid",), *UNIQUE_KEYS[table])
    is_taken = " OR ".join(SQLITE_TAKEN.format(table=table, same=_same(key)) for key in keys)
    for statement in statements:
        editor.execute(statement.format(table=table, is_taken=is_taken, message=MESSAGE), params=None)


def _same(key: tuple[str, ...]) -> str:
    return " AND ".join(f"{column} = NEW.{column}" for column in key)
