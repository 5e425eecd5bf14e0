"""What the page of a review says in each state that the review can be in, and to whom."""

from datetime import timedelta

import pytest
from django.utils import timezone

from liveness.models import Outcome
from liveness.review.decisions import decide as decisions_decide
from liveness.review.decisions import notes
from liveness.review.models import ReviewState
from liveness.review.policy import APPROVE, ESCALATE, REJECT, RETRY
from tests.builders import make_attempt
from tests.liveness.review.pages import address, claimed, has_form, reviewer, supervisor
from tests.liveness.review.working import REVIEWER, decide, fresh, in_step, make_review, make_reviewer
from tests.people import make_user, signed_in

pytestmark = pytest.mark.django_db
SECRET = "The edge of the paper shows."


class TestWaiting:
    def test_it_counts_down_and_offers_nothing(self):
        now = timezone.now()
        attempt = make_attempt(
            issued_at=now - timedelta(minutes=30), last_polled_at=now, last_error="the vendor is slow"
        )
        page = reviewer()[1].get(address(in_step(attempt)))
        assert "Waiting for the vendor" in page.text and "the vendor is slow" in page.text
        assert 5390 < page.context["window_left"] <= 5400
        assert "There is nothing to decide" in page.text
        assert not has_form(page, "claim/") and not has_form(page, "decide/")

    def test_a_closed_window_counts_nothing(self):
        attempt = make_attempt(issued_at=timezone.now() - timedelta(hours=3))
        page = reviewer()[1].get(address(in_step(attempt)))
        assert "window closed" in page.text and "data-clock-left" not in page.text

    def test_claiming_it_anyway_is_refused_in_words(self):
        page = reviewer()[1].post(address(in_step(make_attempt()), "claim/"), follow=True)
        assert "The vendor has not answered yet" in page.text


class TestLost:
    @pytest.fixture
    def review(self):
        return make_review(Outcome.EXPIRED, has_media=False, last_error="no answer before the token ran out")

    def test_it_says_why_when_and_what_can_be_done(self, review):
        assert review.state == ReviewState.LOST
        page = reviewer()[1].get(address(review))
        assert "No answer before the token ran out." in page.text
        assert "That takes a new token" in page.text

    def test_approving_is_barred_and_asking_to_retry_is_not(self, review):
        page = claimed(reviewer()[1], review)
        barred = {choice.outcome: bool(choice.obstacle) for choice in page.context["choices"]}
        assert barred == {APPROVE: True, REJECT: False, RETRY: False, ESCALATE: False}
        assert "there is nothing to approve" in page.text


class TestDecided:
    def test_the_decision_in_force_stands_on_top_and_can_be_corrected(self):
        review, maker = make_review(), make_reviewer()
        decide(review, maker, RETRY)
        page = reviewer()[1].get(address(review))
        assert page.context["in_force"].decision.outcome == RETRY
        assert "Asked to retry" in page.text and maker.get_username() in page.text
        assert "Please find more light." in page.text and "Correct this decision" in page.text

    def test_a_correction_leaves_both_in_the_history(self):
        review = make_review()
        decide(review, make_reviewer(), RETRY)
        decide(review, make_reviewer(), APPROVE)
        page = reviewer()[1].get(address(review))
        told = [(str(entry.words), str(entry.standing)) for entry in page.context["history"]]
        assert told == [("Approved", "In force"), ("Asked to retry", "Superseded")]

    def test_a_withdrawn_decision_is_told_with_what_it_undid(self):
        review, maker = make_review(), make_reviewer()
        decisions_decide.undo(decide(review, maker, APPROVE), person=maker, now=timezone.now())
        page = reviewer()[1].get(address(review))
        told = [(str(entry.words), str(entry.standing)) for entry in page.context["history"]]
        assert told == [("Withdrawn", ""), ("Approved", "Withdrawn")]
        assert "undoes no. 1" in page.text

    def test_it_tells_what_was_seen(self):
        review, maker = make_review(), make_reviewer()
        decide(review, maker, APPROVE)
        (entry,) = reviewer()[1].get(address(review)).context["history"]
        assert [str(look.kind) for look in entry.looks] == ["Best frame", "Video"]
        assert all(look.opened_at for look in entry.looks) and entry.played is None

    def test_correcting_what_two_people_decided_needs_two_again(self):
        review = make_review(Outcome.PASSED)
        decide(review, make_reviewer(), REJECT)
        decide(review, supervisor()[0], REJECT)
        page = claimed(reviewer()[1], review)
        told = {choice.outcome: str(choice.consequence) for choice in page.context["choices"]}
        assert told[APPROVE] == "A second person has to agree, because it corrects what two people decided."
        assert told[ESCALATE] == "A supervisor decides."


