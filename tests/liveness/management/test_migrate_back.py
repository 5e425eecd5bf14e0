"""Going back in the migrations: what was recorded is never dropped by a slip."""

import os
import pty
import subprocess
import sys
from contextlib import contextmanager

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError
from django.db import connection, connections
from django.db.backends.sqlite3.base import DatabaseWrapper
from django.db.migrations.exceptions import IrreversibleError
from django.db.migrations.executor import MigrationExecutor
from django.db.migrations.recorder import MigrationRecorder

from liveness.models import AuditEvent
from tests.liveness.audit.chain import record
from tests.liveness.management.conftest import ROOT

EVENT = "INSERT INTO liveness_auditevent VALUES (1, '2026-01-01', 'x', 'x', '', '', '{}', 'x', 'x')"
OTHER = "other"


@pytest.fixture
def other(tmp_path, migrated, django_db_blocker):
    """A migrated SQLite database with one event, beside the one of the tests."""
    path = tmp_path / "other.sqlite3"
    path.write_bytes(migrated)
    settings = connection.settings_dict | {"ENGINE": "django.db.backends.sqlite3", "NAME": path, "OPTIONS": {}}
    with django_db_blocker.unblock():
        connections[OTHER] = database = DatabaseWrapper(settings, alias=OTHER)
        try:
            database.cursor().execute(EVENT)
            yield database
        finally:
            database.close()
            del connections[OTHER]


def migrate(*where):
    call_command("migrate", *where, database=OTHER, interactive=False, skip_checks=True, verbosity=0)


def applied(database):
    return set(MigrationRecorder(database).applied_migrations())


@pytest.mark.parametrize("where", [("liveness", "zero"), ("liveness", "0001")])
def test_without_anybody_to_ask_it_refuses_before_anything_is_undone(other, where):
    before = applied(other)
    with pytest.raises(CommandError, match=r"liveness_audit.*LIVENESS_DROP_TABLES") as refusal:
        migrate(*where)
    assert refusal.value.returncode == 2
    assert applied(other) == before


def test_the_review_app_asks_for_its_own_tables(other):
    other.cursor().execute("PRAGMA foreign_keys = OFF")
    names = [row[1] for row in other.cursor().execute("PRAGMA table_info(liveness_review_note)").fetchall()]
    values = ", ".join("1" for _ in names)
    other.cursor().execute(f"INSERT INTO liveness_review_note VALUES ({values})")  # noqa: S608
    with pytest.raises(CommandError, match="liveness_review_note"):
        migrate("liveness_review", "zero")


def test_a_name_that_is_not_the_databases_confirms_nothing(other, monkeypatch):
    monkeypatch.setenv("LIVENESS_DROP_TABLES", "yes")
    with pytest.raises(CommandError):
        migrate("liveness", "zero")


def test_the_name_of_the_database_confirms_it(other, monkeypatch):
    monkeypatch.setenv("LIVENESS_DROP_TABLES", str(other.settings_dict["NAME"]))
    migrate("liveness", "zero")
    assert "liveness_auditevent" not in other.introspection.table_names()


def test_empty_tables_may_go_and_come_back(other, migrated):
    other.close()
    other.settings_dict["NAME"].write_bytes(migrated)
    before = applied(other)
    migrate("liveness", "zero")
    assert not {name for app, name in applied(other) if app == "liveness"}
    migrate()
    assert applied(other) == before


@contextmanager
def terminal(typed: str):
    """Standard input as a person has it, with a line typed already."""
    main, end = pty.openpty()
    try:
        os.write(main, typed.encode() + b"\n")
        yield end
    finally:
        os.close(main)
        os.close(end)


@pytest.mark.parametrize("is_meant", [True, False])
def test_somebody_at_a_terminal_is_asked_for_the_name(portal, other, is_meant):
    name = str(other.settings_dict["NAME"])
    environment = os.environ | portal.environment | {"DATABASE_URL": f"sqlite:///{name}"}
    command = [sys.executable, "manage.py", "migrate", "--skip-checks", "liveness", "zero"]
    with terminal(name if is_meant else "yes") as keyboard:
        done = subprocess.run(
            command, cwd=ROOT, env=environment, stdin=keyboard, capture_output=True, text=True, timeout=90
        )
    assert f"Type the name of the database ({name})" in done.stdout
    assert done.returncode == (0 if is_meant else 2), done.stderr
    assert ("liveness_auditevent" in other.introspection.table_names()) != is_meant


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_the_migration_itself_refuses_those_who_run_it_without_the_command():
    record(1)
    executor = MigrationExecutor(connection)
    migration = executor.loader.get_migration("liveness", "0002_append_only")
    state = executor.loader.project_state(("liveness", "0001_initial"))
    with pytest.raises(IrreversibleError, match="LIVENESS_DROP_TABLES"), connection.schema_editor() as editor:
        migration.unapply(state, editor)
    assert AuditEvent.objects.count() == 1
