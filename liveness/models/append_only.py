"""Database triggers that make a table append-only, on SQLite and PostgreSQL.

A model that refuses `delete()` is no protection: querysets and SQL go past it. On SQLite `INSERT OR REPLACE` deletes
without firing a delete trigger unless `recursive_triggers` is on, so a third trigger refuses to insert over a key.
"""

from django.db.backends.base.schema import BaseDatabaseSchemaEditor

MESSAGE = "is append-only: its rows cannot be changed or removed"

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
    "WHEN EXISTS (SELECT 1 FROM {table} WHERE {key} = NEW.{key}) "
    "BEGIN SELECT RAISE(ABORT, '{table} {message}'); END",
)
SQLITE_REMOVE = (
    "DROP TRIGGER IF EXISTS {table}_refuse_update",
    "DROP TRIGGER IF EXISTS {table}_refuse_delete",
    "DROP TRIGGER IF EXISTS {table}_refuse_replace",
)

STATEMENTS: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "postgresql": ((POSTGRES_INSTALL,), (POSTGRES_REMOVE,)),
    "sqlite": (SQLITE_INSTALL, SQLITE_REMOVE),
}


def install(editor: BaseDatabaseSchemaEditor, table: str, key: str) -> None:
    """Protect `table`, whose primary key column is `key`. Other databases get no triggers (liveness.W006 says so)."""
    _run(editor, STATEMENTS.get(editor.connection.vendor, ((), ()))[0], table, key)


def remove(editor: BaseDatabaseSchemaEditor, table: str, key: str) -> None:
    """Undo `install`, for the reverse migration."""
    _run(editor, STATEMENTS.get(editor.connection.vendor, ((), ()))[1], table, key)


def _run(editor: BaseDatabaseSchemaEditor, statements: tuple[str, ...], table: str, key: str) -> None:
    for statement in statements:
        editor.execute(statement.format(table=table, key=key, message=MESSAGE), params=None)
