"""Two people: what needs a second one, who that may be, and what becomes of the proposal."""

from datetime import timedelta

import pytest
from django.utils import timezone

from liveness.audit import Actor
from liveness.models import Outcome
from liveness.review import actions
from liveness.review.claims import claims
from liveness.review.decisions import decide as decisions_decide
from liveness.review.decisions import decision_record
from liveness.review.decisions.decide import PageVersion
from liveness.review.decisions.decision_record import DecisionAct
from liveness.review.decisions.second_approval import decide as decide_second
from liveness.review.decisions.viewing_proof import Seen
from liveness.review.exceptions import HeldError, RefusedError
from liveness.review.models import Claim, Notice, Review, ReviewState, Stage
from liveness.review.policy import APPROVE, ESCALATE, REJECT, RETRY, Draft
from tests.liveness.review.working import (
    DRAFTS,
    answer_again,
    claimed,
    decide,
    fresh,
    make_review,
    make_reviewer,
    make_supervisor,
    recorded,
    send,
)
from tests.people import make_user

pytestmark = [pytest.mark.django_db, pytest.mark.postgres]
NOW = timezone.now()


class TestProposal:
    @pytest.mark.parametrize(
        ("outcome", "draft", "needs"),
        [
            (Outcome.PASSED, DRAFTS[REJECT], ["override"]),
            (Outcome.FAILED, DRAFTS[APPROVE], ["override"]),
            (Outcome.FAILED, Draft(REJECT, ("attack.deepfake",)), ["reason"]),
            (Outcome.PASSED, Draft(REJECT, ("attack.injection",), "why"), ["override", "reason"]),
            (Outcome.PASSED, DRAFTS[APPROVE], []),
            (Outcome.FAILED, DRAFTS[REJECT], []),
            (Outcome.PASSED, Draft(ESCALATE, ("attack.injection",), "why"), []),
        ],
    )
    def test_the_rules_say_what_needs_two_people(self, maker, outcome, draft, needs):
        review = make_review(outcome)
        decision = send(review, draft, claimed(review, maker), maker)
        after = fresh(review)
        assert decision.needs_second == needs
        assert (after.state == ReviewState.PROPOSED) == bool(needs)
        assert after.proposal == (decision if needs else None)
        if needs:
            assert (after.decision, after.queue_at) == (None, review.due_at)
            assert [event.data["decision"] for event in recorded(actions.DECISION_PROPOSED)] == [
                str(decision.public_id)
            ]

    def test_the_settings_can_do_without(self, review, maker, settings):
        settings.LIVENESS_REVIEW_SECOND_ON_OVERRIDE = False
        decide(review, maker, REJECT)
        assert fresh(review).state == ReviewState.DECIDED


