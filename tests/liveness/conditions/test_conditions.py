"""What stands in the way of all work, seen by looking, and without leaving a trace."""

import sqlite3
from contextlib import closing
from datetime import timedelta

import pytest
from django.db import InterfaceError, connection
from django.db.migrations.recorder import MigrationRecorder
from django.utils import timezone

from liveness import audit, conditions
from liveness.audit import Actor
from liveness.conditions import ConditionKind, Part, database, ownership
from liveness.database.outages import OutageKind
from liveness.models import AuditHead, ObservedCondition

pytestmark = [pytest.mark.django_db, pytest.mark.postgres]
NOW = timezone.now()


def kinds() -> list[ConditionKind]:
    return [condition.kind for condition in conditions.active(NOW)]


def only() -> conditions.Condition:
    (found,) = conditions.active(NOW)
    return found


def test_nothing_stands_on_a_sound_portal():
    assert conditions.active(NOW) == []


def test_looking_leaves_nothing(settings, tmp_path):
    before = sorted(tmp_path.rglob("*"))
    conditions.active(NOW)
    assert sorted(tmp_path.rglob("*")) == before
    assert not ObservedCondition.objects.exists()


class TestMigrations:
    def test_one_that_is_not_applied_is_named_with_what_to_type(self):
        MigrationRecorder.Migration.objects.filter(app="liveness", name__startswith="0002").delete()
        assert only().kind == ConditionKind.MIGRATIONS_UNAPPLIED
        assert "liveness.0002" in only().text
        assert only().text.endswith("Run: manage.py migrate")

    def test_of_the_review_app_too(self):
        MigrationRecorder.Migration.objects.filter(app="liveness_review", name__startswith="0002").delete()
        assert kinds() == [ConditionKind.MIGRATIONS_UNAPPLIED]

    def test_one_that_the_code_does_not_know_is_newer_than_the_code(self):
        MigrationRecorder(connection).record_applied("liveness", "9999_of_next_year")
        assert only().kind == ConditionKind.MIGRATIONS_NEWER
        assert "liveness.9999_of_next_year" in only().text
        assert "9999" not in only().public

    def test_those_of_other_apps_are_their_own_affair(self):
        MigrationRecorder(connection).record_applied("somebody_else", "9999_anything")
        assert conditions.active(NOW) == []

    def test_a_missing_table_of_an_applied_migration_is_not_blamed_on_the_migrations(self, monkeypatch):
        tables = connection.introspection.table_names()
        tables.remove("liveness_poll")
        monkeypatch.setattr(connection.introspection, "table_names", lambda: tables)
        assert only().kind == ConditionKind.TABLES_MISSING
        assert "liveness_poll" in only().text
        assert "restore the backup" in only().text


class TestChain:
    def test_a_head_that_is_ahead_of_the_newest_event(self):
        AuditHead.objects.update_or_create(id=1, defaults={"sequence": 7, "hash": "f" * 64})
        assert only().kind == ConditionKind.CHAIN
        assert "liveness_verify_audit" in only().text

    def test_a_head_with_another_hash(self, an_event):
        AuditHead.objects.filter(id=1).update(hash="0" * 63 + "1")
        assert kinds() == [ConditionKind.CHAIN]

    def test_a_head_that_is_gone(self, an_event):
        AuditHead.objects.all().delete()
        assert kinds() == [ConditionKind.CHAIN]

    def test_a_sound_one(self, an_event):
        assert conditions.active(NOW) == []

    @pytest.fixture
    def an_event(self):
        audit.record(audit.ALERT_TOLD, actor=Actor.system("tests"))


