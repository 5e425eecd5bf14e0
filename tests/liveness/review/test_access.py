"""Who may see and claim which review."""

import re

import pytest
from django.contrib.auth.models import AnonymousUser
from django.db import NotSupportedError, connection
from django.utils import timezone

from liveness.access import AccessPolicy
from liveness.models import Outcome, VerificationAttempt
from liveness.review import access
from liveness.review.claims import claims
from liveness.review.decisions import decide as decisions_decide
from liveness.review.models import Review, ReviewState
from liveness.review.policy import APPROVE, ESCALATE, REJECT
from tests.liveness.review.working import decide, fresh, make_review, make_reviewer, make_supervisor
from tests.people import make_user

pytestmark = pytest.mark.django_db


class OneSubject(AccessPolicy):
    def visible_attempts(self, user):
        return super().visible_attempts(user).filter(subject_reference="ours")


class TwoLists(AccessPolicy):
    def visible_attempts(self, user):
        ours = VerificationAttempt.objects.filter(subject_reference="ours")
        return ours.union(VerificationAttempt.objects.filter(subject_reference="too"))


class Newest(AccessPolicy):
    def visible_attempts(self, user):
        return VerificationAttempt.objects.all()[:1]


class TestVisible:
    def test_both_permissions_show_every_review_without_a_look_at_its_attempt(self):
        review = make_review()
        reviews = access.visible_reviews(make_user("view_review", "view_verificationattempt"))
        assert list(reviews) == [review]
        assert "liveness_verificationattempt" not in str(reviews.values("pk").order_by().query)

    @pytest.mark.parametrize("permissions", [(), ("view_review",), ("view_verificationattempt",)])
    def test_one_permission_is_not_enough(self, permissions):
        make_review()
        assert not access.visible_reviews(make_user(*permissions))

    def test_neither_anonymous_nor_inactive_people_see_any(self):
        make_review()
        assert not access.visible_reviews(AnonymousUser())
        assert not access.visible_reviews(make_reviewer(is_active=False))

    def test_a_policy_of_the_host_narrows_them(self, settings):
        ours, _ = make_review(subject_reference="ours"), make_review(subject_reference="theirs")
        settings.LIVENESS_ACCESS_POLICY = f"{__name__}.OneSubject"
        assert list(access.visible_reviews(make_reviewer())) == [ours]

    @pytest.mark.parametrize(("policy", "error"), [("TwoLists", NotSupportedError), ("Newest", TypeError)])
    def test_a_policy_that_cannot_be_narrowed_is_an_error_and_not_everything(self, settings, policy, error):
        make_review(subject_reference="theirs")
        settings.LIVENESS_ACCESS_POLICY = f"{__name__}.{policy}"
        with pytest.raises(error):
            access.visible_reviews(make_reviewer())


def make_waiting() -> Review:
    return make_review(Outcome.PENDING)


def make_lost() -> Review:
    return make_review(Outcome.EXPIRED, result_code="")


def make_proposed(maker=None) -> Review:
    review = make_review()
    decide(review, maker or make_reviewer(), REJECT)
    return fresh(review)


def make_escalated() -> Review:
    review = make_review()
    decide(review, make_reviewer(), ESCALATE)
    return fresh(review)


def make_decided() -> Review:
    review = make_review()
    decide(review, make_reviewer(), APPROVE)
    return fresh(review)


def make_decided_by_a_supervisor() -> Review:
    review = make_escalated()
    decide(review, make_supervisor(), APPROVE)
    return fresh(review)


@pytest.mark.parametrize(
    ("make", "state", "viewer", "reviewer", "second", "supervisor"),
    [
        (make_waiting, ReviewState.WAITING, *["not answered yet"] * 4),
        (make_review, ReviewState.OPEN, "not decide them", "", "not decide them", ""),
        (make_lost, ReviewState.LOST, "not decide them", "", "not decide them", ""),
        (make_proposed, ReviewState.PROPOSED, "may approve it", "may approve it", "", ""),
        (make_escalated, ReviewState.ESCALATED, "a supervisor", "a supervisor", "a supervisor", ""),
        (make_decided, ReviewState.DECIDED, "not decide them", "", "not decide them", ""),
        (make_decided_by_a_supervisor, ReviewState.DECIDED, "a supervisor", "a supervisor", "a supervisor", ""),
    ],
)
def test_who_may_claim_depends_on_the_state(make, state, viewer, reviewer, second, supervisor):
    review = make()
    people = [make_user("view_review"), make_reviewer(), make_user("view_review", "second_review"), make_supervisor()]
    assert review.state == state
    for person, expected in zip(people, [viewer, reviewer, second, supervisor], strict=True):
        refusal = access.why_not_claim(person, review)
        assert (expected in refusal) if expected else refusal == ""
        is_offered = review in access.claimable(Review.objects.all(), person)
        assert is_offered == (refusal == "" and state != ReviewState.DECIDED)


def test_whoever_made_a_proposal_neither_claims_nor_is_offered_it():
    maker = make_supervisor()
    review = make_proposed(maker)
    assert "You made this proposal" in access.why_not_claim(maker, review)
    assert review not in access.claimable(Review.objects.all(), maker)
    assert review in access.claimable(Review.objects.all(), make_supervisor())


def test_two_who_disagree_leave_it_to_a_third():
    maker, second = make_supervisor(), make_supervisor()
    review = make_proposed(maker)
    decide(review, second, APPROVE)
    other, offered = make_escalated(), Review.objects.order_by("pk")
    for person in (maker, second):
        assert "took part in this disagreement" in access.why_not_claim(person, fresh(review))
        assert list(access.claimable(offered, person)) == [other]
    third = make_supervisor()
    assert access.why_not_claim(third, fresh(review)) == ""
    assert list(access.claimable(offered, third)) == [review, other]


@pytest.mark.postgres
def test_what_can_be_claimed_is_found_along_the_queue_s_index():
    """And every disagreement by the key of its review: neither reviews nor decisions are read as a whole."""
    make_escalated()
    escalated = Review.objects.filter(state=ReviewState.ESCALATED).order_by("queue_at", "attempt_id")
    if connection.vendor == "postgresql":
        # A table of two rows is read as a whole unless that is forbidden.
        connection.cursor().execute("SET LOCAL enable_seqscan = off")
    plan = access.claimable(escalated, make_supervisor())[:1].explain()
    assert "liveness_review_queue" in plan or "liveness_review_flagged" in plan
    assert "Seq Scan" not in plan and "hashed" not in plan
    assert not re.search(r"SCAN (?!liveness_review_review USING INDEX)\w*review", plan)


def test_an_escalation_that_was_undone_leaves_the_rest_to_everybody():
    review, person = make_review(), make_reviewer()
    decision = decide(review, person, ESCALATE)
    decisions_decide.undo(decision, person=person, now=timezone.now())
    claims.release(review, person=person, now=timezone.now())
    decide(review, person, APPROVE)
    assert access.why_not_claim(make_reviewer(), fresh(review)) == ""
