"""Many people at once, with real threads on a real database: nobody gets what somebody else has."""

import random
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial

import pytest
from django.db import connection
from django.http import QueryDict
from django.utils import timezone

from liveness.models import AuditEvent, MediaKind, Outcome, VerificationAttempt
from liveness.review.exceptions import HeldError, RefusedError, StaleError
from liveness.review.models import Claim, Decision, Review, ReviewState
from liveness.review.policy import REJECT, RETRY
from liveness.review.queue.filters import View
from liveness.review.services import actions, claims, decisions, dossier, notes
from liveness.review.services.decisions import Stand
from liveness.review.services.seen import Seen
from liveness.review.workspace import onward
from liveness.services import attempts, audit, viewing
from liveness.services.audit import Actor
from tests.builders import make_result
from tests.liveness.review.working import DRAFTS, fresh, in_step, make_review, make_reviewer, make_supervisor, recorded

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.postgres,
    pytest.mark.slow,
    pytest.mark.timeout(240),
]
PEOPLE, QUEUE, FEW, ROUNDS = 8, 500, 100, 200
# Seconds until those who wait for somebody who failed give up.
PATIENCE = 30


@pytest.fixture(autouse=True)
def _settings(settings):
    settings.LIVENESS_REVIEW_SECOND_ON_OVERRIDE = False


@pytest.fixture(autouse=True)
def _no_deadlock():
    """A deadlock would be tried again in silence, after a second that somebody waited."""
    before = deadlocks()
    yield
    assert deadlocks() == before


def deadlocks() -> int:
    if connection.vendor != "postgresql":
        return 0
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_stat_clear_snapshot()")
        cursor.execute("SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()")
        return int(cursor.fetchone()[0])


def at_once(*acts: Callable[[], None]) -> None:
    """Run these in a thread each, all starting together; what one of them raises fails the test."""
    start, failures = threading.Barrier(len(acts), timeout=PATIENCE), []

    def run(act: Callable[[], None]) -> None:
        try:
            start.wait()
            act()
        except BaseException as failure:
            failures.append(failure)
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=(act,)) for act in acts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if failures:
        raise failures[0]


def make_queue(number: int) -> None:
    """Failed attempts without files, due in no order of their keys."""
    now = timezone.now()
    dues = [now + timedelta(seconds=second) for second in range(number)]
    random.Random(1).shuffle(dues)
    answer = {"outcome": Outcome.FAILED, "result_code": "1002", "finished_at": now}
    issue = {"region": "ap-singapore", "issued_at": now, "expires_at": now + timedelta(hours=2)}
    VerificationAttempt.objects.bulk_create(
        VerificationAttempt(sdk_token=f"token-{due}", subject_reference=str(due), **answer, **issue) for due in dues
    )
    made = list(VerificationAttempt.objects.order_by("id"))
    # Without answers and files, all have the same evidence.
    state = {"state": ReviewState.OPEN, "outcome": Outcome.FAILED, "evidence_digest": digest_of(made[0])}
    Review.objects.bulk_create(
        Review(attempt=attempt, queue_at=due, ready_at=now, due_at=due, **state)
        for attempt, due in zip(made, dues, strict=True)
    )


def digest_of(attempt) -> str:
    return dossier.digest(dossier.describe(attempt))


def stand_under(claim: Claim) -> Stand:
    return Stand(claim.public_id, claim.review.version, claim.review.evidence_digest)


def empty_queue(person) -> None:
    while claim := claims.claim_next(Review.objects.all(), person=person, now=timezone.now()):
        decisions.decide(claim.review, DRAFTS[REJECT], stand_under(claim), Seen(), person=person, now=timezone.now())


def test_eight_people_empty_a_queue_of_500():
    make_queue(QUEUE)
    people = [make_reviewer() for _ in range(PEOPLE)]
    at_once(*(partial(empty_queue, person) for person in people))
    assert Review.objects.filter(state=ReviewState.DECIDED).count() == QUEUE
    assert Decision.objects.count() == Claim.objects.filter(ending="decided").count() == Claim.objects.count() == QUEUE
    assert Decision.objects.values("review").distinct().count() == QUEUE
    assert len({decision.maker_id for decision in Decision.objects.all()}) > 1
    assert len(recorded(actions.DECISION_MADE)) == len(recorded(actions.REVIEW_CLAIMED)) == QUEUE
    assert audit.verify().broken_at is None
    # At the time of each claim, the others held or looked at fewer than all of them: nothing more urgent was left.
    assert max(ranks()) < PEOPLE


