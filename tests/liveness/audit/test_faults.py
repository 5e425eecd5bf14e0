"""Rows that somebody changed by hand, a head that is elsewhere, and a database that is away."""

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError
from django.db import DatabaseError, InterfaceError, OperationalError, connection, transaction
from django.utils import timezone

from liveness import audit
from liveness.audit import rows, verification
from liveness.exceptions import ChainError
from liveness.models import AuditCheck, AuditEvent, AuditHead
from liveness.monitoring import alert_rules
from tests.builders import make_attempt
from tests.liveness.audit.chain import ACTOR, record

pytestmark = [pytest.mark.django_db, pytest.mark.postgres]
SET = "UPDATE liveness_auditevent SET {} WHERE sequence = 2"
EITHER = [
    "details = '{'",
    "details = '[]'",
    "details = 'NaN'",
    "details = '{\"number\":NaN}'",
    "details = ''",
    "hash = 'no hash'",
    "hash = ''",
    "previous_hash = 'abc'",
    "previous_hash = ''",
    "action = ''",
    "at = '0001-01-01 00:00:00+00'",
    "at = '9999-12-31 23:59:59+00'",
    "sequence = -2",
    "sequence = 0",
    "sequence = 9000000000000000000",
]
SQLITE = [
    "details = CAST(x'ff' AS TEXT)",
    "details = x'ff'",
    "hash = 7",
    "previous_hash = x'00'",
    "actor = CAST(x'fffe' AS TEXT)",
    "at = 'yesterday'",
    "at = '2026-13-45 00:00:00'",
    "at = 5",
]
POSTGRES = ["at = 'infinity'", "at = '-infinity'", "at = '0044-03-15 BC'", "at = '29999-01-01'"]
CHANGES = [("", change) for change in EITHER]
CHANGES += [("sqlite", change) for change in SQLITE] + [("postgresql", change) for change in POSTGRES]


def tamper(sql: str, *values) -> None:
    """Change a table as somebody with the database's own rights could; the test's end takes it all back."""
    with connection.cursor() as cursor:
        if connection.vendor == "sqlite":
            for event in ("update", "delete"):
                cursor.execute(f"DROP TRIGGER IF EXISTS liveness_auditevent_refuse_{event}")
        else:
            cursor.execute("ALTER TABLE liveness_auditevent DISABLE TRIGGER USER")
        cursor.execute(sql, values or None)


@pytest.fixture(params=CHANGES, ids=lambda change: change[1])
def change(request):
    vendor, sql = request.param
    if vendor not in ("", connection.vendor):
        pytest.skip(f"concerns {vendor}")
    return SET.format(sql)


class TestChangedRows:
    def test_the_verifier_names_the_row(self, change, monkeypatch):
        monkeypatch.setattr(rows, "CHUNK", 2)
        record(3)
        tamper(change)
        verdict = audit.verify()
        assert verdict.broken_at in (-2, 0, 2)
        assert (verdict.is_key_missing, verdict.broken_at == 2) == (
            False,
            "sequence = -2" not in change and "= 0" not in change,
        )
        assert audit.check(actor=ACTOR, now=timezone.now()).broken_at == verdict.broken_at

    def test_nothing_follows_such_a_row(self, change):
        record(2)
        tamper(change)
        with pytest.raises(ChainError):
            record(1)
        assert audit.problem()
        assert AuditEvent.objects.values_list("sequence").count() == 2


@pytest.mark.parametrize("details", ["{", "[" * 100_000, "[]", "7"])
def test_unreadable_details_do_not_silence_what_reads_them(details):
    with transaction.atomic():
        audit.record(audit.MEDIA_LOST, actor=ACTOR, target=make_attempt(), reason="x")
    tamper("UPDATE liveness_auditevent SET details = %s", details)
    assert alert_rules.lost_since(0).count == 1
    assert audit.verify().broken_at == 1


def test_a_gap_in_the_numbers_is_named():
    record(4)
    tamper("DELETE FROM liveness_auditevent WHERE sequence IN (2, 3)")
    assert (audit.verify().broken_at, audit.verify().reason) == (2, "the event with this number is gone")


