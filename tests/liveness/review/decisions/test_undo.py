"""Taking a decision back: soon, by whoever made it, and as long as nobody went on from it."""

from datetime import timedelta

import pytest
from django.utils import timezone

from liveness import audit
from liveness.audit import Actor
from liveness.exceptions import ChainError
from liveness.models import AuditHead, Outcome
from liveness.review import actions
from liveness.review.claims import claims
from liveness.review.decisions import decide as decisions_decide
from liveness.review.exceptions import RefusedError
from liveness.review.models import Claim, Decision, DecisionOutcome, Notice, ReviewState
from liveness.review.policy import APPROVE, ESCALATE, REJECT, RETRY
from tests.builders import make_attempt
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
    reopen,
    send,
    stand_of,
)

pytestmark = [pytest.mark.django_db, pytest.mark.postgres]
NOW = timezone.now()
SOON = NOW + timedelta(seconds=30)


@pytest.fixture(autouse=True)
def _settings(settings):
    settings.LIVENESS_REVIEW_UNDO = 30


@pytest.fixture
def person():
    return make_supervisor()


def undo(decision, person, now=SOON) -> Claim:
    return decisions_decide.undo(decision, person=person, now=now)


def assert_refused(decision, person, match, now=SOON):
    before = fresh(decision.review)
    with pytest.raises(RefusedError, match=match):
        undo(decision, person, now)
    after = fresh(decision.review)
    assert (after.state, after.version, after.decision) == (before.state, before.version, before.decision)
    assert match in decisions_decide.why_not_undo(after, decision, person, now)


class TestUndo:
    def test_it_puts_the_review_back_into_the_hands_of_its_maker(self, review, person):
        decision = decide(review, person, APPROVE, now=NOW)
        claim = undo(decision, person)
        after = fresh(review)
        assert (after.state, after.decision, after.queue_at) == (ReviewState.OPEN, None, review.due_at)
        assert after.version == review.version + 2
        assert (claim.holder, claim.review, claim.expires_at) == (person, review, SOON + timedelta(seconds=300))
        assert send(review, DRAFTS[RETRY], stand_of(claim), person).sequence == 3

    def test_it_is_a_row_that_supersedes_and_the_first_stays(self, review, person):
        decision = decide(review, person, APPROVE, now=NOW)
        undo(decision, person)
        withdrawn = Decision.objects.get(outcome=DecisionOutcome.WITHDRAWN)
        assert (withdrawn.supersedes, withdrawn.maker, withdrawn.decided_at) == (decision, person, SOON)
        decision.refresh_from_db()
        assert decision.outcome == APPROVE

    def test_it_is_recorded_with_what_was_undone(self, review, person):
        decision = decide(review, person, APPROVE, now=NOW)
        undo(decision, person)
        [event] = recorded(actions.DECISION_UNDONE)
        assert event.actor == Actor.user(person).name
        undone = {"decision": str(decision.public_id), "action": actions.DECISION_MADE, "outcome": APPROVE}
        assert event.data["undoes"].items() >= undone.items()
        assert audit.verify().broken_at is None

    def test_one_that_cannot_be_recorded_is_none(self, review, person):
        decision = decide(review, person, APPROVE, now=NOW)
        AuditHead.objects.update(hash="f" * 64)
        with pytest.raises(ChainError):
            undo(decision, person)
        assert fresh(review).decision == decision
        assert not Claim.objects.active().exists()

    def test_an_escalation_can_be_undone(self, review):
        person = make_reviewer()
        undo(decide(review, person, ESCALATE, now=NOW), person)
        assert fresh(review).state == ReviewState.OPEN

    def test_a_proposal_can_be_undone(self, review, person):
        undo(decide(review, person, REJECT, now=NOW), person)
        after = fresh(review)
        assert (after.state, after.proposal, after.decision) == (ReviewState.OPEN, None, None)
        assert recorded(actions.DECISION_UNDONE)[0].data["undoes"]["action"] == actions.DECISION_PROPOSED

    def test_a_correction_gives_way_to_what_it_corrected(self, review, person):
        first = decide(review, make_reviewer(), APPROVE, now=NOW - timedelta(hours=1))
        undo(decide(review, person, RETRY, now=NOW), person)
        after = fresh(review)
        assert (after.state, after.decision) == (ReviewState.DECIDED, first)
        assert after.queue_at == first.decided_at
        assert recorded(actions.DECISION_UNDONE)[0].data["undoes"]["replaces"]["outcome"] == APPROVE

    def test_what_was_lost_is_lost_again(self, person):
        lost = make_review(Outcome.EXPIRED, result_code="")
        undo(decide(lost, person, RETRY, now=NOW), person)
        after = fresh(lost)
        assert (after.state, after.queue_at, after.due_at) == (ReviewState.LOST, lost.ready_at, None)


