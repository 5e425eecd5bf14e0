"""What the page of a review keeps to itself while a blind second decision is due."""

import pytest
from django.utils import timezone

from liveness.models import Outcome
from liveness.review.decisions import decide as decisions_decide
from liveness.review.decisions import notes
from liveness.review.models import ReviewState
from liveness.review.policy import APPROVE, ESCALATE, REJECT
from tests.liveness.review.pages import address, claimed, reviewer, supervisor
from tests.liveness.review.working import decide, fresh, make_review, make_reviewer, propose_again
from tests.people import signed_in

pytestmark = pytest.mark.django_db


class TestBlind:
    @pytest.fixture
    def drawn(self, settings):
        settings.LIVENESS_REVIEW_SAMPLE = 1
        maker = make_reviewer()
        maker.username = "maker-of-the-first"
        maker.save()
        review = make_review(Outcome.PASSED)
        decide(review, maker, REJECT, internal_note="A note that must stay hidden.")
        return fresh(review), maker

    def test_nothing_of_the_first_decision_is_on_the_page(self, drawn):
        review, maker = drawn
        assert review.state == ReviewState.PROPOSED and review.proposal.is_blind
        client = supervisor()[1]
        for page in (client.get(address(review)), claimed(client, review)):
            text = page.text.replace('value="reject"', "").replace('value="attack.print"', "")
            for hidden in (
                maker.get_username(),
                "A note that must stay hidden.",
                "Rejected",
                "Proposed: Reject",
                "Confirm:",
            ):
                assert hidden not in text, hidden
            assert str(review.proposal.public_id) not in text
            assert "it contradicts the vendor" not in text and page.context["history"] == []
            assert "Quality check" in text

    def test_no_choice_is_marked_or_told_apart(self, drawn):
        page = claimed(supervisor()[1], drawn[0])
        assert not any(choice.is_chosen for choice in page.context["choices"])
        told = {str(choice.consequence) for choice in page.context["choices"] if choice.outcome != ESCALATE}
        assert len(told) == 1
        assert not any(box.is_chosen for boxes in page.context["reasons"].values() for box in boxes)

    @pytest.mark.parametrize("is_undone", [True, False])
    def test_nothing_of_a_proposal_that_was_withdrawn_is_either(self, drawn, settings, is_undone):
        settings.LIVENESS_REVIEW_UNDO = 30
        maker, review = drawn[1], make_review()
        propose_again(review, maker, REJECT, is_undone=is_undone, internal_note="A note that must stay hidden.")
        assert fresh(review).proposal.is_blind
        second, client = supervisor()
        for page in (client.get(address(review)), claimed(client, review)):
            assert page.context["history"] == []
            for hidden in (maker.get_username(), "must stay hidden", "Withdrawn", "Proposed: Reject"):
                assert hidden not in page.text, hidden
        decide(review, second, REJECT)
        assert "A note that must stay hidden." in client.get(address(review)).text

    def test_nor_is_what_its_maker_escalated_and_took_back(self, settings):
        settings.LIVENESS_REVIEW_SAMPLE, settings.LIVENESS_REVIEW_UNDO = 1, 30
        review, maker = make_review(), make_reviewer()
        escalated = decide(review, maker, ESCALATE)
        decisions_decide.undo(escalated, person=maker, now=timezone.now())
        decide(review, maker, REJECT)
        assert supervisor()[1].get(address(review)).context["history"] == []

    def test_what_others_escalated_is_told(self, settings):
        settings.LIVENESS_REVIEW_SAMPLE = 1
        review, maker = make_review(), supervisor()[0]
        decide(review, make_reviewer(), ESCALATE)
        decide(review, maker, REJECT)
        [entry] = supervisor()[1].get(address(review)).context["history"]
        assert entry.decision.outcome == ESCALATE

    def test_the_maker_s_notes_are_read_after_the_second_decision(self, drawn):
        (review, maker), (second, client) = drawn, supervisor()
        notes.write(review, "The light was odd.", author=maker, now=timezone.now())
        notes.write(review, "Mine.", author=second, now=timezone.now())
        text = client.get(address(review)).text
        assert "The light was odd." not in text and "Mine." in text
        assert "is shown after the second decision" in text
        maker.user_permissions.add(*second.user_permissions.all())
        assert "The light was odd." in signed_in(maker).get(address(review)).text
        decide(review, second, REJECT)
        assert "The light was odd." in client.get(address(review)).text

    def test_its_maker_sees_his_own(self, drawn):
        review, maker = drawn
        maker.user_permissions.add(*supervisor()[0].user_permissions.all())
        assert "A note that must stay hidden." in signed_in(maker).get(address(review)).text

    def test_others_who_look_are_shown_nothing_either(self, drawn):
        page = reviewer()[1].get(address(drawn[0]))
        assert "must stay hidden" not in page.text and "maker-of-the-first" not in page.text
        # Neither is somebody told to decide who may not.
        assert "waits for somebody who may approve it" in page.text and "Decide as if" not in page.text
        assert "Decide as if" in supervisor()[1].get(address(drawn[0])).text

    def test_after_the_second_decision_both_are_shown(self, drawn):
        review, maker = drawn
        decide(review, supervisor()[0], APPROVE)
        page = supervisor()[1].get(address(review))
        assert [entry.decision.outcome for entry in page.context["history"]] == [APPROVE, REJECT]
        assert "Disagreement: escalated to a third person" in page.text and maker.get_username() in page.text

    def test_a_first_reviewer_does_not_learn_that_it_was_drawn(self, settings):
        settings.LIVENESS_REVIEW_SAMPLE = 0.5
        pages = [claimed(reviewer()[1], make_review()) for _ in range(12)]
        told = {
            str(choice.consequence) for page in pages for choice in page.context["choices"] if choice.outcome == APPROVE
        }
        assert told == {"Decides the review. A quality check may follow."}
