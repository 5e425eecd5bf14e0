import pytest
from django.db import connection, transaction
from django.db.utils import DatabaseError

from liveness.models import AuditEvent, AuditHead, append_only
from liveness.services import audit
from liveness.services.audit import Actor

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.postgres]
ACTOR = Actor.system("tests")


def record(count: int) -> None:
    for number in range(count):
        with transaction.atomic():
            audit.record("liveness.test.happened", actor=ACTOR, number=number)


def tamper(sql: str, *values) -> None:
    """Change the table as somebody with the database's own rights could: without the triggers."""
    with connection.schema_editor() as editor:
        append_only.remove(editor, "liveness_auditevent", "sequence")
    with connection.cursor() as cursor:
        cursor.execute(sql, values)
    with connection.schema_editor() as editor:
        append_only.install(editor, "liveness_auditevent", "sequence")


def test_it_verifies_an_untouched_chain():
    record(5)
    verdict = audit.verify()
    assert (verdict.events, verdict.broken_at) == (5, None)
    assert verdict.head == AuditEvent.objects.get(sequence=5).hash


def test_it_verifies_an_empty_chain():
    assert audit.verify() == audit.Verdict(0, audit.GENESIS)


def test_it_names_the_first_changed_event():
    record(5)
    tamper("UPDATE liveness_auditevent SET actor = %s WHERE sequence IN (3, 4)", "user:99")
    assert audit.verify().broken_at == 3


def test_it_names_a_removed_event():
    record(5)
    tamper("DELETE FROM liveness_auditevent WHERE sequence = 2")
    assert audit.verify().broken_at == 2


def test_it_notices_a_cut_tail():
    record(5)
    tamper("DELETE FROM liveness_auditevent WHERE sequence > 3")
    assert audit.verify().broken_at == 4


def test_it_notices_two_events_that_changed_places():
    record(4)
    tamper("UPDATE liveness_auditevent SET sequence = 20 WHERE sequence = 2")
    tamper("UPDATE liveness_auditevent SET sequence = 2 WHERE sequence = 3")
    tamper("UPDATE liveness_auditevent SET sequence = 3 WHERE sequence = 20")
    assert audit.verify().broken_at == 2


def test_an_anchor_shows_a_tail_that_was_cut_together_with_the_head():
    record(5)
    anchor = AuditEvent.objects.get(sequence=5)
    tamper("DELETE FROM liveness_auditevent WHERE sequence > 3")
    AuditHead.objects.update(sequence=3, hash=AuditEvent.objects.get(sequence=3).hash)
    assert audit.verify().broken_at is None
    assert audit.verify({5: anchor.hash}).broken_at == 4


def test_an_anchor_shows_a_chain_that_was_rewritten_with_the_key():
    record(3)
    anchor = AuditEvent.objects.get(sequence=3).hash
    tamper("DELETE FROM liveness_auditevent")
    AuditHead.objects.all().delete()
    record(3)
    assert audit.verify().broken_at is None
    assert audit.verify({3: anchor}).broken_at == 3


def test_another_key_does_not_verify(settings):
    record(2)
    settings.LIVENESS_AUDIT_KEY = "another key"
    assert audit.verify().broken_at == 1


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


def test_the_database_refuses_to_truncate():
    if connection.vendor != "postgresql":
        pytest.skip("SQLite has no TRUNCATE")
    record(1)
    with connection.cursor() as cursor, pytest.raises(DatabaseError, match="append-only"):
        cursor.execute("TRUNCATE liveness_auditevent")


def test_it_refuses_an_event_outside_a_transaction():
    with pytest.raises(transaction.TransactionManagementError):
        audit.record("liveness.test.happened", actor=ACTOR)


def test_an_event_goes_with_the_transaction_that_failed():
    record(1)
    with pytest.raises(ZeroDivisionError), transaction.atomic():
        audit.record("liveness.test.happened", actor=ACTOR)
        raise ZeroDivisionError
    assert audit.verify().events == 1


def make_poll():
    from django.utils import timezone

    from liveness.models import Poll
    from tests.builders import make_attempt

    Poll.objects.create(
        attempt=make_attempt(), sequence=1, asked_at=timezone.now(), digest="0" * 64, answer={}, result_code="-999"
    )