def work_on(person) -> None:
    """As from the page: to the next one, decide it, and now and then look at the queue again before."""
    view, page = View.parse(QueryDict("tab=open")), None
    while found := onward.go_on(view, view, person, timezone.now(), leaving=page):
        claim, _ = found
        again = onward.go_on(view, view, person, timezone.now())
        assert again and again[0] == claim
        decisions.decide(claim.review, DRAFTS[REJECT], stand_under(claim), Seen(), person=person, now=timezone.now())
        page = claim.review.attempt.public_id


def test_eight_people_who_come_back_to_what_they_hold_skip_nothing_and_share_nothing():
    make_queue(FEW)
    people = [make_reviewer(is_superuser=True) for _ in range(PEOPLE)]
    at_once(*(partial(work_on, person) for person in people))
    assert Review.objects.filter(state=ReviewState.DECIDED).count() == FEW
    assert Decision.objects.count() == Claim.objects.count() == len(recorded(actions.REVIEW_CLAIMED)) == FEW
    assert max(ranks()) < PEOPLE


def ranks() -> list[int]:
    """For each claim in the order of the chain: how many that were more urgent had not been claimed yet."""
    # A review that is decided has another place; its subject still tells when it was due.
    urgency = VerificationAttempt.objects.order_by("subject_reference").values_list("public_id", flat=True)
    left = [str(public_id) for public_id in urgency]
    found = []
    claimed = AuditEvent.objects.filter(action=actions.REVIEW_CLAIMED).order_by("sequence")
    for public_id in claimed.values_list("object_id", flat=True):
        found.append(left.index(public_id))
        left.remove(public_id)
    return found


@dataclass
class Round:
    """What became of two people's tries to decide one review at the same time."""

    made: list[Decision] = field(default_factory=list)
    refused: list[Exception] = field(default_factory=list)

    def attempt(self, act: Callable[[], Decision]) -> None:
        try:
            self.made.append(act())
        except (StaleError, HeldError, RefusedError) as refusal:
            self.refused.append(refusal)


def send(review, stand, person, outcome) -> Decision:
    return decisions.decide(review, DRAFTS[outcome], stand, Seen(), person=person, now=timezone.now())


def press_twice(review, holder, supervisor) -> list[Callable[[], Decision]]:
    """The holder presses twice: the same form is sent two times."""
    claim = claims.claim(review, person=holder, now=timezone.now())
    return [lambda: send(review, stand_under(claim), holder, REJECT)] * 2


def decide_against_a_takeover(review, holder, supervisor) -> list[Callable[[], Decision]]:
    """The holder decides while a supervisor takes the review over and decides otherwise."""
    claim = claims.claim(review, person=holder, now=timezone.now())

    def take_over() -> Decision:
        taken = claims.take_over(review, person=supervisor, reason="because", now=timezone.now())
        seen_then = Stand(taken.public_id, 1, review.evidence_digest)
        return send(review, seen_then, supervisor, RETRY)

    return [lambda: send(review, stand_under(claim), holder, REJECT), take_over]


def claim_and_decide(review, holder, supervisor) -> list[Callable[[], Decision]]:
    """Both see a free review, claim it, and decide."""

    def act(person, outcome) -> Decision:
        claim = claims.claim(review, person=person, now=timezone.now())
        return send(review, Stand(claim.public_id, 1, review.evidence_digest), person, outcome)

    return [lambda: act(holder, REJECT), lambda: act(supervisor, RETRY)]


def decide_under_one_anothers_claim(review, holder, supervisor) -> list[Callable[[], Decision]]:
    """One sends a form with the other's claim, as nobody's page does."""
    claim = claims.claim(review, person=holder, now=timezone.now())
    people = ((holder, REJECT), (supervisor, RETRY))
    return [lambda p=person, o=outcome: send(review, stand_under(claim), p, o) for person, outcome in people]


WAYS = [press_twice, decide_against_a_takeover, claim_and_decide, decide_under_one_anothers_claim]