class TestHead:
    @pytest.fixture(
        params=[
            "DELETE FROM liveness_auditevent WHERE sequence = 3",
            "DELETE FROM liveness_auditevent",
            "UPDATE liveness_audithead SET sequence = 9",
            "UPDATE liveness_audithead SET sequence = 9223372036854775807",
            "UPDATE liveness_audithead SET sequence = 1",
            "UPDATE liveness_audithead SET hash = 'no hash'",
            "DELETE FROM liveness_audithead",
        ]
    )
    def _moved(self, request):
        record(3)
        tamper(request.param)

    @pytest.mark.usefixtures("_moved")
    def test_nothing_is_appended_and_the_reason_is_said_in_one_line(self):
        before = list(AuditHead.objects.values())
        with pytest.raises(ChainError, match=r"^The audit chain's head is not its newest event; run .*\.$"):
            record(1)
        assert list(AuditHead.objects.values()) == before
        assert audit.problem() == "The audit chain's head is not its newest event; run liveness_verify_audit."

    @pytest.mark.usefixtures("_moved")
    def test_the_verifier_says_where(self):
        assert audit.check(actor=ACTOR, now=timezone.now()).broken_at is not None
        with pytest.raises(CommandError, match="broken at") as finding:
            call_command("liveness_verify_audit")
        assert finding.value.returncode == 1

    @pytest.mark.usefixtures("_moved")
    @pytest.mark.parametrize("address", ["/review/audit/", "/review/", "/admin/liveness/auditevent/"])
    def test_pages_that_only_read_still_open(self, admin_client, address):
        assert admin_client.get(address, follow=True).status_code == 200

    def test_a_sound_chain_has_no_problem(self):
        assert audit.problem() == ""
        record(1)
        assert audit.problem() == ""


class TestOutage:
    """A database that is away in the middle of a walk says nothing about the chain."""

    @pytest.fixture(params=[OperationalError, InterfaceError, DatabaseError])
    def _away(self, request, monkeypatch):
        def away(*arguments):
            raise request.param("connection to server at 10.0.0.1, port 5432 failed: password is hunter2")

        record(3)
        monkeypatch.setattr(rows, "retried", lambda read: read())
        monkeypatch.setattr(verification, "_flaw_at_the_end", away)

    @pytest.mark.usefixtures("_away")
    def test_the_command_cannot_run_and_claims_nothing(self, capsys):
        with pytest.raises(CommandError) as refusal:
            call_command("liveness_verify_audit", json=True)
        assert refusal.value.returncode == 2
        assert "hunter2" not in str(refusal.value) + "".join(capsys.readouterr())
        assert not AuditCheck.objects.exists()

    @pytest.mark.django_db(transaction=True)
    def test_a_moment_without_an_answer_is_waited_out(self, monkeypatch):
        record(5)
        monkeypatch.setattr(rows, "CHUNK", 2)
        read, failures = rows._read, iter([True, False, True])

        def flickering(chunk):
            if next(failures, False):
                raise OperationalError("the connection is lost") from OSError()
            return read(chunk)

        monkeypatch.setattr(rows, "_read", flickering)
        assert (audit.verify().events, audit.verify().broken_at) == (5, None)


def test_a_missing_key_is_exit_2_and_no_finding(settings):
    settings.LIVENESS_AUDIT_KEY = "the key"
    record(2)
    settings.LIVENESS_AUDIT_KEY = "another key"
    with pytest.raises(CommandError, match="LIVENESS_AUDIT_KEY_PREVIOUS") as refusal:
        call_command("liveness_verify_audit")
    assert refusal.value.returncode == 2
    assert not AuditCheck.objects.exists()


def test_the_audit_page_says_that_a_key_is_missing(settings, admin_client):
    settings.LIVENESS_AUDIT_KEY = "the key"
    record(2)
    settings.LIVENESS_AUDIT_KEY = "another key"
    page = admin_client.post("/review/audit/verify/", follow=True)
    assert page.status_code == 200
    assert "LIVENESS_AUDIT_KEY_PREVIOUS" in page.text
    assert not AuditCheck.objects.exists()