class TestObserved:
    def test_what_a_run_met_stands_until_it_has_passed(self):
        text = "The vendor refuses the key (AuthFailure)."
        conditions.observe(ConditionKind.ACCOUNT_REFUSED, "ap-singapore", text, NOW)
        found = only()
        assert (found.kind, found.kind.part) == (ConditionKind.ACCOUNT_REFUSED, Part.VENDOR)
        assert found.text == text
        assert "AuthFailure" not in found.public
        conditions.clear(ConditionKind.ACCOUNT_REFUSED, "ap-singapore")
        assert conditions.active(NOW) == []

    def test_it_keeps_since_when_it_stands(self):
        later = NOW + timedelta(minutes=5)
        conditions.observe(ConditionKind.CLOCK_SKEW, "", "The clock is 40 s off.", NOW)
        conditions.observe(ConditionKind.CLOCK_SKEW, "", "The clock is 50 s off.", later)
        row = ObservedCondition.objects.get()
        assert (row.since, row.seen_at, row.text) == (NOW, later, "The clock is 50 s off.")

    def test_one_of_a_newer_version_is_passed_over(self):
        ObservedCondition.objects.create(kind="unheard_of", text="?", since=NOW, seen_at=NOW)
        assert conditions.active(NOW) == []


class TestPlaces:
    def test_a_directory_that_is_not_there_yet_is_no_trouble_and_is_not_made(self, settings, tmp_path):
        settings.LIVENESS_MEDIA_ROOT = tmp_path / "a" / "b"
        assert conditions.active(NOW) == []
        assert not (tmp_path / "a").exists()

    def test_a_disk_that_takes_no_write(self, settings, monkeypatch):
        def full(directory):
            raise OSError(28, "No space left on device")

        settings.LIVENESS_MEDIA_ROOT.mkdir()
        monkeypatch.setattr(ownership, "_write", full)
        settings.LIVENESS_RATE_LIMIT_FILE = None
        found = {condition.kind: condition for condition in conditions.active(NOW)}
        text = found[ConditionKind.MEDIA_ROOT].text
        assert "takes no write (No space left on device)" in text
        assert str(settings.LIVENESS_MEDIA_ROOT) in text
        assert str(settings.LIVENESS_MEDIA_ROOT) not in found[ConditionKind.MEDIA_ROOT].public

    def test_a_path_with_blanks_can_be_typed(self, settings, tmp_path):
        (tmp_path / "two words").touch()
        settings.LIVENESS_MEDIA_ROOT = tmp_path / "two words"
        assert f"'{tmp_path / 'two words'}'" in only().text

    def test_a_redis_that_is_away_does_not_tell_its_address(self, settings):
        settings.LIVENESS_REDIS_URL = "redis://:hunter2@127.0.0.1:9/0"
        assert only().kind == ConditionKind.SLOTS
        assert "hunter2" not in only().text + only().public

    def test_the_file_of_the_slots_is_looked_at_and_not_made(self, settings, tmp_path):
        settings.LIVENESS_RATE_LIMIT_FILE = tmp_path / "new.sqlite3"
        assert conditions.active(NOW) == []
        assert not settings.LIVENESS_RATE_LIMIT_FILE.exists()
        settings.LIVENESS_RATE_LIMIT_FILE.write_bytes(b"no database" * 100)
        assert kinds() == [ConditionKind.SLOTS]


class TestSqliteFile:
    def test_a_sound_one_takes_a_write_that_leaves_nothing(self, tmp_path):
        path = tmp_path / "a b.sqlite3"
        with closing(sqlite3.connect(path)) as own:
            own.execute("PRAGMA journal_mode=WAL")
            assert database.sqlite_problem(path, "the file", ConditionKind.DATABASE) is None
            assert own.execute("SELECT name FROM sqlite_master").fetchall() == []

    def test_one_that_another_process_writes_to_takes_writes(self, tmp_path):
        path = tmp_path / "a.sqlite3"
        with closing(sqlite3.connect(path, isolation_level=None)) as own:
            own.execute("BEGIN EXCLUSIVE")
            assert database.sqlite_problem(path, "the file", ConditionKind.DATABASE) is None

    def test_one_that_is_damaged(self, tmp_path):
        path = tmp_path / "a.sqlite3"
        path.write_bytes(b"no database" * 100)
        assert database.sqlite_problem(path, "the file", ConditionKind.DATABASE).outage == OutageKind.DAMAGED


def test_a_database_without_a_connection_is_a_condition_and_raises_nothing(monkeypatch):
    def refused():
        raise InterfaceError("host canary")

    monkeypatch.setattr(connection.introspection, "table_names", refused)
    found = only()
    assert (found.kind, found.outage, found.passes) == (ConditionKind.DATABASE, OutageKind.NO_CONNECTION, True)
