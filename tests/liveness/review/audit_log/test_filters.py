"""Filters and the search of the audit screen: what each narrows it to, and what its address gives away."""

import re
import uuid

import pytest

from liveness import audit
from liveness.audit import Actor
from liveness.models import MediaKind, Outcome
from liveness.review import actions
from tests.builders import make_attempt, make_media
from tests.liveness.review.audit_log.auditing import FIND, PAGE, found, numbers, record

pytestmark = [pytest.mark.django_db, pytest.mark.postgres]


class TestFilters:
    def test_a_person_and_a_kind_of_events_narrow_it_together(self, client, auditor):
        record(audit.MEDIA_VIEWED, actor=Actor.user(auditor))
        record(audit.MEDIA_STORED, actor=Actor.user(auditor))
        record(audit.MEDIA_VIEWED)
        person = {"person": Actor.user(auditor).name}
        assert numbers(client.get(PAGE, person)) == [2, 1]
        assert numbers(client.get(PAGE, {"action": "looks"})) == [3, 1]
        assert numbers(client.get(PAGE, person | {"action": "looks"})) == [1]
        assert numbers(client.get(PAGE, person | {"action": "claims"})) == []

    def test_an_attempt_is_followed_through_its_files_and_its_review(self, client):
        attempt, other = make_attempt(outcome=Outcome.PASSED), make_attempt()
        file = make_media(attempt, MediaKind.VIDEO, b"video")
        record(audit.ATTEMPT_REGISTERED, target=attempt)
        record(audit.ATTEMPT_REGISTERED, target=other)
        record(audit.MEDIA_VIEWED, target=file)
        record(actions.REVIEW_CLAIMED, target=attempt)
        assert numbers(client.get(PAGE, {"attempt": attempt.public_id})) == [4, 3, 1]
        assert numbers(client.get(PAGE, {"attempt": attempt.public_id, "action": "looks"})) == [3]
        assert numbers(client.get(PAGE, {"attempt": attempt.public_id, "person": "system:nobody"})) == []

    def test_a_subject_is_followed_through_all_its_attempts(self, client):
        first, second = make_attempt(subject_reference="amara"), make_attempt(subject_reference="amara")
        for target in (first, make_attempt(subject_reference="mei"), second, make_media(first, MediaKind.VIDEO, b"v")):
            record(target=target)
        for attempt in (first, second):
            page = client.get(PAGE, {"subject": attempt.public_id})
            assert numbers(page) == [4, 3, 1]
            assert "more than" not in page.text

    def test_it_says_when_a_subject_has_too_many_attempts(self, client, monkeypatch):
        monkeypatch.setattr("liveness.review.audit_log.filters.MOST", 2)
        attempts = [make_attempt(subject_reference="amara") for _ in range(3)]
        for attempt in attempts:
            record(target=attempt)
        page = client.get(PAGE, {"subject": attempts[0].public_id})
        assert numbers(page) == [3, 2]
        assert "newest" in page.text and page.context["scope"].is_cut

    @pytest.mark.parametrize(
        "query",
        [
            "person=%00",
            "person=" + "x" * 999,
            "action=nonsense",
            "attempt=x",
            "subject=%00",
            "person=%0A",
            "before=%00",
        ],
    )
    def test_a_filter_that_makes_no_sense_is_ignored(self, client, query):
        record()
        assert numbers(client.get(f"{PAGE}?{query}")) == [1]

    def test_an_empty_page_says_why(self, client):
        assert "Nothing has happened yet" in client.get(PAGE).text
        record()
        assert "No event matches" in client.get(f"{PAGE}?action=claims").text
        assert "No such attempt" in client.get(f"{PAGE}?subject={uuid.uuid4()}").text


class TestFind:
    def test_a_user_name_leads_to_what_this_person_did(self, client, auditor):
        assert found(client, auditor.username) == f"?person=user%3A{auditor.pk}"

    def test_a_part_of_the_system_is_found_by_its_name(self, client):
        record()
        assert found(client, "tests") == found(client, "system:tests") == "?person=system%3Atests"

    def test_every_id_of_an_attempt_leads_to_it(self, client):
        attempt = make_attempt(outcome=Outcome.PASSED, request_id="request-1")
        file = make_media(attempt, MediaKind.VIDEO, b"video")
        for text in (attempt.sdk_token, attempt.public_id, "request-1", file.public_id, f" {attempt.public_id} "):
            assert found(client, str(text)) == f"?attempt={attempt.public_id}"

    def test_a_subject_is_found_without_its_reference_in_any_address(self, client):
        attempt = make_attempt(subject_reference="amara@example.org")
        record(target=attempt)
        address = found(client, "amara@example.org")
        assert address == f"?subject={attempt.public_id}"
        page = client.get(PAGE + address)
        assert "amara@example.org" in page.text
        assert not re.findall(r'(?:href|src|action|value)="[^"]*amara', page.text)

    def test_an_event_is_found_by_its_number(self, client):
        for _ in range(3):
            record()
        assert numbers(client.get(PAGE + found(client, "2"))) == [2, 1]

    def test_it_keeps_the_other_filters(self, client, auditor):
        attempt = make_attempt()
        kept = {"action": "looks", "subject": str(uuid.uuid4())}
        assert found(client, str(attempt.public_id), **kept) == f"?action=looks&attempt={attempt.public_id}"
        assert found(client, auditor.username, action="looks") == f"?person=user%3A{auditor.pk}&action=looks"

    @pytest.mark.parametrize("text", ["", "   ", "nobody-at-all", "\x00", "9" * 40, "7", "user:7", "%", "é" * 300])
    def test_what_matches_nothing_is_said(self, client, text):
        record()
        page = client.post(FIND, {"q": text, "action": "looks"}, follow=True)
        assert page.redirect_chain == [(f"{PAGE}?action=looks", 303)]
        assert "Nothing matches that exactly" in page.text

    def test_a_token_reaches_no_address(self, client):
        token = make_attempt().sdk_token
        page = client.post(FIND, {"q": token}, follow=True)
        assert token not in page.text + str(page.redirect_chain)
