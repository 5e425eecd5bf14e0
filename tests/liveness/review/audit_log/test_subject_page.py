"""The timeline of a subject: all its attempts in order, what came of them, and which share a file."""

import re
import uuid
from datetime import timedelta

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from liveness.models import MediaKind, MediaState, Outcome, StoredMedia
from liveness.review.audit_log import timeline
from liveness.review.claims import claims
from liveness.review.decisions import notes
from liveness.review.models import Decision, Review
from liveness.review.policy import APPROVE, ESCALATE, REJECT
from tests.builders import make_attempt
from tests.liveness.review.working import (
    OURS_ONLY,
    decide,
    fresh,
    make_review,
    make_reviewer,
    make_supervisor,
    propose_again,
)
from tests.people import make_user, signed_in

pytestmark = [pytest.mark.django_db, pytest.mark.postgres]
LOOK = ("view_review", "view_verificationattempt", "view_storedmedia", "view_decision", "view_note")
NOW = timezone.now()
PAYLOADS = ("<script>alert(1)</script>", '"><svg onload=alert(1)>')


@pytest.fixture
def person():
    return make_user(*LOOK)


@pytest.fixture
def client(person):
    return signed_in(person)


def make(ago=0, subject="amara", **fields) -> Review:
    """A review of an attempt that was issued so many minutes ago."""
    return make_review(subject_reference=subject, issued_at=NOW - timedelta(minutes=ago), **fields)


def page_of(review) -> str:
    return f"/review/{review.attempt.public_id}/subject/"


def stops(client, review) -> list[timeline.Stop]:
    return client.get(page_of(review)).context["timeline"].stops


def ids(attempts) -> list[int]:
    return [attempt.pk for attempt in attempts]


def shown(client, review) -> list[int]:
    return [stop.row.attempt.pk for stop in stops(client, review)]


def share(kind, *reviews) -> None:
    """Let these reviews have one file in common."""
    first = reviews[0].attempt.media.get(kind=kind)
    same = {name: getattr(first, name) for name in ("declared_md5", "md5", "sha256", "declared_size", "size")}
    StoredMedia.objects.filter(attempt__in=[review.pk for review in reviews], kind=kind).update(**same)


class TestAccess:
    def test_strangers_are_asked_to_log_in(self):
        assert Client().get(page_of(make())).status_code == 302

    def test_without_the_permission_it_is_refused(self):
        assert signed_in(make_user("view_verificationattempt")).get(page_of(make())).status_code == 403

    def test_what_may_not_be_seen_is_not_there(self, client, settings):
        hidden = make(region="ap-jakarta")
        assert client.get(page_of(hidden)).status_code == 200
        settings.LIVENESS_ACCESS_POLICY = OURS_ONLY
        assert client.get(page_of(hidden)).status_code == 404
        assert client.get(f"/review/{uuid.uuid4()}/subject/").status_code == 404

    def test_it_only_answers_gets(self, client):
        assert client.post(page_of(make())).status_code == 405

    def test_attempts_and_twins_that_the_policy_hides_do_not_appear(self, client, settings):
        ours, theirs = make(region="ap-singapore"), make(region="ap-jakarta")
        stranger = make(subject="mei", region="ap-jakarta")
        share(MediaKind.VIDEO, ours, theirs, stranger)
        settings.LIVENESS_ACCESS_POLICY = OURS_ONLY
        page = client.get(page_of(ours))
        assert ids(stop.row.attempt for stop in page.context["timeline"].stops) == [ours.pk]
        assert "mei" not in page.text and "The same file" not in page.text

    def test_the_reference_is_in_no_address(self, client):
        page = client.get(page_of(make(subject="amara@example.org")))
        assert "amara@example.org" in page.text
        assert not re.findall(r'(?:href|src|action)="[^"]*amara', page.text)

    def test_decisions_and_notes_need_their_permissions(self):
        review = make()
        decide(review, make_reviewer(), APPROVE)
        notes.write(review, "Seen.", author=make_reviewer(), now=NOW)
        (stop,) = stops(signed_in(make_user("view_review", "view_verificationattempt")), review)
        assert (stop.verdicts, stop.notes) == ([], None)

    def test_only_an_auditor_is_led_to_the_audit(self, client):
        review = make()
        address = f"/review/audit/?subject={review.attempt.public_id}"
        assert address not in client.get(page_of(review)).text
        assert address in signed_in(make_user(*LOOK, "view_auditevent")).get(page_of(review)).text


