"""What the audit screen says of the chain, and verifying it from there."""

from dataclasses import replace

import pytest
from django.utils import timezone

from liveness import audit
from liveness.audit import Actor
from liveness.models import AuditCheck, AuditEvent, AuditHead
from liveness.review.audit_log import queries
from tests.liveness.review.audit_log.auditing import PAGE, VERIFY, numbers, record, tamper

pytestmark = [pytest.mark.django_db, pytest.mark.postgres]


class TestMark:
    def test_a_chain_that_nobody_verified_says_so(self, client):
        record()
        text = client.get(PAGE).text
        assert "Not verified yet" in text and "1 event is not verified" in text

    def test_it_says_how_far_it_was_verified_and_what_came_since(self, client):
        record()
        audit.keep(audit.verify(), now=timezone.now())
        assert "no event since" in client.get(PAGE).text
        record()
        record()
        text = client.get(PAGE).text
        assert "Verified up to event 1<" in text and "2 events since" in text

    def test_large_numbers_are_grouped(self, client, monkeypatch):
        check = AuditCheck(checked_at=timezone.now(), sequence=1234567, hash="f" * 64)
        monkeypatch.setattr(queries, "mark", lambda: queries.Mark(check, newest=1240000, since=5433))
        text = client.get(PAGE).text
        assert "Verified up to event 1,234,567" in text and "5,433 events since" in text

    def test_a_broken_chain_is_named_with_its_place_and_the_reason(self, client):
        for _ in range(3):
            record()
        tamper("UPDATE liveness_auditevent SET actor = 'user:1' WHERE sequence = 2")
        audit.keep(audit.verify(), now=timezone.now())
        page = client.get(PAGE)
        assert "The chain is broken at event 2:" in page.text
        assert "its content does not match its hash" in page.text
        assert numbers(client.get(page.context["broken_page"])) == [2, 1]

    def test_a_chain_that_was_rewritten_since_is_broken_before_anybody_verifies(self, client):
        record()
        audit.keep(audit.verify(), now=timezone.now())
        tamper("UPDATE liveness_auditevent SET hash = %s", "0" * 64)
        assert "The chain is broken at event 1:" in client.get(PAGE).text

    def test_a_break_found_earlier_is_not_forgotten(self, client):
        record()
        sound = audit.verify()
        audit.keep(replace(sound, broken_at=1, reason=audit.DIFFERS), now=timezone.now())
        audit.keep(sound, now=timezone.now())
        text = client.get(PAGE).text
        assert "Verified up to event 1" in text
        assert f"broken at event 1: {audit.DIFFERS}" in text


class TestVerify:
    def test_an_auditor_verifies_a_short_chain_and_that_is_an_event(self, client, auditor):
        record()
        response = client.post(VERIFY)
        assert (response.status_code, response["Location"]) == (303, PAGE)
        event = AuditEvent.objects.get(sequence=2)
        assert (event.action, event.actor) == (audit.CHECK_REQUESTED, Actor.user(auditor).name)
        check = AuditCheck.objects.get()
        assert (check.sequence, check.hash, check.broken_at) == (2, event.hash, None)

    def test_what_is_broken_is_found_even_where_nothing_can_be_recorded(self, client):
        record()
        AuditHead.objects.all().delete()
        assert "The chain is broken at event 1:" in client.post(VERIFY, follow=True).text
        assert AuditCheck.objects.get().broken_at == 1
        assert AuditEvent.objects.count() == 1

    def test_a_long_chain_is_left_to_the_command(self, client, monkeypatch):
        monkeypatch.setattr(queries, "SHORT", 1)
        record()
        assert VERIFY in client.get(PAGE).text
        record()
        page = client.get(PAGE)
        assert VERIFY not in page.text and queries.COMMAND in page.text
        assert f"Run: {queries.COMMAND}" in client.post(VERIFY, follow=True).text
        assert not AuditCheck.objects.exists() and AuditEvent.objects.count() == 2