class TestSecond:
    @pytest.fixture
    def proposal(self, review, maker):
        return decide(review, maker, REJECT)

    def test_the_maker_is_refused_even_under_a_claim(self, review, maker, proposal):
        # No way leads to such a claim; the decision does not rely on that.
        now = fresh(review)
        claim = Claim.objects.create(
            review=review, holder=maker, claimed_at=NOW, seen_at=NOW, expires_at=NOW + timedelta(minutes=5)
        )
        stand = PageVersion(claim.public_id, now.version, now.evidence_digest)
        with pytest.raises(RefusedError, match="somebody else"):
            send(review, DRAFTS[REJECT], stand, maker)
        assert fresh(review).proposal == proposal

    def test_the_maker_is_refused_whatever_let_him_come_so_far(self, review, maker, proposal):
        now = fresh(review)
        act = DecisionAct(now, proposal.claim, DRAFTS[REJECT], Seen(), {}, maker, NOW)
        with pytest.raises(RefusedError, match="somebody else"):
            decide_second(act)

    def test_whoever_may_only_review_is_refused(self, review, proposal):
        with pytest.raises(HeldError, match="may approve it"):
            decide(review, make_reviewer(), REJECT)

    def test_agreement_puts_the_proposal_in_force(self, review, maker, second, proposal):
        decision = decide(review, second, REJECT, now=NOW)
        after = fresh(review)
        assert (after.state, after.decision, after.proposal) == (ReviewState.DECIDED, proposal, None)
        assert after.queue_at == NOW
        assert (decision.stage, decision.proposal, decision.maker) == (Stage.SECOND, proposal, second)
        [event] = recorded(actions.DECISION_CONFIRMED)
        assert (event.actor, event.data["is_blind"]) == (Actor.user(second).name, False)
        assert not Notice.objects.exists()

    def test_agreement_stands_on_the_reasons_that_were_shown_and_says_nothing_else(self, review, second, proposal):
        decision = send(review, Draft(REJECT, ("attack.mask",)), claimed(review, second), second)
        assert (decision.reasons, decision.reasons_version) == (proposal.reasons, proposal.reasons_version)
        assert decision.subject_text == proposal.subject_text
        # The first person's note is not put into the second one's mouth.
        assert (proposal.internal_note, decision.internal_note) == (DRAFTS[REJECT].internal_note, "")

    def test_agreement_sent_twice_is_one(self, review, second, proposal):
        stand = claimed(review, second)
        first = send(review, Draft(REJECT), stand, second)
        assert send(review, Draft(REJECT), stand, second) == first
        assert len(recorded(actions.DECISION_CONFIRMED)) == 1

    def test_agreement_is_possible_after_the_catalogue_changed(self, review, second, proposal, settings):
        settings.LIVENESS_REVIEW_REASONS = "tests.liveness.review.test_checks.ENOUGH"
        decision = send(review, Draft(REJECT), claimed(review, second), second)
        assert (fresh(review).state, decision.reasons) == (ReviewState.DECIDED, proposal.reasons)

    def test_agreement_to_approve_needs_a_look_of_ones_own(self, maker, second):
        failed = make_review(Outcome.FAILED)
        decide(failed, maker, APPROVE)
        claim = claims.claim(failed, person=second, now=NOW)
        now = fresh(failed)
        stand = PageVersion(claim.public_id, now.version, now.evidence_digest)
        with pytest.raises(RefusedError, match="Open the picture"):
            send(failed, Draft(APPROVE), stand, second)

    @pytest.mark.parametrize("outcome", [APPROVE, RETRY, ESCALATE])
    def test_disagreement_escalates_and_tells_the_maker(self, review, maker, second, proposal, outcome):
        decision = decide(review, second, outcome)
        after = fresh(review)
        assert (after.state, after.decision, after.proposal) == (ReviewState.ESCALATED, None, None)
        assert after.queue_at == review.due_at
        assert decision.reasons == list(DRAFTS[outcome].reasons)
        notice = Notice.objects.get()
        assert (notice.person, notice.kind, notice.review) == (maker, Notice.Kind.DISAGREED, review)
        assert len(recorded(actions.DECISION_DISPUTED)) == 1

    def test_disagreement_needs_reasons_of_its_own(self, review, second, proposal):
        with pytest.raises(RefusedError, match="at least one reason"):
            send(review, Draft(RETRY, (), "", "Again, please."), claimed(review, second), second)

    def test_a_third_person_decides_what_two_disagreed_on(self, review, maker, second, proposal):
        decide(review, second, APPROVE)
        last = decide(review, make_supervisor(), APPROVE)
        assert fresh(review).decision == last
        assert audit_of(review) == ["proposed", "disputed", "made"]

    @pytest.mark.parametrize("is_blind", [True, False])
    def test_neither_of_two_who_disagree_settles_it(self, review, maker, second, settings, is_blind):
        settings.LIVENESS_REVIEW_SAMPLE = int(is_blind)
        decide(review, maker, REJECT)
        decide(review, second, APPROVE)
        for person in (maker, second):
            with pytest.raises(HeldError, match="somebody else has to settle it"):
                claims.claim(review, person=person, now=NOW)
            with pytest.raises(HeldError, match="somebody else has to settle it"):
                claims.take_over(review, person=person, reason="mine", now=NOW)
            assert claims.claim_next(Review.objects.all(), person=person, now=NOW) is None
        third = make_supervisor()
        assert claims.claim_next(Review.objects.all(), person=third, now=NOW).review == review

    @pytest.mark.parametrize("is_blind", [True, False])
    def test_neither_of_them_corrects_how_it_was_settled(self, review, maker, second, settings, is_blind):
        settings.LIVENESS_REVIEW_SAMPLE = int(is_blind)
        decide(review, maker, REJECT)
        decide(review, second, RETRY)
        third = make_supervisor()
        decide(review, third, APPROVE)
        assert fresh(review).state == ReviewState.DECIDED
        maker.user_permissions.add(*second.user_permissions.all())
        for person in (type(maker).objects.get(pk=maker.pk), second):
            with pytest.raises(HeldError, match="somebody else has to correct it"):
                claims.claim(review, person=person, now=NOW)
        assert decide(review, third, RETRY).supersedes
        with pytest.raises(HeldError, match="somebody else has to correct it"):
            claims.claim(review, person=second, now=NOW)

    def test_whoever_confirmed_what_is_in_force_may_correct_it(self, review, maker, second, proposal):
        decide(review, second, REJECT)
        assert claims.claim(review, person=second, now=NOW)

    def test_a_disagreement_that_was_taken_back_keeps_nobody_out(self, review, maker, second, settings):
        settings.LIVENESS_REVIEW_UNDO = 30
        decide(review, make_reviewer(), ESCALATE)
        decide(review, maker, REJECT)
        decisions_decide.undo(decide(review, second, APPROVE), person=second, now=timezone.now())
        answer_again(review)
        claims.release(review, person=second, now=NOW)
        assert fresh(review).state == ReviewState.ESCALATED
        assert claims.claim(review, person=maker, now=NOW)

    def test_a_third_person_s_undoing_leaves_the_disagreement(self, review, maker, second, settings):
        settings.LIVENESS_REVIEW_UNDO = 30
        decide(review, maker, REJECT)
        decide(review, second, APPROVE)
        third = make_supervisor()
        decisions_decide.undo(decide(review, third, APPROVE), person=third, now=timezone.now())
        claims.release(review, person=third, now=NOW)
        for person in (maker, second):
            with pytest.raises(HeldError, match="somebody else"):
                claims.claim(review, person=person, now=NOW)
        decide(review, third, ESCALATE)
        assert claims.claim(review, person=maker, now=NOW)

    def test_the_second_person_needs_no_permission_to_review(self, review, proposal):
        second = make_user("view_verificationattempt", "view_review", "second_review")
        decide(review, second, REJECT)
        assert fresh(review).state == ReviewState.DECIDED


