"""Taking back what was just decided, in a browser."""

import pytest
from django.contrib.auth import SESSION_KEY
from django.utils import timezone

from liveness.review.claims import claims
from liveness.review.models import Claim, Decision, DecisionOutcome, ReviewState
from liveness.review.policy import APPROVE, ESCALATE
from tests.liveness.review.pages import TYPED, address, claimed, form, has_form, has_kept, reviewer, send, supervisor
from tests.liveness.review.working import decide, fresh, make_review, make_reviewer

pytestmark = [pytest.mark.django_db, pytest.mark.postgres]


def decided(client, review, **changes):
    page = claimed(client, review)
    return send(client, page, review, **(TYPED | changes)), client


def test_it_is_offered_on_the_next_page_with_what_was_decided(review):
    make_review()
    client = reviewer()[1]
    response, _ = decided(client, review)
    page = client.get(response["Location"])
    assert f"Escalated: {review.attempt.subject_reference}" in page.text
    assert form(page, "undo/")["decision"] == [str(Decision.objects.get().public_id)]
    assert "I cannot tell" not in str(dict(client.session))


def test_it_gives_the_review_back_with_the_form_as_it_was(review):
    make_review()
    person, client = reviewer()
    response, _ = decided(client, review)
    offer = form(client.get(response["Location"]), "undo/")
    page = client.post(address(review, "undo/"), offer, follow=True)
    assert "Undone. You hold the review again." in page.text and has_kept(page)
    assert [made.outcome for made in Decision.objects.order_by("sequence")] == [ESCALATE, DecisionOutcome.WITHDRAWN]
    assert fresh(review).state == ReviewState.OPEN
    assert Claim.objects.active().filter(review=review, holder=person).exists()
    assert not has_form(page, "undo/")


def test_it_is_no_longer_offered_when_it_is_too_late(review, settings):
    make_review()
    client = reviewer()[1]
    response, _ = decided(client, review)
    offer = form(client.get(response["Location"]), "undo/")
    settings.LIVENESS_REVIEW_UNDO = 0.001
    assert not has_form(client.get(response["Location"]), "undo/")
    page = client.post(address(review, "undo/"), offer, follow=True)
    assert "It is too late to undo this decision." in page.text
    assert fresh(review).state == ReviewState.ESCALATED


def test_without_a_window_the_decision_is_only_told(review, settings):
    settings.LIVENESS_REVIEW_UNDO = 0
    make_review()
    client = reviewer()[1]
    page = client.get(decided(client, review)[0]["Location"])
    assert f"Escalated: {review.attempt.subject_reference}" in page.text and not has_form(page, "undo/")


def test_somebody_else_s_decision_cannot_be_undone(review):
    made = decide(review, make_reviewer(), APPROVE)
    page = reviewer()[1].post(address(review, "undo/"), {"decision": str(made.public_id)}, follow=True)
    assert "no decision of yours" in page.text and fresh(review).state == ReviewState.DECIDED


@pytest.mark.parametrize("decision", ["", "nonsense", "00000000-0000-0000-0000-000000000000"])
def test_nonsense_undoes_nothing(review, decision):
    page = reviewer()[1].post(address(review, "undo/"), {"decision": decision}, follow=True)
    assert page.status_code == 200 and "no decision of yours" in page.text


def test_the_offer_ends_once_somebody_else_works_on_it(review):
    make_review()
    client = reviewer()[1]
    response, _ = decided(client, review)
    claims.claim(review, person=supervisor()[0], now=timezone.now())
    page = client.get(response["Location"])
    assert f"Escalated: {review.attempt.subject_reference}" in page.text and not has_form(page, "undo/")


def test_another_person_in_the_same_browser_is_offered_nothing(review):
    make_review()
    client = reviewer()[1]
    response, _ = decided(client, review)
    session = client.session
    session[SESSION_KEY] = str(make_reviewer().pk)
    session.save()
    assert not has_form(client.get(response["Location"]), "undo/")
