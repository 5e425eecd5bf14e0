"""An installation's evidence as tests look at it from outside: its directory, its rows, its files."""

import sqlite3
from contextlib import closing
from pathlib import Path


def evidence(portal) -> Path:
    return Path(portal.environment["LIVENESS_MEDIA_ROOT"])


def query(portal, statement):
    with closing(sqlite3.connect(portal.environment["DATABASE_URL"].removeprefix("sqlite:///"))) as database:
        rows = database.execute(statement).fetchall()
        database.commit()
    return rows


def stored(portal) -> list[Path]:
    return [evidence(portal) / name for (name,) in query(portal, "SELECT file FROM liveness_storedmedia ORDER BY id")]