def audit_of(review) -> list[str]:
    """What became of the review, as the chain tells it."""
    names = [getattr(actions, name) for name in dir(actions) if name.startswith("DECISION_")]
    return [event.action.rpartition(".")[2] for event in recorded(*names)]


class TestCorrection:
    @pytest.fixture
    def settled(self, review, maker, second):
        proposal = decide(review, maker, REJECT)
        decide(review, second, REJECT)
        return proposal

    def test_one_person_does_not_overrule_two(self, review, settled):
        third = make_supervisor()
        decision = decide(review, third, APPROVE)
        after = fresh(review)
        assert decision.needs_second == ["correction"]
        assert (after.state, after.decision, after.proposal) == (ReviewState.PROPOSED, settled, decision)
        decide(review, make_supervisor(), APPROVE)
        assert fresh(review).decision == decision
        assert decision.supersedes == settled

    def test_the_first_maker_may_be_the_second_person_of_the_correction(self, review, maker, settled):
        decide(review, make_supervisor(), APPROVE)
        decide(review, maker, APPROVE)
        assert fresh(review).decision.outcome == APPROVE

    def test_a_correction_that_is_disputed_leaves_the_decision_in_force(self, review, maker, settled):
        decide(review, make_supervisor(), APPROVE)
        decide(review, maker, REJECT)
        after = fresh(review)
        assert (after.state, after.decision) == (ReviewState.ESCALATED, settled)


def test_the_rules_are_those_of_the_settings(settings):
    settings.LIVENESS_REVIEW_SECOND_ON_OVERRIDE = False
    settings.LIVENESS_REVIEW_SECOND_ON_REASONS = ["attack.mask"]
    settings.LIVENESS_REVIEW_REQUIRE_OPENED = False
    settings.LIVENESS_REVIEW_MIN_PLAYED = "0.5"
    assert decisions_decide.rules() == decision_record.Rules(False, frozenset({"attack.mask"}), False, 0.5)
