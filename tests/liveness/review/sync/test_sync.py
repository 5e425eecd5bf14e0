"""Reviews follow their attempts, whatever changes those."""

from datetime import timedelta
from pathlib import Path

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from liveness import audit
from liveness.attempts import life_cycle
from liveness.audit import Actor
from liveness.media import files as media_files
from liveness.models import AuditEvent, MediaKind, MediaState, Outcome, StoredMedia, VerificationAttempt
from liveness.review import actions
from liveness.review.decisions import viewing_proof
from liveness.review.models import Review, ReviewState
from liveness.review.policy import APPROVE, REJECT
from liveness.review.sync import evidence_snapshot, sync
from tests.builders import make_attempt, make_media, make_result
from tests.liveness.review.working import NO_MEDIA, answer, decide, fresh, in_step, make_review, make_reviewer, register

pytestmark = [pytest.mark.django_db, pytest.mark.postgres]
ACTOR = Actor.system("tests")


def store(attempt) -> Review:
    """The wanted files arrive, and the round is closed as the engine does."""
    for file in attempt.media.filter(state=MediaState.WANTED):
        file.delete()
        make_media(attempt, MediaKind(file.kind), f"{file.kind} {attempt.pk}".encode())
    life_cycle.settle(attempt.pk, now=timezone.now())
    return fresh(attempt)


LATER = {"issued_at": timezone.now() - timedelta(hours=3)}


def damage(file: StoredMedia) -> None:
    path = Path(file.file.path)
    path.chmod(0o600)
    path.write_bytes(b"something else")


class TestPlaces:
    def test_a_registered_attempt_has_a_review_that_waits(self):
        attempt = register()
        review = fresh(attempt)
        assert (review.state, review.outcome, review.version) == (ReviewState.WAITING, Outcome.PENDING, 1)
        assert review.queue_at == attempt.expires_at
        assert (review.ready_at, review.due_at, review.signals, review.is_flagged) == (None, None, [], False)

    def test_an_answer_without_files_opens_it(self, settings):
        settings.LIVENESS_REVIEW_SLA = 900
        before = timezone.now()
        review = answer(register(), make_result(**NO_MEDIA))
        assert (review.state, review.outcome) == (ReviewState.OPEN, Outcome.PASSED)
        assert before <= review.ready_at <= timezone.now()
        assert review.due_at == review.queue_at == review.ready_at + timedelta(minutes=15)

    def test_it_waits_for_files_that_are_wanted(self):
        attempt = register()
        assert answer(attempt, make_result()).state == ReviewState.WAITING
        assert store(attempt).state == ReviewState.OPEN

    def test_it_opens_when_a_wanted_file_is_given_up(self):
        attempt = register()
        answer(attempt, make_result())
        life_cycle.expire(attempt.pk, "the link died", now=timezone.now(), actor=ACTOR)
        review = fresh(attempt)
        assert (review.state, review.signals) == (ReviewState.OPEN, ["lost"])

    def test_what_was_never_answered_is_lost(self):
        now = timezone.now()
        attempt = register()
        life_cycle.expire(attempt.pk, "nobody came", now=now, actor=ACTOR)
        review = fresh(attempt)
        assert (review.state, review.outcome, review.due_at) == (ReviewState.LOST, Outcome.EXPIRED, None)
        assert review.queue_at == review.ready_at >= now

    def test_an_unknown_token_waits_until_its_window_closes(self):
        attempt = register()
        life_cycle.refuse(attempt.pk, now=timezone.now(), actor=ACTOR)
        first = fresh(attempt)
        assert (first.state, first.outcome) == (ReviewState.WAITING, Outcome.INVALID)
        life_cycle.refuse(attempt.pk, now=attempt.expires_at, actor=ACTOR, may_close=True)
        then = fresh(attempt)
        assert (then.state, then.version) == (ReviewState.LOST, first.version + 1)

    def test_what_was_lost_comes_back_with_its_answer(self):
        attempt = register()
        life_cycle.expire(attempt.pk, "nobody came", now=timezone.now(), actor=ACTOR)
        review = answer(attempt, make_result(**NO_MEDIA))
        assert (review.state, review.outcome) == (ReviewState.OPEN, Outcome.PASSED)
        assert review.due_at == review.queue_at

    def test_what_was_lost_waits_again_when_its_region_is_put_right(self):
        attempt = register()
        life_cycle.refuse(attempt.pk, now=attempt.expires_at, actor=ACTOR)
        register(region="ap-jakarta")
        review = fresh(attempt)
        assert (review.state, review.queue_at) == (ReviewState.WAITING, attempt.expires_at)
        assert (review.ready_at, review.due_at) == (None, None)

    def test_it_is_open_from_the_first_look_on(self):
        attempt = register()
        first = answer(attempt, make_result(**NO_MEDIA))
        again = answer(attempt, make_result("1002", **NO_MEDIA))
        assert (again.state, again.due_at, again.queue_at) == (ReviewState.OPEN, first.due_at, first.queue_at)


