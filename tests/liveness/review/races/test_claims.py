"""Many people who claim at once: nobody gets what somebody else has, and nothing is skipped."""

from contextlib import suppress
from functools import partial

import pytest
from django.http import QueryDict
from django.utils import timezone

from liveness import audit
from liveness.attempts import life_cycle
from liveness.audit import Actor
from liveness.media import access_log
from liveness.models import AuditEvent, MediaKind, Outcome, VerificationAttempt
from liveness.review import actions
from liveness.review.claims import claims
from liveness.review.decisions import decide
from liveness.review.decisions.decide import PageVersion
from liveness.review.decisions.viewing_proof import Seen
from liveness.review.exceptions import HeldError, RefusedError, StaleError
from liveness.review.models import Claim, Decision, Review, ReviewState
from liveness.review.policy import REJECT
from liveness.review.queue import next_review
from liveness.review.queue.filters import View
from tests.builders import make_result
from tests.liveness.review.races.racing import at_once, make_queue, send, stand_under
from tests.liveness.review.working import DRAFTS, fresh, in_step, make_review, make_reviewer, make_supervisor, recorded

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.postgres,
    pytest.mark.slow,
    pytest.mark.timeout(240),
]
PEOPLE, QUEUE, FEW = 8, 500, 100


def empty_queue(person) -> None:
    while claim := claims.claim_next(Review.objects.all(), person=person, now=timezone.now()):
        decide.decide(claim.review, DRAFTS[REJECT], stand_under(claim), Seen(), person=person, now=timezone.now())


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
    while found := next_review.go_on(view, view, person, timezone.now(), leaving=page):
        claim, _ = found
        again = next_review.go_on(view, view, person, timezone.now())
        assert again and again[0] == claim
        decide.decide(claim.review, DRAFTS[REJECT], stand_under(claim), Seen(), person=person, now=timezone.now())
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
                made = send(review, PageVersion(claim.public_id, now.version, now.evidence_digest), person, REJECT)
                decide.undo(made, person=person, now=timezone.now())
            claims.release(review, person=person, now=timezone.now())

    def answer(step: int) -> None:
        for number in range(rounds):
            for review in reviews[::step]:
                # Each answer differs from the one before, whoever of the two was that.
                result = make_result(f"1{step % 10}{number:02}", best_frame=None, video=None)
                life_cycle.record(review.pk, result, now=timezone.now(), actor=Actor.system("tests"))

    def look(person) -> None:
        for _ in range(rounds):
            for file in (review.attempt.media.get(kind=MediaKind.VIDEO) for review in reviews):
                access_log.record_look(file, audit.MEDIA_DOWNLOADED, actor=Actor.user(person), now=timezone.now())

    answers = (partial(answer, 1), partial(answer, -1))
    at_once(*(partial(work, person) for person in people), *answers, partial(look, people[0]))
    for review in reviews:
        assert in_step(review.attempt).evidence_digest == fresh(review).evidence_digest
    assert {tuple(fresh(review).signals)[:1] for review in reviews} == {("seen_before",)}
    assert audit.verify().broken_at is None
