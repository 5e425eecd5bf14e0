"""Decisions made at the same time as others, or as new evidence: one counts, on what was seen."""

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial

import pytest
from django.utils import timezone

from liveness import audit
from liveness.attempts import life_cycle
from liveness.audit import Actor
from liveness.models import Outcome
from liveness.review import actions
from liveness.review.claims import claims
from liveness.review.decisions import notes
from liveness.review.decisions.decide import PageVersion
from liveness.review.exceptions import HeldError, RefusedError, StaleError
from liveness.review.models import Decision, Review, ReviewState
from liveness.review.policy import REJECT, RETRY
from liveness.review.sync import evidence_snapshot
from tests.builders import make_result
from tests.liveness.review.races.racing import PATIENCE, at_once, digest_of, make_queue, send, stand_under
from tests.liveness.review.working import fresh, make_review, make_reviewer, make_supervisor, recorded

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.postgres,
    pytest.mark.slow,
    pytest.mark.timeout(240),
]
ROUNDS = 200


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


def press_twice(review, holder, supervisor) -> list[Callable[[], Decision]]:
    """The holder presses twice: the same form is sent two times."""
    claim = claims.claim(review, person=holder, now=timezone.now())
    return [lambda: send(review, stand_under(claim), holder, REJECT)] * 2


def decide_against_a_takeover(review, holder, supervisor) -> list[Callable[[], Decision]]:
    """The holder decides while a supervisor takes the review over and decides otherwise."""
    claim = claims.claim(review, person=holder, now=timezone.now())

    def take_over() -> Decision:
        taken = claims.take_over(review, person=supervisor, reason="because", now=timezone.now())
        seen_then = PageVersion(taken.public_id, 1, review.evidence_digest)
        return send(review, seen_then, supervisor, RETRY)

    return [lambda: send(review, stand_under(claim), holder, REJECT), take_over]


def claim_and_decide(review, holder, supervisor) -> list[Callable[[], Decision]]:
    """Both see a free review, claim it, and decide."""

    def act(person, outcome) -> Decision:
        claim = claims.claim(review, person=person, now=timezone.now())
        return send(review, PageVersion(claim.public_id, 1, review.evidence_digest), person, outcome)

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
        PageVersion(claim.public_id, review.version, review.evidence_digest)
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
            life_cycle.record(review.pk, result, now=timezone.now(), actor=Actor.system("tests"))

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
            assert evidence_snapshot.digest(after.decision.evidence) == stand.evidence_digest
            assert "changed" in after.signals
        else:
            assert [refusal.what for refusal in this.refused] == ["evidence"]
            assert after.state == ReviewState.OPEN
    assert audit.verify().broken_at is None
