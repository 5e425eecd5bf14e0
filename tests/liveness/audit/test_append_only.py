"""The database itself refuses to change what is only ever added to."""

import sqlite3
from contextlib import closing

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError
from django.db import connection, connections, models
from django.db.backends.sqlite3.base import DatabaseWrapper
from django.db.migrations.executor import MigrationExecutor
from django.db.utils import DatabaseError
from django.utils import timezone

from liveness import audit
from liveness.models import AuditEvent, AuditHead, Poll, append_only
from tests.builders import make_attempt
from tests.liveness.audit.chain import record

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.postgres]
REST = "at, action, actor, object_type, object_id, details, previous_hash, hash"


@pytest.mark.parametrize(
    "sql",
    [
        "UPDATE liveness_auditevent SET actor = 'somebody'",
        "DELETE FROM liveness_auditevent",
        "UPDATE liveness_poll SET result_code = '0'",
    ],
)
def test_the_database_refuses_a_change(sql):
    record(1)
    with connection.cursor() as cursor:
        if "liveness_poll" in sql:
            make_poll()
        with pytest.raises(DatabaseError, match="append-only"):
            cursor.execute(sql)


def test_the_database_refuses_a_replacing_insert():
    record(1)
    if connection.vendor == "sqlite":
        sql = "INSERT OR REPLACE INTO liveness_auditevent SELECT * FROM liveness_auditevent"
    else:
        sql = (
            "INSERT INTO liveness_auditevent SELECT * FROM liveness_auditevent "
            "ON CONFLICT (sequence) DO UPDATE SET actor = 'somebody'"
        )
    with connection.cursor() as cursor, pytest.raises(DatabaseError, match="append-only"):
        cursor.execute(sql)


@pytest.fixture
def plain():
    """A connection that has not turned `recursive_triggers` on, as every other program's."""
    if connection.vendor != "sqlite":
        pytest.skip("concerns SQLite")
    with closing(sqlite3.connect(connection.settings_dict["NAME"], isolation_level=None)) as database:
        yield database


@pytest.mark.parametrize(
    "sql",
    [
        "INTO liveness_auditevent SELECT * FROM liveness_auditevent",
        "INTO liveness_auditevent (sequence, {rest}) SELECT '1', {rest} FROM liveness_auditevent",
        "INTO liveness_auditevent (rowid, sequence, {rest}) SELECT rowid, 9, {rest} FROM liveness_auditevent",
        "INTO liveness_poll SELECT * FROM liveness_poll",
        "INTO liveness_poll (attempt_id, sequence, asked_at, request_id, result_code, digest, answer) "
        "SELECT attempt_id, sequence, asked_at, 'forged', '0', digest, answer FROM liveness_poll",
    ],
)
def test_no_key_lets_a_plain_connection_replace_a_row(plain, sql):
    record(1)
    make_poll()
    with pytest.raises(sqlite3.IntegrityError, match="append-only"):
        plain.execute("INSERT OR REPLACE " + sql.format(rest=REST))


def test_the_triggers_know_every_unique_key():
    for model in (AuditEvent, Poll):
        opts = model._meta
        fields = [(field.name,) for field in opts.fields if field.unique]
        together = [item.fields for item in opts.constraints if isinstance(item, models.UniqueConstraint)]
        keys = {tuple(opts.get_field(name).column for name in key) for key in (*fields, *together)}
        assert keys == set(append_only.UNIQUE_KEYS[opts.db_table])


@pytest.mark.parametrize(
    ("vendor", "sql"),
    [
        ("sqlite", "DROP TRIGGER liveness_poll_refuse_update"),
        ("sqlite", "DROP TRIGGER liveness_poll_refuse_replace"),
        ("postgresql", "DROP TRIGGER liveness_poll_refuse_row ON liveness_poll"),
        ("postgresql", "ALTER TABLE liveness_poll DISABLE TRIGGER liveness_poll_refuse_all"),
    ],
)
def test_a_missing_trigger_is_reported(capsys, vendor, sql):
    if connection.vendor != vendor:
        pytest.skip(f"concerns {vendor}")
    record(1)
    assert audit.unprotected_tables() == []
    with connection.cursor() as cursor:
        cursor.execute(sql)
    # The tables get all their triggers back when they are emptied at the end.
    assert audit.unprotected_tables() == ["liveness_poll"]
    with pytest.raises(CommandError, match="missing on liveness_poll") as finding:
        call_command("liveness_verify_audit", json=True)
    assert finding.value.returncode == 1
    assert "liveness_poll" in capsys.readouterr().out


def test_the_migrations_protect_the_database_that_they_run_on(tmp_path):
    options = {"NAME": tmp_path / "other.sqlite3", "OPTIONS": {}}
    connections["other"] = other = DatabaseWrapper(connection.settings_dict | options, alias="other")
    try:
        MigrationExecutor(other).migrate([(app, "0002_append_only") for app in ("liveness", "liveness_review")])
        assert append_only.unprotected(other) == []
        assert AuditHead.objects.using("other").count() == 1
    finally:
        other.close()
        del connections["other"]


def test_the_database_refuses_to_truncate():
    if connection.vendor != "postgresql":
        pytest.skip("SQLite has no TRUNCATE")
    record(1)
    with connection.cursor() as cursor, pytest.raises(DatabaseError, match="append-only"):
        cursor.execute("TRUNCATE liveness_auditevent")


def make_poll():
    Poll.objects.create(
        attempt=make_attempt(), sequence=1, asked_at=timezone.now(), digest="0" * 64, answer={}, result_code="-999"
    )