class TestEscalated:
    def test_a_reviewer_reads_why_he_cannot_decide(self):
        review = make_review()
        decide(review, make_reviewer(), ESCALATE)
        page = reviewer()[1].get(address(review))
        assert "Escalated reviews are decided by a supervisor." in page.text
        assert has_form(supervisor()[1].get(address(review)), "claim/")


class TestSecond:
    @pytest.fixture
    def proposed(self):
        review, maker = make_review(Outcome.PASSED), make_reviewer()
        decide(review, maker, REJECT)
        return fresh(review), maker

    def test_the_second_person_sees_the_proposal_and_confirms_by_one_button(self, proposed):
        review, maker = proposed
        page = claimed(supervisor()[1], review)
        assert "Proposed: Reject" in page.text and "Confirm: Reject" in page.text
        assert SECRET in page.text and "Printed photo" in page.text and maker.get_username() in page.text
        assert "because it contradicts the vendor" in page.text

    def test_the_maker_reads_that_somebody_else_has_to_approve(self, proposed):
        review, maker = proposed
        maker.user_permissions.add(*supervisor()[0].user_permissions.all())
        page = signed_in(maker).get(address(review))
        assert "You made this proposal, so somebody else has to approve it." in page.text
        assert not has_form(page, "claim/") and "Confirm:" not in page.text

    def test_who_may_not_approve_is_told_so(self, proposed):
        page = reviewer()[1].get(address(proposed[0]))
        assert "waits for somebody who may approve it" in page.text and not has_form(page, "claim/")

    def test_new_evidence_withdraws_it_and_the_page_says_so(self, proposed):
        review, _maker = proposed
        review.attempt.media.update(damaged_at=timezone.now())
        in_step(review.attempt)
        page = supervisor()[1].get(address(review))
        assert "because the evidence changed" in page.text and "Confirm:" not in page.text
        assert str(page.context["history"][0].maker) == "The system"


class TestRights:
    def test_without_the_right_to_decisions_none_is_shown(self):
        review = make_review()
        decide(review, make_reviewer(), REJECT)
        page = signed_in(make_user(*REVIEWER)).get(address(review))
        assert SECRET not in page.text and "Proposed:" not in page.text
        assert "Waits for a second person" in page.text

    def test_without_the_right_to_notes_none_is_shown(self):
        review = make_review()
        notes.write(review, "for colleagues", author=make_reviewer(), now=timezone.now())
        page = signed_in(make_user("view_verificationattempt", "view_review")).get(address(review))
        assert "for colleagues" not in page.text and not has_form(page, "notes/")

    def test_texts_are_escaped_and_keep_their_direction_to_themselves(self):
        review, maker = make_review(), make_reviewer()
        evil = "<script>alert(1)</script> \u202egnirts"
        decide(review, maker, RETRY, internal_note=evil, subject_text=evil)
        notes.write(review, evil, author=maker, now=timezone.now())
        page = reviewer()[1].get(address(review))
        assert "<script>alert" not in page.text
        assert page.text.count("&lt;script&gt;alert(1)&lt;/script&gt; \u202egnirts</") >= 5
        assert page.text.count('class="free">&lt;script') >= 5