class TestQueued:
    def test_it_says_how_much_of_the_window_was_left(self):
        attempt = register(issued_at=timezone.now() - timedelta(minutes=30))
        answer(attempt, make_result(**NO_MEDIA))
        event = AuditEvent.objects.get(action=actions.REVIEW_QUEUED)
        assert event.object_id == str(attempt.public_id)
        assert 5395 <= event.data["margin"] <= 5400
        assert event.data["is_complete"]

    def test_it_says_so_once(self):
        attempt = register()
        answer(attempt, make_result(**NO_MEDIA))
        answer(attempt, make_result("1002", **NO_MEDIA))
        assert AuditEvent.objects.filter(action=actions.REVIEW_QUEUED).count() == 1

    def test_a_review_that_comes_late_does_not_shrink_the_margin(self):
        now = timezone.now()
        attempt = make_attempt(
            outcome=Outcome.PASSED, issued_at=now - timedelta(days=9), finished_at=now - timedelta(days=9, hours=-1)
        )
        in_step(attempt)
        assert AuditEvent.objects.get(action=actions.REVIEW_QUEUED).data["margin"] == 3600

    def test_a_file_that_was_lost_is_told(self):
        attempt = register()
        answer(attempt, make_result())
        life_cycle.expire(attempt.pk, "the link died", now=timezone.now(), actor=ACTOR)
        assert not AuditEvent.objects.get(action=actions.REVIEW_QUEUED).data["is_complete"]


class TestSignals:
    def test_a_later_answer_that_differs_is_flagged(self):
        attempt = register()
        answer(attempt, make_result(**NO_MEDIA))
        review = answer(attempt, make_result("1002", **NO_MEDIA))
        assert (review.signals, review.is_flagged) == (["diverged"], True)

    def test_a_damaged_file_that_is_found_is_flagged_and_found_sound_unflagged(
        self, django_capture_on_commit_callbacks
    ):
        review = make_review(**LATER)
        file = review.attempt.media.get(kind=MediaKind.VIDEO)
        content = Path(file.file.path).read_bytes()
        damage(file)
        with django_capture_on_commit_callbacks(execute=True):
            assert not media_files.verify(file, now=timezone.now(), actor=ACTOR)
        damaged = fresh(review)
        assert (damaged.signals, damaged.version) == (["damaged"], review.version + 1)
        Path(file.file.path).write_bytes(content)
        with django_capture_on_commit_callbacks(execute=True):
            assert media_files.verify(file, now=timezone.now(), actor=ACTOR)
        assert fresh(review).signals == []
        assert fresh(review).evidence_digest == review.evidence_digest

    def test_a_file_that_cannot_be_shown_is_flagged(self):
        attempt = make_attempt(outcome=Outcome.PASSED)
        make_media(attempt, MediaKind.VIDEO, b"text", flaw="it is no video")
        assert in_step(attempt).signals == ["damaged"]

    def test_the_third_attempt_of_a_subject_is_flagged_and_the_first_never(self):
        reviews = [make_review(has_media=False, subject_reference="again and again") for _ in range(4)]
        assert [review.signals for review in reviews] == [[], [], ["repeated"], ["repeated"]]
        assert in_step(reviews[0].attempt).signals == []

    def test_a_third_attempt_counts_when_it_is_answered(self):
        for token in ("first-token", "second-token"):
            register(token)
        third = register("third-token")
        assert fresh(third).signals == []
        assert answer(third, make_result(**NO_MEDIA)).signals == ["repeated"]

    def test_a_file_damaged_while_the_vendor_still_has_it_counts_as_not_there(self):
        review = make_review()
        file = review.attempt.media.get(kind=MediaKind.VIDEO)
        damage(file)
        assert not media_files.verify(file, now=timezone.now(), actor=ACTOR)
        assert fresh(review).version == review.version + 1
        assert viewing_proof.situation(review.attempt, viewing_proof.Seen(), []).missing == 1


