"""Proposals whose evidence changes."""

from dataclasses import replace

import pytest
from django.utils import timezone

from liveness.attempts import life_cycle
from liveness.models import MediaKind, Outcome
from liveness.review import actions
from liveness.review.claims import claims
from liveness.review.exceptions import RefusedError, StaleError
from liveness.review.models import Decision, DecisionOutcome, Notice, ReviewState
from liveness.review.policy import APPROVE, ESCALATE, REJECT
from tests.builders import make_media
from tests.liveness.review.working import (
    DRAFTS,
    answer_again,
    claimed,
    decide,
    fresh,
    in_step,
    make_review,
    make_reviewer,
    make_supervisor,
    recorded,
    send,
)
from tests.people import make_user

pytestmark = [pytest.mark.django_db, pytest.mark.postgres]
NOW = timezone.now()


class TestChangedEvidence:
    @pytest.fixture
    def proposal(self, review, maker):
        return decide(review, maker, REJECT)

    def test_it_cancels_the_proposal_tells_both_and_reopens(self, review, maker, second, proposal):
        claims.claim(review, person=second, now=NOW)
        before = fresh(review)
        answer_again(review, now=NOW)
        after = fresh(review)
        assert (after.state, after.proposal, after.decision) == (ReviewState.OPEN, None, None)
        assert (after.queue_at, after.version) == (review.due_at, before.version + 1)
        withdrawn = Decision.objects.get(outcome=DecisionOutcome.WITHDRAWN)
        assert (withdrawn.supersedes, withdrawn.maker, withdrawn.claim) == (proposal, None, None)
        assert withdrawn.evidence_digest == after.evidence_digest != proposal.evidence_digest
        told = set(Notice.objects.filter(kind=Notice.Kind.EVIDENCE_CHANGED).values_list("person", flat=True))
        assert told == {maker.pk, second.pk}
        [event] = recorded(actions.DECISION_CANCELLED)
        assert (event.actor, event.data["proposal"]) == ("system:review", str(proposal.public_id))

    def test_whoever_was_about_to_agree_is_stale(self, review, second, proposal):
        stand = claimed(review, second)
        answer_again(review, now=NOW)
        with pytest.raises(StaleError) as refusal:
            send(review, DRAFTS[REJECT], stand, second)
        assert refusal.value.what == "evidence"
        assert fresh(review).state == ReviewState.OPEN

    def test_a_new_file_cancels_it_too(self, review, proposal):
        make_media(review.attempt, MediaKind.VIDEO, b"another take")
        assert in_step(review.attempt).state == ReviewState.OPEN

    def test_what_is_no_evidence_cancels_nothing(self, review, proposal):
        review.attempt.media.update(verified_at=NOW, fetch_count=3)
        life_cycle.settle(review.pk, now=NOW)
        assert fresh(review).proposal == proposal

    def test_a_proposal_on_an_escalation_goes_back_there(self, review, maker):
        decide(review, make_reviewer(), ESCALATE)
        decide(review, maker, REJECT)
        answer_again(review, now=NOW)
        assert fresh(review).state == ReviewState.ESCALATED

    def test_a_proposed_correction_goes_back_to_what_was_decided(self, review, maker, second):
        decide(review, maker, REJECT)
        decide(review, second, REJECT, now=NOW)
        settled = fresh(review)
        decide(review, make_supervisor(), APPROVE)
        answer_again(review, now=NOW)
        after = fresh(review)
        assert (after.state, after.decision, after.queue_at) == (ReviewState.DECIDED, settled.decision, NOW)
        assert after.signals == ["diverged", "changed"]

    def test_a_proposal_on_what_was_lost_opens_with_the_answer(self, maker, blind):
        lost = make_review(Outcome.EXPIRED, result_code="")
        decide(lost, maker, REJECT)
        assert fresh(lost).state == ReviewState.PROPOSED
        answer_again(lost, now=NOW)
        after = fresh(lost)
        assert (after.state, after.outcome) == (ReviewState.OPEN, Outcome.FAILED)
        assert after.due_at == after.queue_at

    def test_a_second_person_who_may_not_decide_is_left_with_nothing(self, review, proposal):
        second = make_user("view_verificationattempt", "view_review", "second_review")
        stand = claimed(review, second)
        answer_again(review, now=NOW)
        now = fresh(review)
        stand = replace(stand, version=now.version, evidence_digest=now.evidence_digest)
        with pytest.raises(RefusedError, match="not decide"):
            send(review, DRAFTS[REJECT], stand, second)
