"""A path that another user owns, as that user meets it: never called missing, and with what to type."""

import os
import sqlite3
from contextlib import closing, contextmanager

import pytest

from liveness.conditions import ConditionKind, database, ownership
from liveness.database.outages import OutageKind
from tests.conftest import missing

NOBODY = 65534


@contextmanager
def as_nobody():
    """With the rights of an ordinary user, where the tests run as root."""
    if os.geteuid() != 0:
        missing("only root can become another user")
    os.seteuid(NOBODY)
    try:
        yield
    finally:
        os.seteuid(0)


@pytest.fixture
def place(tmp_path):
    """A directory that everybody can reach, unlike pytest's own."""
    for directory in (tmp_path, *list(tmp_path.parents)[:3]):
        directory.chmod(0o755)
    return tmp_path


def told(path) -> str:
    with as_nobody(), pytest.raises(OSError) as failure:
        ownership.try_directory(path)
    with as_nobody():
        return ownership.explain("LIVENESS_MEDIA_ROOT", path, failure.value)


def test_a_directory_of_another_user(place):
    root = place / "the evidence"
    root.mkdir(mode=0o700)
    assert told(root) == (
        f"LIVENESS_MEDIA_ROOT ('{root}') cannot be written by the user nobody: '{root}' belongs to root:root with mode "
        f"0700. Either run this as root, or run as root: chown -R nobody '{root}'"
    )


def test_a_directory_below_one_that_may_not_be_entered(place):
    (place / "closed" / "evidence").mkdir(parents=True)
    (place / "closed").chmod(0o700)
    text = told(place / "closed" / "evidence")
    assert f"{place}/closed belongs to root:root with mode 0700" in text
    assert "missing" not in text


def test_a_directory_right_below_one_that_may_not_be_entered(place):
    (place / "closed" / "evidence").mkdir(parents=True)
    (place / "closed").chmod(0o700)
    assert told(place / "closed" / "evidence").endswith(f"Run as root: chmod o+x {place}/closed")


def test_a_directory_that_this_user_may_not_make(place):
    text = told(place / "new one" / "evidence")
    assert f"{place} belongs to root:root with mode 0755" in text
    assert text.endswith(f"or run as root: install -d -m 700 -o nobody '{place}/new one/evidence'")


def test_a_directory_of_another_user_around_a_database_file_of_this_one(place):
    path = place / "db.sqlite3"
    path.touch()
    os.chown(path, NOBODY, NOBODY)
    with as_nobody():
        found = database.sqlite_problem(path, "the database file", ConditionKind.DATABASE)
    assert found.outage == OutageKind.PERMISSION
    assert found.text.startswith(f"The directory of the database file ({place}) cannot be written by the user nobody")
    assert found.text.endswith(f"or run as root: chown nobody {place}")


def test_a_database_file_of_another_user(place):
    place.chmod(0o777)
    path = place / "db.sqlite3"
    with closing(sqlite3.connect(path)) as own:
        own.execute("CREATE TABLE t (x)")
    path.chmod(0o644)
    with as_nobody():
        found = database.sqlite_problem(path, "the database file", ConditionKind.DATABASE)
    assert f"{path} belongs to root:root with mode 0644" in found.text
    assert f"chown -R nobody {path}" in found.text
    assert str(path) not in found.public
