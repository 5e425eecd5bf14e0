"""Two people decide the same review, and the second does not know what the first said."""

import pytest
from django.utils import timezone

from liveness.review import actions
from liveness.review.decisions import decide as decisions_decide
from liveness.review.exceptions import RefusedError
from liveness.review.models import ReviewState
from liveness.review.policy import APPROVE, ESCALATE, REJECT, Draft
from tests.liveness.review.working import (
    claimed,
    decide,
    fresh,
    make_review,
    make_reviewer,
    make_supervisor,
    recorded,
    send,
)

pytestmark = [pytest.mark.django_db, pytest.mark.postgres]
NOW = timezone.now()


class TestBlind:
    @pytest.fixture
    def proposal(self, review, maker, blind):
        return decide(review, maker, APPROVE)

    def test_what_is_drawn_is_decided_twice(self, review, proposal):
        assert (proposal.needs_second, proposal.is_blind) == (["sample"], True)
        assert fresh(review).state == ReviewState.PROPOSED

    def test_agreement_has_reasons_and_texts_of_its_own(self, review, second, proposal):
        draft = Draft(APPROVE, ("policy.exception",), "I agree.", "Hello.")
        decision = send(review, draft, claimed(review, second), second)
        assert (decision.reasons, decision.internal_note) == (["policy.exception"], "I agree.")
        assert decision.subject_text == "Hello."
        after = fresh(review)
        assert (after.state, after.decision) == (ReviewState.DECIDED, proposal)
        [event] = recorded(actions.DECISION_CONFIRMED)
        assert event.data["is_blind"]

    def test_agreement_needs_what_any_decision_needs(self, review, maker, second, blind):
        decide(review, maker, REJECT)
        with pytest.raises(RefusedError, match="at least one reason"):
            send(review, Draft(REJECT), claimed(review, second), second)

    def test_disagreement_escalates(self, review, second, proposal):
        decide(review, second, REJECT)
        assert fresh(review).state == ReviewState.ESCALATED
        [event] = recorded(actions.DECISION_DISPUTED)
        assert (event.data["is_blind"], event.data["outcome"]) == (True, REJECT)

    def test_nobody_is_asked_a_third_time(self, review, second, proposal):
        decide(review, second, REJECT)
        last = decide(review, make_supervisor(), APPROVE)
        assert (last.needs_second, fresh(review).state) == ([], ReviewState.DECIDED)

    def test_an_escalation_is_drawn_when_it_is_decided(self, review, maker, blind):
        assert decide(review, make_reviewer(), ESCALATE).needs_second == []
        assert decide(review, maker, APPROVE).needs_second == ["sample"]

    @pytest.mark.parametrize("outcome", [APPROVE, REJECT])
    def test_a_second_look_is_not_undone_because_it_showed_the_first(self, review, second, proposal, outcome):
        decision = decide(review, second, outcome, now=NOW)
        with pytest.raises(RefusedError, match="blind"):
            decisions_decide.undo(decision, person=second, now=NOW)
        assert not decisions_decide.is_drawn(fresh(review))

    def test_the_draw_is_of_the_attempt_and_of_the_share(self, review, settings):
        settings.LIVENESS_REVIEW_SAMPLE = 0.5
        drawn = [decisions_decide.is_drawn(make_review(has_media=False)) for _ in range(40)]
        assert 5 < sum(drawn) < 35
        assert decisions_decide.is_drawn(review) == decisions_decide.is_drawn(fresh(review))
        settings.LIVENESS_REVIEW_SAMPLE = 0
        assert not decisions_decide.is_drawn(review)
