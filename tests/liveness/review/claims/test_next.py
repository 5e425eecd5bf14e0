"""The next review of a queue: the most urgent that is free, and that this person may decide."""

from datetime import timedelta

import pytest

from liveness.models import Outcome
from liveness.review.claims import claims
from liveness.review.models import Claim, ClaimEnding, Review, ReviewState
from liveness.review.policy import ESCALATE, REJECT
from tests.liveness.review.queueing import LATER, NOW, take
from tests.liveness.review.working import decide, fresh, make_review, make_reviewer, make_supervisor

pytestmark = [pytest.mark.django_db, pytest.mark.postgres]


@pytest.fixture
def review():
    return make_review(has_media=False)


def take_next(person, now=NOW, reviews=None) -> Claim | None:
    return claims.claim_next(Review.objects.all() if reviews is None else reviews, person=person, now=now)


class TestNext:
    def test_the_most_urgent_free_one_comes_first(self, person, colleague):
        times = [NOW + timedelta(minutes=minutes) for minutes in (3, 1, 2)]
        late, soon, then = (make_review(has_media=False, now=time) for time in times)
        assert [take_next(who).review for who in (person, colleague, person)] == [soon, then, late]
        assert take_next(colleague) is None

    def test_the_older_comes_first_where_two_are_as_urgent(self, person):
        first, second = make_review(has_media=False, now=NOW), make_review(has_media=False, now=NOW)
        assert [take_next(person).review, take_next(person).review] == [first, second]

    def test_only_reviews_of_the_view_are_claimed(self, review, person):
        assert take_next(person, reviews=Review.objects.filter(state=ReviewState.ESCALATED)) is None
        assert take_next(person, reviews=Review.objects.filter(pk=review.pk)).review == review

    def test_one_whose_lease_ran_out_is_free_again(self, review, person, colleague):
        first = take(review, person)
        assert take_next(colleague) is None
        assert take_next(colleague, LATER).holder == colleague
        first.refresh_from_db()
        assert first.ending == ClaimEnding.EXPIRED

    @pytest.mark.parametrize("state", [ReviewState.WAITING, ReviewState.DECIDED])
    def test_what_is_not_to_be_decided_is_not_offered(self, person, state):
        review = make_review(Outcome.PENDING if state == ReviewState.WAITING else Outcome.FAILED, has_media=False)
        if state == ReviewState.DECIDED:
            decide(review, person, REJECT)
        assert fresh(review).state == state
        assert take_next(make_supervisor()) is None

    def test_a_proposal_is_never_offered_to_its_maker(self, review):
        maker, second = make_supervisor(), make_supervisor()
        decide(review, maker, REJECT)
        assert take_next(maker) is None
        assert take_next(second).review == review

    def test_a_reviewer_is_offered_neither_proposals_nor_escalations(self, person):
        for outcome in (REJECT, ESCALATE):
            decide(make_review(has_media=False), make_reviewer(), outcome)
        assert take_next(person) is None

    def test_peeking_says_what_would_come_and_claims_nothing(self, person):
        later, sooner = (make_review(has_media=False, now=NOW + timedelta(minutes=m)) for m in (2, 1))
        peeked = claims.preview_next(Review.objects.all(), person=person, now=NOW)
        assert (peeked, Claim.objects.count()) == (sooner, 0)
        assert take_next(person).review == sooner
        assert claims.preview_next(Review.objects.all(), person=person, now=NOW) == later