class TestSecond:
    @pytest.fixture
    def proposal(self, review):
        return decide(review, make_reviewer(), REJECT, now=NOW)

    def test_agreement_can_be_undone(self, review, person, proposal):
        decision = decide(review, person, REJECT, now=NOW)
        undo(decision, person)
        after = fresh(review)
        assert (after.state, after.proposal, after.decision) == (ReviewState.PROPOSED, proposal, None)
        assert after.queue_at == review.due_at
        assert recorded(actions.DECISION_UNDONE)[0].data["undoes"]["action"] == actions.DECISION_CONFIRMED

    @pytest.mark.parametrize("outcome", [REJECT, APPROVE])
    def test_a_proposal_whose_evidence_changed_does_not_come_back(self, review, person, proposal, outcome):
        decision = decide(review, person, outcome, now=NOW)
        answer_again(review, now=NOW)
        claim = undo(decision, person)
        after = fresh(review)
        assert (after.state, after.proposal, after.decision) == (ReviewState.OPEN, None, None)
        assert after.signals == ["diverged"]
        assert [row.outcome for row in review.decisions.order_by("sequence")][2:] == ["withdrawn", "withdrawn"]
        names = [event.action for event in recorded(actions.DECISION_UNDONE, actions.DECISION_CANCELLED)]
        assert names == [actions.DECISION_UNDONE, actions.DECISION_CANCELLED]
        assert [notice.person for notice in Notice.objects.all()] == [proposal.maker]
        send(review, DRAFTS[APPROVE], stand_of(claim), person)
        assert fresh(review).decision.evidence_digest == after.evidence_digest

    def test_a_correction_whose_evidence_changed_leaves_what_it_corrected(self, review, person):
        first = decide(review, make_reviewer(), APPROVE)
        decide(review, make_reviewer(), REJECT)
        decision = decide(review, person, REJECT, now=NOW)
        answer_again(review, now=NOW)
        undo(decision, person)
        after = fresh(review)
        assert (after.state, after.proposal, after.decision) == (ReviewState.DECIDED, None, first)
        assert after.signals == ["diverged", "changed"]

    def test_disagreement_can_be_undone_and_its_notice_goes_with_it(self, review, person, proposal):
        Notice.objects.create(person=person, review=review, kind=Notice.Kind.TAKEN_OVER, text="kept", created_at=NOW)
        undo(decide(review, person, APPROVE, now=NOW), person)
        assert fresh(review).proposal == proposal
        assert [notice.text for notice in Notice.objects.all()] == ["kept"]
        assert recorded(actions.DECISION_UNDONE)[0].data["undoes"]["action"] == actions.DECISION_DISPUTED

    def test_whoever_proposed_cannot_undo_what_was_agreed_on(self, review, person, proposal):
        decide(review, person, REJECT, now=NOW)
        assert_refused(proposal, proposal.maker, "newest")

    def test_it_can_be_made_anew(self, review, person, proposal):
        undo(decide(review, person, APPROVE, now=NOW), person)
        decide(review, person, REJECT)
        assert fresh(review).decision == proposal


