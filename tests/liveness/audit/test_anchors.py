"""Anchors: what was written down elsewhere shows what the chain alone cannot."""

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError

from liveness import audit
from liveness.models import AuditEvent, AuditHead
from tests.liveness.audit.chain import record, tamper

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.postgres]


def test_an_anchor_shows_a_tail_that_was_cut_together_with_the_head():
    record(5)
    anchor = AuditEvent.objects.get(sequence=5)
    tamper("DELETE FROM liveness_auditevent WHERE sequence > 3")
    AuditHead.objects.update(sequence=3, hash=AuditEvent.objects.get(sequence=3).hash)
    assert audit.verify().broken_at is None
    assert audit.verify([(5, anchor.hash)]).broken_at == 4


def test_an_anchor_shows_a_chain_that_was_rewritten_with_the_key():
    record(3)
    anchor = AuditEvent.objects.get(sequence=3).hash
    tamper("DELETE FROM liveness_auditevent")
    AuditHead.objects.all().delete()
    record(3)
    assert audit.verify().broken_at is None
    assert audit.verify([(3, anchor)]).broken_at == 3


def test_the_anchor_of_an_empty_chain_stays_true():
    record(2)
    assert audit.verify([(0, audit.GENESIS)]).broken_at is None
    assert audit.verify([(0, "f" * 64)]).broken_at == 0


def test_an_anchor_may_be_spelt_in_capitals():
    record(2)
    event = AuditEvent.objects.get(sequence=2)
    assert audit.verify([(2, event.hash.upper())]).broken_at is None


@pytest.mark.parametrize("forged_first", [True, False])
def test_two_different_anchors_for_one_number_cannot_both_be_true(forged_first):
    record(2)
    anchors = [(2, AuditEvent.objects.get(sequence=2).hash), (2, "f" * 64)]
    assert audit.verify(sorted(anchors, reverse=forged_first)).broken_at == 2


def test_the_command_takes_several_anchors_for_one_number():
    record(2)
    digest = AuditEvent.objects.get(sequence=2).hash
    call_command("liveness_verify_audit", anchor=[f"2:{digest}", f"2:{digest.upper()}", f"0:{audit.GENESIS}"])
    with pytest.raises(CommandError, match="broken at 2"):
        call_command("liveness_verify_audit", anchor=["2:" + "f" * 64, f"2:{digest}"])


@pytest.mark.parametrize("anchor", ["2:" + "g" * 64, "\u0662:" + "f" * 64, "9" * 5000 + ":" + "f" * 64])
def test_the_command_refuses_what_is_no_anchor(anchor):
    with pytest.raises(CommandError, match="is not an anchor") as refusal:
        call_command("liveness_verify_audit", anchor=[anchor])
    assert refusal.value.returncode == 2
