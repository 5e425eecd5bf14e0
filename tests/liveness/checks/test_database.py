"""The checks that ask the database: its defaults, and whether the audit key fits."""

import pytest
from django.core.checks import run_checks
from django.core.management import call_command
from django.core.management.base import SystemCheckError
from django.db import connection

from liveness.checks.database import KEY_TAG
from liveness.models import AuditHead
from tests.liveness.audit.chain import record

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.postgres]
postgres = pytest.mark.skipif(connection.vendor != "postgresql", reason="concerns PostgreSQL")
sqlite = pytest.mark.skipif(connection.vendor != "sqlite", reason="concerns SQLite")


def found(**options):
    """What the checks of this app say of the default database, by id."""
    messages = run_checks(databases=["default"], **options)
    return {message.id: message for message in messages if str(message.id).startswith("liveness.")}


def test_a_database_as_it_comes_has_no_fault():
    assert set(found()) & {"liveness.E036", "liveness.E037", "liveness.E038", "liveness.W025", "liveness.W026"} == set()


class TestAuditKey:
    def test_every_check_names_a_key_that_does_not_fit(self, settings):
        settings.LIVENESS_AUDIT_KEY = "the key"
        record(1)
        call_command("check", tags=[KEY_TAG])
        settings.LIVENESS_AUDIT_KEY = "another key"
        with pytest.raises(SystemCheckError, match="LIVENESS_AUDIT_KEY does not fit") as refusal:
            call_command("check")
        assert "liveness.E036" in str(refusal.value)
        assert "another key" not in str(refusal.value)

    def test_every_check_names_a_head_that_is_not_the_newest_event(self):
        record(1)
        AuditHead.objects.update(hash="f" * 64)
        assert "liveness_verify_audit" in found()["liveness.E036"].msg

    def test_a_database_without_tables_says_nothing_about_the_key(self):
        with connection.cursor() as cursor:
            cursor.execute("ALTER TABLE liveness_audithead RENAME TO elsewhere")
        try:
            assert "liveness.E036" not in found()
        finally:
            with connection.cursor() as cursor:
                cursor.execute("ALTER TABLE elsewhere RENAME TO liveness_audithead")

    @sqlite
    def test_a_check_makes_no_database_file(self, tmp_path, monkeypatch):
        path = tmp_path / "none.sqlite3"
        connection.close()
        monkeypatch.setitem(connection.settings_dict, "NAME", str(path))
        assert "liveness.E036" not in found()
        assert not path.exists()


@sqlite
def test_sqlite_without_a_full_sync_is_a_warning():
    with connection.cursor() as cursor:
        cursor.execute("PRAGMA synchronous=NORMAL")
    try:
        assert "synchronous=FULL" in found()["liveness.W025"].hint
    finally:
        connection.close()


@postgres
class TestPostgres:
    @pytest.fixture(autouse=True)
    def _fresh_sessions(self):
        """Defaults are those of a new session; afterwards they are as before."""
        connection.close()
        yield
        with connection.cursor() as cursor:
            cursor.execute(f"ALTER DATABASE {self.database} RESET ALL")
            cursor.execute("ALTER ROLE postgres RESET ALL")
            cursor.execute(f"ALTER ROLE postgres IN DATABASE {self.database} RESET ALL")
        connection.close()

    @property
    def database(self) -> str:
        return connection.ops.quote_name(connection.settings_dict["NAME"])

    def says(self, sql: str):
        with connection.cursor() as cursor:
            cursor.execute("SET default_transaction_read_only = off")
            cursor.execute(sql.format(database=self.database))
        connection.close()
        return found()

    @pytest.mark.parametrize(
        ("place", "remedy"),
        [
            ("DATABASE {database}", "ALTER DATABASE {database} RESET {name};"),
            ("ROLE postgres IN DATABASE {database}", 'ALTER ROLE "postgres" IN DATABASE {database} RESET {name};'),
        ],
    )
    @pytest.mark.parametrize(
        ("id_", "name", "value"),
        [
            ("E037", "default_transaction_isolation", "repeatable read"),
            ("E037", "default_transaction_isolation", "serializable"),
            ("E038", "default_transaction_read_only", "on"),
            ("W025", "synchronous_commit", "off"),
            ("W026", "statement_timeout", "1s"),
            ("W026", "lock_timeout", "500ms"),
        ],
    )
    def test_a_default_that_does_not_suit_is_named_with_what_to_type(self, place, remedy, id_, name, value):
        message = self.says(f"ALTER {place} SET {name} = '{value}'")[f"liveness.{id_}"]
        expected = remedy.format(database=self.database, name=name)
        assert expected in message.hint
        with connection.cursor() as cursor:
            cursor.execute("SET default_transaction_read_only = off")
            cursor.execute(expected.removesuffix(";"))
        connection.close()
        assert f"liveness.{id_}" not in found()

    def test_a_default_of_the_role_is_named_as_such(self):
        """With a setting that does not disturb the tests of other databases of this server."""
        message = self.says("ALTER ROLE postgres SET synchronous_commit = 'off'")["liveness.W025"]
        assert 'ALTER ROLE "postgres" RESET synchronous_commit;' in message.hint

    @pytest.mark.parametrize(("name", "value"), [("synchronous_commit", "local"), ("statement_timeout", "60s")])
    def test_a_default_that_suits_is_left_alone(self, name, value):
        assert (
            set(self.says(f"ALTER DATABASE {{database}} SET {name} = '{value}'")) & {"liveness.W025", "liveness.W026"}
            == set()
        )

    def test_a_default_from_the_options_of_the_connection_is_named_as_such(self, monkeypatch):
        options = {"options": "-c default_transaction_isolation=serializable"}
        monkeypatch.setitem(connection.settings_dict, "OPTIONS", options)
        assert "options" in found()["liveness.E037"].hint

    def test_a_level_that_django_asks_for_is_named_as_such(self, monkeypatch):
        monkeypatch.setitem(connection.settings_dict, "OPTIONS", {"isolation_level": 4})
        message = found()["liveness.E037"]
        assert "serializable" in message.msg
        assert "isolation_level" in message.hint

    def test_another_default_of_the_server_does_not_reach_the_portals_transactions(self):
        assert "liveness.E037" in self.says(
            "ALTER DATABASE {database} SET default_transaction_isolation = 'serializable'"
        )
        record(1)
        assert connection.isolation_level == 2
