"""A new SQLite database is for this user alone: it will hold tokens, and what is known of people."""

from contextlib import suppress
from pathlib import Path
from typing import Any

from django.db.backends.base.base import BaseDatabaseWrapper

OWN = 0o600
JOURNALS = ("", "-wal", "-shm", "-journal")


def make_new_database_private(connection: BaseDatabaseWrapper, **more: Any) -> None:
    """For Django's signal `connection_created`. A database that has tables keeps the mode that somebody gave it."""
    if connection.vendor != "sqlite":
        return
    with connection.cursor() as cursor:
        cursor.execute("PRAGMA schema_version")
        is_new = cursor.fetchone() == (0,)
    for path in journals(Path(str(connection.settings_dict["NAME"]))) if is_new else ():
        with suppress(OSError):
            path.chmod(OWN)


def journals(path: Path) -> list[Path]:
    """The file of a database, and those that SQLite makes beside it; not all of them exist."""
    return [Path(f"{path}{ending}") for ending in JOURNALS]
