"""The other reviews that the page of a review leads to: twins, and those of the same subject."""

import pytest

from liveness.access import AccessPolicy
from liveness.models import MediaKind, Outcome
from tests.builders import make_attempt, make_media
from tests.liveness.review.pages import address, reviewer
from tests.liveness.review.working import fresh, in_step, make_review

pytestmark = pytest.mark.django_db


class OnlySomeOnes(AccessPolicy):
    """A host's policy that hides some attempts."""

    def visible_attempts(self, user):
        return super().visible_attempts(user).exclude(subject_reference__startswith="hidden")


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
        assert "in an attempt that you may not see" in page.text
        assert client.get(address(fresh(hidden.review))).status_code == 404