class TestOrder:
    def test_it_shows_this_subject_alone_the_oldest_first(self, client):
        second, third, first = make(ago=60), make(ago=1), make(ago=300)
        make(subject="mei")
        for review in (first, second, third):
            assert shown(client, review) == ids([first.attempt, second.attempt, third.attempt])

    def test_it_tells_the_time_between_attempts(self, client):
        review = make(ago=3 * 1440)
        make(ago=0), make(ago=95)
        assert [stop.gap for stop in stops(client, review)] == ["", "2 d", "1 h 35 min"]
        page = client.get(page_of(review))
        assert "1 h 35 min later" in page.text and "within 3 d" in page.text

    def test_it_marks_where_one_came_from(self, client):
        here, other = make(ago=5), make()
        text = client.get(page_of(here)).text
        assert text.count('aria-current="true"') >= 1
        current = text.index(f'id="attempt-{here.attempt.public_id}"')
        assert current < text.index("this attempt") < text.index(f'id="attempt-{other.attempt.public_id}"')

    def test_a_single_attempt_is_said_to_be_the_only_one(self, client):
        text = client.get(page_of(make())).text
        assert "This is the only attempt of this subject." in text
        assert "later" not in text and "within" not in text

    def test_it_says_that_older_attempts_are_left_out(self, client, monkeypatch):
        monkeypatch.setattr(timeline, "MOST", 2)
        reviews = [make(ago=ago) for ago in (30, 20, 10)]
        page = client.get(page_of(reviews[0]))
        assert ids(stop.row.attempt for stop in page.context["timeline"].stops) == ids(r.attempt for r in reviews[1:])
        assert "There are older attempts." in page.text

    def test_an_attempt_without_a_review_is_shown_without_a_link(self, client):
        review = make(ago=10)
        bare = make_attempt(subject_reference="amara", issued_at=NOW)
        text = client.get(page_of(review)).text
        assert shown(client, review) == ids([review.attempt, bare])
        assert f"/review/{bare.public_id}/" not in text and f"/review/{review.attempt.public_id}/" in text

    def test_outcomes_are_counted(self, client):
        review = make(outcome=Outcome.FAILED)
        make(), make(outcome=Outcome.PENDING)
        counts = client.get(page_of(review)).context["timeline"].counts
        assert [(str(label), count) for label, count in counts] == [("Pending", 1), ("Passed", 1), ("Failed", 1)]

    @pytest.mark.parametrize("payload", PAYLOADS)
    def test_a_reference_never_becomes_markup(self, client, payload):
        review, twin = make(subject=payload), make(subject=payload[::-1])
        share(MediaKind.VIDEO, review, twin)
        assert payload not in client.get(page_of(review)).text
        assert payload not in client.get(page_of(twin)).text


class TestWhatBecame:
    def standings(self, client, review) -> list[tuple[str, str]]:
        (stop,) = stops(client, review)
        return [(str(verdict.words), str(verdict.standing)) for verdict in stop.verdicts]

    def test_every_decision_is_told_with_its_standing(self, client):
        review = make(outcome=Outcome.FAILED)
        decide(review, make_reviewer(), ESCALATE)
        decide(review, make_supervisor(), APPROVE)
        assert self.standings(client, review) == [("Escalated", ""), ("Approved", "waits for a second person")]
        decide(review, make_supervisor(), APPROVE)
        assert self.standings(client, review) == [
            ("Escalated", ""),
            ("Approved", "in force"),
            ("Approved", "as second person"),
        ]

    def test_a_corrected_decision_is_not_in_force(self, client):
        review = make(outcome=Outcome.UNKNOWN)
        decide(review, make_reviewer(), APPROVE)
        decide(fresh(review), make_reviewer(), REJECT)
        assert self.standings(client, review) == [("Approved", "not in force"), ("Rejected", "in force")]
        text = client.get(page_of(review)).text
        assert "Printed photo" in text and f"by {Decision.objects.first().maker.get_username()}" in text

    def test_a_blind_proposal_is_told_to_its_maker_alone(self, settings):
        settings.LIVENESS_REVIEW_SAMPLE = 1
        maker, second, review = make_supervisor(), make_user(*LOOK, "second_review"), make()
        maker.user_permissions.add(*second.user_permissions.all())
        decide(review, maker, APPROVE)
        assert self.standings(signed_in(second), review) == []
        assert self.standings(signed_in(maker), review) == [("Approved", "waits for a second person")]
        assert "Approved" not in signed_in(second).get(page_of(review)).text

    @pytest.mark.parametrize("is_undone", [True, False])
    def test_nor_is_one_that_was_withdrawn_before_it(self, settings, is_undone):
        settings.LIVENESS_REVIEW_SAMPLE, settings.LIVENESS_REVIEW_UNDO = 1, 30
        maker, second, review = make_supervisor(), make_user(*LOOK, "second_review"), make()
        maker.user_permissions.add(*second.user_permissions.all())
        propose_again(review, maker, REJECT, is_undone=is_undone)
        notes.write(review, "Seen.", author=maker, now=NOW)
        assert self.standings(signed_in(second), review) == []
        assert stops(signed_in(second), review)[0].notes == 0
        assert len(self.standings(signed_in(maker), review)) == 3
        assert stops(signed_in(maker), review)[0].notes == 1

    def test_notes_are_counted_and_holders_named(self, client):
        review, quiet, holder = make(ago=9), make(), make_reviewer()
        for text in ("One.", "Two."):
            notes.write(review, text, author=holder, now=NOW)
        claims.claim(review, person=holder, now=timezone.now())
        noted, other = stops(client, review)
        assert (noted.notes, noted.holder) == (2, holder.get_username())
        assert (other.notes, other.holder, other.row.attempt.pk) == (0, "", quiet.pk)
        text = client.get(page_of(review)).text
        assert "2 notes" in text and f"{holder.get_username()} works on it" in text

    def test_a_claim_that_ran_out_is_no_claim(self, client):
        review = make()
        claims.claim(review, person=make_reviewer(), now=NOW - timedelta(days=1))
        assert stops(client, review)[0].holder == ""