def test_two_people_who_decide_at_once_make_one_decision():
    make_queue(ROUNDS)
    holder, supervisor = make_reviewer(), make_supervisor()
    reviews = list(Review.objects.select_related("attempt"))
    acts = [WAYS[number % len(WAYS)](review, holder, supervisor) for number, review in enumerate(reviews)]
    rounds = [Round() for _ in reviews]

    def play(side: int) -> None:
        for this, act in zip(rounds, acts, strict=True):
            meet.wait()
            this.attempt(act[side])

    meet = threading.Barrier(2, timeout=PATIENCE)
    at_once(partial(play, 0), partial(play, 1))
    events = recorded(actions.DECISION_MADE)
    for number, (review, this) in enumerate(zip(reviews, rounds, strict=True)):
        made = Decision.objects.get(review=review)
        assert [event.object_id for event in events].count(str(review.attempt.public_id)) == 1
        assert fresh(review).decision == made
        assert {decision.pk for decision in this.made} == {made.pk}
        is_same_form = WAYS[number % len(WAYS)] is press_twice
        assert (len(this.made), len(this.refused)) == ((2, 0) if is_same_form else (1, 1))
    assert audit.verify().broken_at is None


def test_evidence_that_arrives_meanwhile_is_never_decided_on_unseen():
    person = make_reviewer()
    reviews = [make_review(Outcome.FAILED, has_media=False, result_code="1002") for _ in range(40)]
    held = [claims.claim(review, person=person, now=timezone.now()) for review in reviews]
    stands = [
        Stand(claim.public_id, review.version, review.evidence_digest)
        for claim, review in zip(held, reviews, strict=True)
    ]
    outcomes = [Round() for _ in reviews]
    meet = threading.Barrier(3, timeout=PATIENCE)

    def decide() -> None:
        for review, stand, this in zip(reviews, stands, outcomes, strict=True):
            meet.wait()
            this.attempt(lambda review=review, stand=stand: send(review, stand, person, REJECT))

    def answer() -> None:
        for review in reviews:
            meet.wait()
            result = make_result("1004", best_frame=None, video=None)
            attempts.record(review.pk, result, now=timezone.now(), actor=Actor.system("tests"))

    def remark() -> None:
        for review in reviews:
            meet.wait()
            notes.write(review, "meanwhile", author=person, now=timezone.now())

    at_once(decide, answer, remark)
    for review, stand, this in zip(reviews, stands, outcomes, strict=True):
        after = fresh(review)
        assert after.evidence_digest == digest_of(after.attempt) != stand.evidence_digest
        if this.made:
            assert after.decision.evidence_digest == stand.evidence_digest
            assert dossier.digest(after.decision.evidence) == stand.evidence_digest
            assert "changed" in after.signals
        else:
            assert [refusal.what for refusal in this.refused] == ["evidence"]
            assert after.state == ReviewState.OPEN
    assert audit.verify().broken_at is None


def test_claims_looks_answers_and_twins_never_wait_in_a_circle():
    """Every path that locks rows, over and over, on a few attempts that are each other's twins."""
    reviews, rounds = [], 15
    for number in range(4):
        review = make_review(Outcome.FAILED, result_code="1002", subject_reference=f"twin-{number}")
        review.attempt.media.update(declared_md5="f" * 32, md5="f" * 32)
        reviews.append(review)
    people = [make_supervisor() for _ in range(3)]

    def work(person) -> None:
        for number in range(rounds):
            review = reviews[number % len(reviews)]
            with suppress(HeldError, StaleError, RefusedError):
                claim = claims.take_over(review, person=person, reason="because", now=timezone.now())
                claims.renew(review, person=person, now=timezone.now())
                now = Review.objects.get(pk=review.pk)
                made = send(review, Stand(claim.public_id, now.version, now.evidence_digest), person, REJECT)
                decisions.undo(made, person=person, now=timezone.now())
            claims.release(review, person=person, now=timezone.now())

    def answer(step: int) -> None:
        for number in range(rounds):
            for review in reviews[::step]:
                # Each answer differs from the one before, whoever of the two was that.
                result = make_result(f"1{step % 10}{number:02}", best_frame=None, video=None)
                attempts.record(review.pk, result, now=timezone.now(), actor=Actor.system("tests"))

    def look(person) -> None:
        for _ in range(rounds):
            for file in (review.attempt.media.get(kind=MediaKind.VIDEO) for review in reviews):
                viewing.record_look(file, audit.MEDIA_DOWNLOADED, actor=Actor.user(person), now=timezone.now())

    answers = (partial(answer, 1), partial(answer, -1))
    at_once(*(partial(work, person) for person in people), *answers, partial(look, people[0]))
    for review in reviews:
        assert in_step(review.attempt).evidence_digest == fresh(review).evidence_digest
    assert {tuple(fresh(review).signals)[:1] for review in reviews} == {("seen_before",)}
    assert audit.verify().broken_at is None