class TestDecided:
    def test_new_evidence_flags_what_was_decided_and_leaves_it_decided(self):
        review = make_review()
        decision = decide(review, make_reviewer(), APPROVE)
        after = answer(review.attempt, make_result("1002"))
        assert (after.state, after.decision) == (ReviewState.DECIDED, decision)
        assert after.signals == ["diverged", "changed"]

    def test_evidence_that_is_as_it_was_is_not_flagged(self, django_capture_on_commit_callbacks):
        review = make_review(**LATER)
        decide(review, make_reviewer(), APPROVE)
        file = review.attempt.media.first()
        content = Path(file.file.path).read_bytes()
        damage(file)
        with django_capture_on_commit_callbacks(execute=True):
            media_files.verify(file, now=timezone.now(), actor=ACTOR)
        assert fresh(review).signals == ["damaged", "changed"]
        Path(file.file.path).write_bytes(content)
        with django_capture_on_commit_callbacks(execute=True):
            media_files.verify(file, now=timezone.now(), actor=ACTOR)
        assert fresh(review).signals == []

    def test_what_was_lost_and_decided_stays_decided_when_an_answer_comes(self):
        attempt = register()
        life_cycle.expire(attempt.pk, "nobody came", now=timezone.now(), actor=ACTOR)
        decide(fresh(attempt), make_reviewer(), REJECT)
        review = answer(attempt, make_result(**NO_MEDIA))
        assert (review.state, review.outcome, review.signals) == (ReviewState.DECIDED, Outcome.PASSED, ["changed"])


class TestTransactions:
    def test_a_check_that_is_still_unfinished_costs_the_review_no_query(self):
        attempt = register()
        unfinished = make_result("-999", **NO_MEDIA)
        answer(attempt, unfinished)
        with CaptureQueriesContext(connection) as queries:
            life_cycle.record(attempt.pk, unfinished, now=timezone.now(), actor=ACTOR)
        assert len(queries)
        assert not [query for query in queries if "liveness_review" in query["sql"]]

    def test_a_change_whose_review_fails_is_taken_back(self, monkeypatch):
        attempt = register()
        monkeypatch.setattr(evidence_snapshot, "snapshot", lambda *args: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            answer(attempt, make_result(**NO_MEDIA))
        attempt.refresh_from_db()
        assert (attempt.outcome, attempt.polls.count()) == (Outcome.PENDING, 0)
        assert not AuditEvent.objects.filter(action=audit.ATTEMPT_ANSWERED).exists()

    def test_a_registration_whose_review_fails_is_taken_back(self, monkeypatch):
        monkeypatch.setattr(evidence_snapshot, "snapshot", lambda *args: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            register()
        assert not VerificationAttempt.objects.exists()

    def test_nothing_is_written_when_nothing_is_new(self, django_assert_max_num_queries):
        review = make_review()
        with transaction.atomic(), django_assert_max_num_queries(8) as queries:
            sync.sync_review(review.attempt, now=timezone.now())
        assert not [query for query in queries if not query["sql"].startswith("SELECT")]

    def test_catching_up_tells_whether_anything_was_out_of_step(self):
        attempt = make_attempt(outcome=Outcome.PASSED)
        now = timezone.now()
        assert sync.catch_up(attempt.pk, now=now)
        assert not sync.catch_up(attempt.pk, now=now)
        make_media(attempt, MediaKind.VIDEO, b"video")
        assert sync.catch_up(attempt.pk, now=now)