class TestTwins:
    def test_the_same_file_is_marked_within_a_subject_and_across(self, client):
        first, second, third = make(ago=30), make(ago=20), make(ago=10)
        stranger = make(subject="mei")
        share(MediaKind.BEST_FRAME, first, third)
        share(MediaKind.VIDEO, second, stranger)
        one, two, three = stops(client, first)
        assert (ids(one.repeats.few), ids(one.strangers.few)) == ([third.pk], [])
        assert (ids(two.repeats.few), ids(two.strangers.few)) == ([], [stranger.pk])
        assert (ids(three.repeats.few), ids(three.strangers.few)) == ([first.pk], [])
        text = client.get(page_of(first)).text
        assert f'href="#attempt-{third.attempt.public_id}"' in text
        assert f'href="/review/{stranger.attempt.public_id}/"' in text

    def test_an_attempt_that_shares_both_files_is_named_once(self, client):
        review, stranger = make(), make(subject="mei")
        share(MediaKind.BEST_FRAME, review, stranger)
        share(MediaKind.VIDEO, review, stranger)
        assert ids(stops(client, review)[0].strangers.few) == [stranger.pk]

    def test_a_file_that_never_arrived_is_a_twin_too_but_one_never_sent_is_none(self, client):
        review, stranger = make(), make(subject="mei")
        share(MediaKind.VIDEO, review, stranger)
        lost = {"state": MediaState.LOST, "sha256": "", "file": "", "thumbnail": ""}
        StoredMedia.objects.filter(attempt=stranger.pk, kind=MediaKind.VIDEO).update(**lost)
        assert ids(stops(client, review)[0].strangers.few) == [stranger.pk]
        for each in (review, make()):
            StoredMedia.objects.filter(attempt=each.pk).delete()
            StoredMedia.objects.create(attempt=each.attempt, kind=MediaKind.VIDEO, state=MediaState.ABSENT)
        assert all(not stop.repeats.few and not stop.strangers.few for stop in stops(client, review))

    def test_a_few_are_named_and_the_others_counted(self, client):
        reviews = [make(ago=number) for number in range(6)]
        share(MediaKind.VIDEO, *reviews)
        stop = stops(client, reviews[0])[-1]
        assert (len(stop.repeats.few), stop.repeats.more) == (3, 2)
        assert "and 2 more" in client.get(page_of(reviews[0])).text


def test_it_asks_as_many_questions_for_many_attempts_as_for_one(client):
    def questions() -> int:
        with CaptureQueriesContext(connection) as queries:
            client.get(page_of(review))
        return len(queries)

    review, stranger = make(ago=100), make(subject="mei")
    decide(review, make_reviewer(), APPROVE)
    share(MediaKind.VIDEO, stranger, review)
    questions()
    few = questions()
    for ago in range(10):
        other = make(ago=ago)
        decide(other, make_reviewer(), APPROVE)
        share(MediaKind.VIDEO, stranger, other)
    assert questions() == few <= 14
