"""The ways out of the queue: the next review, a look ahead at it, and the search box."""

import pytest
from django.test import Client
from django.utils import timezone

from liveness.models import MediaKind, Outcome
from liveness.review.models import Claim
from tests.builders import make_attempt
from tests.liveness.review.queueing import QUEUE, due, hold, put
from tests.liveness.review.working import REVIEWER, fresh, make_review, make_reviewer, make_supervisor
from tests.people import make_user, signed_in

pytestmark = pytest.mark.django_db


def page_of(attempt, query="tab=open") -> str:
    return f"{QUEUE}{attempt.public_id}/?{query}"


def go(client, **fields):
    return client.post(f"{QUEUE}next/", fields)


@pytest.mark.parametrize("address", ["next/", "find/"])
def test_both_take_a_post_from_a_page_of_ours_by_somebody_who_may_look(client, address):
    assert client.get(QUEUE + address).status_code == 405
    assert Client().post(QUEUE + address).status_code == 302
    assert signed_in(make_user()).post(QUEUE + address).status_code == 403
    forged = signed_in(make_user(*REVIEWER), enforce_csrf_checks=True)
    assert forged.post(QUEUE + address).status_code == 403


def test_the_most_urgent_free_review_is_claimed_and_opened(client, me):
    hold(due(-20), make_reviewer())
    wanted = due(-10)
    due(5)
    response = go(client)
    assert (response.status_code, response["Location"]) == (303, page_of(wanted.attempt))
    assert Claim.objects.active().get(review=wanted).holder == me


def test_the_next_one_is_of_the_view_and_the_view_goes_along(client):
    due(-10)
    wanted = due(5, Outcome.FAILED)
    response = go(client, tab="open", outcome="failed", holder="free", nonsense="x")
    assert response["Location"] == page_of(wanted.attempt, "tab=open&outcome=failed&holder=free")


def test_from_a_view_without_work_the_next_one_is_of_all_that_is_to_review(client):
    wanted = due(5)
    assert go(client, tab="decided", outcome="failed")["Location"] == page_of(wanted.attempt)


def test_a_supervisor_takes_the_next_escalated_one_from_there():
    due(-10)
    wanted = put(due(5), state="escalated")
    response = go(signed_in(make_supervisor()), tab="escalated")
    assert response["Location"] == page_of(wanted.attempt, "tab=escalated")


def test_where_nothing_is_left_the_queue_says_so(client):
    hold(due(5), make_reviewer())
    response = client.post(f"{QUEUE}next/", {"tab": "lost", "outcome": "expired"}, follow=True)
    assert response.redirect_chain == [(f"{QUEUE}?tab=lost&outcome=expired", 303)]
    assert "Nothing is left here that you could claim." in response.text


def test_who_may_only_look_claims_nothing():
    review = due(5)
    auditor = signed_in(make_user("view_verificationattempt", "view_storedmedia", "view_review"))
    assert go(auditor).status_code == 403
    assert auditor.get(f"{QUEUE}peek/").status_code == 403
    assert not Claim.objects.filter(review=review).exists()


def test_a_look_ahead_names_the_next_one_and_its_picture_and_claims_nothing(client):
    review = due(5, has_media=True)
    due(10)
    picture = review.attempt.media.get(kind=MediaKind.BEST_FRAME)
    answer = client.get(f"{QUEUE}peek/", {"tab": "open"})
    assert answer.json() == {"id": str(review.attempt.public_id), "frame": f"/liveness/media/{picture.public_id}/"}
    assert "no-store" in answer["Cache-Control"]
    assert not Claim.objects.exists()
    assert answer.json()["id"] in go(client)["Location"]


def test_a_look_ahead_has_no_picture_where_none_can_be_shown(client):
    review = due(5, has_media=True)
    review.attempt.media.update(flaw="it does not decode")
    assert client.get(f"{QUEUE}peek/").json()["frame"] is None


def test_a_look_ahead_at_nothing_is_empty(client):
    due(5, Outcome.FAILED)
    response = client.get(f"{QUEUE}peek/", {"tab": "open", "outcome": "passed"})
    assert (response.status_code, response.content) == (204, b"")


def test_a_look_ahead_is_for_who_is_logged_in_and_may_look():
    assert Client().get(f"{QUEUE}peek/").status_code == 302
    assert signed_in(make_user()).get(f"{QUEUE}peek/").status_code == 403


def find(client, text, **fields):
    return client.post(f"{QUEUE}find/", {"q": text} | fields)


def test_token_request_and_attempt_lead_to_the_workspace(client):
    review = make_review(request_id="request-1", subject_reference="S-1", has_media=False)
    make_review(subject_reference="S-10", has_media=False)
    attempt = review.attempt
    for text in (attempt.sdk_token, f" {attempt.sdk_token} ", "request-1", "S-1", str(attempt.public_id)):
        response = find(client, text, tab="lost")
        assert (response.status_code, response["Location"]) == (303, page_of(attempt, "tab=lost"))


def test_a_subject_with_several_attempts_leads_to_its_course(client):
    make_review(subject_reference="S-1", has_media=False)
    newest = make_review(Outcome.PENDING, subject_reference="S-1")
    assert find(client, "S-1")["Location"] == f"{QUEUE}{newest.attempt.public_id}/subject/"


@pytest.mark.parametrize("text", ["S-", "s-1", "S-1\x00", "%", "0" * 200])
def test_what_matches_nothing_exactly_is_said_and_not_repeated(client, text):
    make_review(subject_reference="S-1", has_media=False)
    response = client.post(f"{QUEUE}find/", {"q": text, "tab": "lost"}, follow=True)
    assert response.redirect_chain == [(f"{QUEUE}?tab=lost", 303)]
    assert "Nothing matches that exactly" in response.text
    assert "0" * 200 not in response.text


def test_an_empty_search_is_only_the_queue_again(client):
    response = client.post(f"{QUEUE}find/", {"q": " "}, follow=True)
    assert "Nothing matches" not in response.text


def test_nobody_finds_what_he_may_not_see_or_what_has_no_review(client):
    review = make_review(subject_reference="S-1", has_media=False)
    assert find(signed_in(make_user("view_review")), "S-1")["Location"] == f"{QUEUE}?tab=open"
    make_attempt(subject_reference="without", next_poll_at=timezone.now())
    assert find(client, "without")["Location"] == f"{QUEUE}?tab=open"
    assert fresh(review).attempt.subject_reference == "S-1"
