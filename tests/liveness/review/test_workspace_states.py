"""What the page of a review says in each state that the review can be in, and what it keeps to itself."""

from datetime import timedelta

import pytest
from django.utils import timezone

from liveness.access import AccessPolicy
from liveness.models import MediaKind, Outcome
from liveness.review.models import ReviewState
from liveness.review.policy import APPROVE, ESCALATE, REJECT, RETRY
from liveness.review.services import decisions, notes
from tests.builders import make_attempt, make_media
from tests.liveness.review.pages import address, claimed, has_form, reviewer, supervisor
from tests.liveness.review.working import REVIEWER, decide, fresh, in_step, make_review, make_reviewer, propose_again
from tests.people import make_user, signed_in

pytestmark = pytest.mark.django_db
SECRET = "The edge of the paper shows."


class OnlySomeOnes(AccessPolicy):
    """A host's policy that hides some attempts."""

    def visible_attempts(self, user):
        return super().visible_attempts(user).exclude(subject_reference__startswith="hidden")


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
        decisions.undo(decide(review, maker, APPROVE), person=maker, now=timezone.now())
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
        decisions.undo(escalated, person=maker, now=timezone.now())
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


class TestNeighbours:
    def test_twins_are_listed_as_a_warning_and_lead_to_their_reviews(self):
        shared = b"the very same bytes"
        attempts = [make_attempt(outcome=Outcome.PASSED, subject_reference=f"twin-{name}") for name in "ab"]
        for attempt in attempts:
            make_media(attempt, MediaKind.BEST_FRAME, shared)
        first, second = map(in_step, attempts)
        page = reviewer()[1].get(address(first))
        assert "This exact file was seen before" in page.text and "It is no verdict." in page.text
        assert [link.row.attempt.pk for link in page.context["twins"]] == [second.pk]
        assert page.context["twins"][0].kinds == ["Best frame"]
        assert f'href="{address(second)}"' in page.text

    def test_the_subject_s_other_attempts_are_listed(self):
        review = make_review(subject_reference="same-person")
        other = make_review(subject_reference="same-person")
        page = reviewer()[1].get(address(review))
        assert [link.row.attempt.pk for link in page.context["others"]] == [other.pk]
        assert f'href="{address(other)}"' in page.text and f'href="{address(review, "subject/")}"' in page.text

    def test_neighbours_that_he_may_not_see_are_left_out(self, settings):
        settings.LIVENESS_ACCESS_POLICY = f"{__name__}.OnlySomeOnes"
        shared = b"the very same bytes"
        hidden = make_attempt(outcome=Outcome.PASSED, subject_reference="hidden-1")
        make_media(hidden, MediaKind.BEST_FRAME, shared)
        in_step(hidden)
        seen = make_attempt(outcome=Outcome.PASSED, subject_reference="seen-1")
        make_media(seen, MediaKind.BEST_FRAME, shared)
        client = reviewer()[1]
        page = client.get(address(in_step(seen)))
        assert page.context["twins"] == [] and "hidden-1" not in page.text
        assert client.get(address(fresh(hidden.review))).status_code == 404


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
