"""What a verification found is kept, and what it covered is looked at again without a walk."""

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError
from django.utils import timezone

from liveness import audit
from liveness.models import AuditCheck, AuditEvent, AuditHead
from tests.liveness.audit.chain import ACTOR, record, tamper

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.postgres]


def test_a_finding_is_kept_word_for_word():
    record(3)
    now = timezone.now()
    audit.keep(audit.verify(), now=now)
    tamper("UPDATE liveness_auditevent SET actor = %s WHERE sequence = 2", "user:99")
    broken = audit.keep(audit.verify(), now=now)
    assert audit.last_checks(5) == [broken, AuditCheck.objects.earliest("id")]
    assert (broken.checked_at, broken.sequence, broken.broken_at) == (now, 1, 2)
    assert (broken.hash, broken.reason) == (
        AuditEvent.objects.get(sequence=1).hash,
        "its content does not match its hash",
    )


def test_nobody_verified_a_chain_without_a_finding():
    record(1)
    assert audit.last_checks() == []


def test_a_check_that_somebody_asked_for_covers_its_own_event():
    record(2)
    check = audit.check(actor=ACTOR, now=timezone.now())
    event = AuditEvent.objects.get(sequence=3)
    assert (event.action, event.actor) == (audit.CHECK_REQUESTED, ACTOR.name)
    assert (check.sequence, check.hash, check.broken_at) == (3, event.hash, None)
    assert audit.last_checks() == [check]


def test_a_check_finds_the_lost_head_that_refuses_its_event():
    record(2)
    AuditHead.objects.all().delete()
    assert audit.check(actor=ACTOR, now=timezone.now()).broken_at == 1
    assert AuditEvent.objects.count() == 2


@pytest.mark.parametrize(
    "sql",
    [
        "UPDATE liveness_auditevent SET hash = 'f' WHERE sequence = 2",
        "DELETE FROM liveness_auditevent WHERE sequence = 2",
    ],
)
def test_a_verified_event_that_is_another_now_is_noticed_without_a_walk(sql):
    record(2)
    check = audit.keep(audit.verify(), now=timezone.now())
    record(1)
    assert audit.is_still_there(check)
    tamper(sql)
    assert not audit.is_still_there(check)


def test_the_verification_of_an_empty_chain_stays_true():
    check = audit.keep(audit.verify(), now=timezone.now())
    record(1)
    assert audit.is_still_there(check)


def test_the_command_keeps_what_it_found():
    record(2)
    call_command("liveness_verify_audit")
    with pytest.raises(CommandError):
        call_command("liveness_verify_audit", anchor=["2:" + "f" * 64])
    differs, sound = audit.last_checks(5)
    assert (sound.sequence, sound.broken_at, sound.reason) == (2, None, "")
    assert (differs.sequence, differs.broken_at, differs.reason) == (1, 2, audit.DIFFERS)