class TestRefused:
    def test_after_the_window(self, review, person):
        decision = decide(review, person, APPROVE, now=NOW)
        assert_refused(decision, person, "too late", SOON + timedelta(microseconds=1))
        assert undo(decision, person)

    def test_where_the_settings_leave_no_window(self, review, person, settings):
        settings.LIVENESS_REVIEW_UNDO = 0
        assert_refused(decide(review, person, APPROVE, now=NOW), person, "too late", NOW + timedelta(milliseconds=1))

    def test_somebody_elses(self, review, person):
        assert_refused(decide(review, person, APPROVE, now=NOW), make_supervisor(), "whoever made it")

    def test_one_that_somebody_corrected(self, review, person):
        decision = decide(review, person, APPROVE, now=NOW)
        decide(review, make_reviewer(), RETRY, now=NOW)
        assert_refused(decision, person, "newest")

    def test_a_review_that_somebody_claimed(self, review, person):
        decision = decide(review, person, APPROVE, now=NOW)
        other = make_reviewer()
        claims.claim(review, person=other, now=NOW)
        assert_refused(decision, person, "already works")
        claims.release(review, person=other, now=NOW)
        assert undo(decision, person)

    def test_twice(self, review, person):
        decision = decide(review, person, APPROVE, now=NOW)
        undo(decision, person)
        claims.release(review, person=person, now=NOW)
        assert_refused(decision, person, "newest")

    @pytest.mark.parametrize("outcome", [APPROVE, REJECT, ESCALATE])
    def test_an_undoing_is_not_undone(self, review, person, outcome):
        undo(decide(review, person, outcome, now=NOW), person)
        claims.release(review, person=person, now=NOW)
        assert_refused(Decision.objects.get(outcome=DecisionOutcome.WITHDRAWN), person, "newest")

    def test_a_proposal_that_was_cancelled(self, review, person):
        decision = decide(review, person, REJECT, now=NOW)
        answer_again(review, now=NOW)
        assert_refused(decision, person, "newest")


def test_ones_own_new_claim_is_no_obstacle(review, person):
    decision = decide(review, person, APPROVE, now=NOW)
    claim = claims.claim(review, person=person, now=NOW)
    assert undo(decision, person) == claim
    assert fresh(review).state == ReviewState.OPEN


def test_evidence_that_changed_before_the_undoing_stays_changed(review, person):
    decision = decide(review, person, APPROVE, now=NOW)
    answer_again(review, now=NOW)
    assert fresh(review).signals == ["diverged", "changed"]
    undo(decision, person)
    after = fresh(review)
    assert (after.state, after.signals) == (ReviewState.OPEN, ["diverged"])


def test_a_correction_that_is_undone_shows_again_that_the_evidence_changed(review, person):
    decide(review, make_reviewer(), APPROVE, now=NOW)
    answer_again(review, now=NOW)
    decision = decide(review, person, RETRY, now=NOW)
    assert fresh(review).signals == ["diverged"]
    undo(decision, person)
    assert fresh(review).signals == ["diverged", "changed"]


def test_what_was_lost_waits_if_its_attempt_was_reopened_meanwhile(person):
    attempt = make_attempt(outcome=Outcome.INVALID, result_code="")
    review = in_step(attempt)
    decision = decide(review, person, RETRY, now=NOW)
    reopen(attempt, now=NOW)
    assert fresh(review).state == ReviewState.DECIDED
    undo(decision, person)
    after = fresh(review)
    assert (after.state, after.queue_at) == (ReviewState.WAITING, attempt.expires_at)


def test_the_claim_of_the_undone_decision_decides_nothing_more(review, person):
    stand = claimed(review, person)
    decision = send(review, DRAFTS[APPROVE], stand, person, now=NOW)
    undo(decision, person)
    assert Claim.objects.active().get().public_id != stand.claim
