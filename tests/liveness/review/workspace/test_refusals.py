"""What a key answers on a page where its command cannot be given."""

import pytest
from django.utils import timezone

from liveness.models import Outcome
from liveness.review.claims import claims
from liveness.review.policy import REJECT
from tests.liveness.review.pages import address, claimed, reviewer, supervisor
from tests.liveness.review.working import decide, make_review, make_reviewer
from tests.people import make_user, signed_in

pytestmark = pytest.mark.django_db


def told(page) -> dict[str, str]:
    return {name: str(sentence) for name, sentence in page.context["refusals"].items() if sentence}


def test_a_free_review_has_to_be_claimed_first(review):
    found = told(reviewer()[1].get(address(review)))
    assert found["decide"] == "Claim this review first."
    assert found["release"] == "You do not hold this review."


def test_a_decided_one_has_to_be_corrected(review):
    decide(review, make_reviewer(), "approve")
    assert "Correct this decision" in told(reviewer()[1].get(address(review)))["decide"]


def test_somebody_else_s_is_named_as_such(review):
    holder, first = reviewer()
    claimed(first, review)
    found = told(reviewer()[1].get(address(review)))
    assert found["claim"] == found["decide"]
    assert found["claim"].startswith(f"{holder.get_username()} works on this review.")


def test_ones_own_says_nothing_against_deciding(review):
    found = told(claimed(reviewer()[1], review))
    assert found["claim"] == "You hold this review already." and "decide" not in found
    assert found["confirm"] == "There is no proposal to confirm."
    assert found["undo"] == "There is nothing that you could undo now."


def test_an_outcome_that_is_barred_says_why():
    review = make_review(Outcome.EXPIRED, has_media=False)
    found = told(claimed(reviewer()[1], review))
    assert "there is nothing to approve" in found["approve"] and "reject" not in found


def test_a_blind_proposal_is_neither_shown_nor_denied(review, blind):
    decide(review, make_reviewer(), "approve")
    assert told(claimed(supervisor()[1], review))["confirm"].startswith("Decide for yourself")


def test_whoever_may_only_look_reads_that(review):
    found = told(signed_in(make_user("view_verificationattempt", "view_review")).get(address(review)))
    assert found["decide"] == "Your account may look at reviews, but not decide them."
    assert found["note"] == "Your account may not write notes."


def test_they_reach_the_page_as_data(review):
    holder, first = reviewer(first_name="x")
    holder.username = "</script><b>"
    holder.save()
    claimed(first, review)
    page = reviewer()[1].get(address(review))
    data = page.text.partition('<script id="refusals" type="application/json">')[2].partition("</script>")[0]
    assert "works on this review" in data and "<b>" not in data


def test_what_decides_for_good_asks_before_a_key_does_it():
    review = make_review(Outcome.PASSED)
    decide(review, make_reviewer(), REJECT)
    chief, client = supervisor()
    assert 'data-asks="Press Enter, or Ctrl and Enter, to confirm."' in claimed(client, review).text
    claims.release(review, person=chief, now=timezone.now())
    decide(review, chief, REJECT)
    assert 'data-asks="Press Enter to claim this review for a correction."' in client.get(address(review)).text
    assert "data-asks" not in client.get(address(make_review())).text
