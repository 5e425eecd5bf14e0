"""The folder of a demo of an earlier version: the tables of its database are not those of this code."""

import sqlite3
from contextlib import closing
from datetime import datetime
from pathlib import Path

from kyc_portal.demo.place import BASE_DIR

MIGRATIONS = {"liveness": "liveness/migrations", "liveness_review": "liveness/review/migrations"}


def put_aside(directory: Path, database: Path, now: datetime, keep: str) -> Path | None:
    """Move what an earlier version left into a folder beside it, and return that; None if there is nothing to move.

    The entry named `keep` stays.
    """
    if not _is_earlier(database):
        return None
    aside = directory.with_name(f"{directory.name}-until-{now:%Y%m%d-%H%M%S}")
    aside.mkdir(mode=0o700)
    for entry in directory.iterdir():
        if entry.name != keep:
            entry.rename(aside / entry.name)
    return aside


def _is_earlier(database: Path) -> bool:
    """Were other migrations applied than this code has?"""
    if not database.exists():
        return False
    try:
        with closing(sqlite3.connect(f"{database.absolute().as_uri()}?mode=ro", uri=True)) as own:
            applied = set(own.execute("SELECT app, name FROM django_migrations"))
    except sqlite3.Error:
        # Without that table it is new; one that cannot be read is reported by the demo's own start.
        return False
    return any(app in MIGRATIONS and not _has(app, name) for app, name in applied)


def _has(app: str, name: str) -> bool:
    return (BASE_DIR / MIGRATIONS[app] / f"{name}.py").exists()
