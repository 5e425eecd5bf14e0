"""The rows of the queue: what each says of its review, and to whom."""

import re
from datetime import timedelta

import pytest
from django.utils import timezone

from liveness.models import MediaKind, Outcome
from liveness.review.policy import APPROVE, REJECT
from tests.builders import make_attempt, make_media
from tests.liveness.review.queueing import QUEUE, due, hold, listed, put
from tests.liveness.review.working import decide, in_step, make_review, make_reviewer, make_supervisor
from tests.people import make_user, signed_in

pytestmark = pytest.mark.django_db


def row_of(response, subject: str) -> str:
    """The HTML of one row, its white space and icons taken out."""
    rows = re.findall(r"<tr data-row>.*?</tr>", response.text, re.DOTALL)
    [row] = [row for row in rows if f">{subject}</a>" in row]
    return re.sub(r"\s+", " ", re.sub(r"<svg.*?</svg>", "", row, flags=re.DOTALL))


def text_of(html: str) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]*>", " ", html)).strip()


def test_a_row_says_what_the_vendor_said_and_links_to_the_workspace(client):
    review = put(due(5, Outcome.FAILED, result_code="1002", subject_reference="fake"), signals=["seen_before", "new"])
    row = row_of(client.get(QUEUE), "fake")
    assert f'href="/review/{review.attempt.public_id}/?tab=open"' in row
    for words in ("Failed", "The recording looks faked.", "1002", "File seen with another subject", "new"):
        assert words in text_of(row)


@pytest.mark.parametrize(
    ("minutes", "level", "words"),
    [(-35.5, "late", "Late by 35 min"), (30.5, "soon", "Due in 30 min"), (125.5, "calm", "Due in 2 h")],
)
def test_a_row_says_how_much_time_is_left(client, settings, minutes, level, words):
    settings.LIVENESS_REVIEW_SLA = 4 * 3600
    due(minutes, subject_reference="one")
    row = row_of(client.get(QUEUE), "one")
    assert f"age--{level}" in row
    assert words in text_of(row)


def test_a_row_says_who_holds_it_and_whether_he_is_there(client, me):
    away, gone = timedelta(seconds=90), timedelta(seconds=-1)
    mine, here, left, lapsed, free = (due(n, subject_reference=f"row-{n}") for n in range(5))
    hold(mine, me)
    hold(here, make_reviewer(first_name="x"))
    holder = hold(left, make_reviewer(), seen=away).holder
    hold(lapsed, make_reviewer(), seen=away, left=gone)
    page = client.get(QUEUE)
    kinds = [row.holder and row.holder.kind for row in page.context["rows"]]
    assert kinds == ["you", "here", "away", "lapsed", None]
    assert "You" in text_of(row_of(page, "row-0"))
    assert f"{holder.get_username()} away" in text_of(row_of(page, "row-2"))
    assert listed(client.get(QUEUE, {"tab": "mine"})) == ["row-0"]
    assert free.state == "open"


def test_the_thumbnail_is_that_of_a_picture_that_the_person_may_see(client):
    review = due(5, has_media=True, subject_reference="seen")
    picture = review.attempt.media.get(kind=MediaKind.BEST_FRAME)
    picture.thumbnail = f"{picture.path}.jpg"
    picture.save()
    source = f"/liveness/media/{picture.public_id}/thumbnail/"
    assert source in row_of(client.get(QUEUE), "seen")
    blind = signed_in(make_user("view_verificationattempt", "view_review"))
    assert source not in row_of(blind.get(QUEUE), "seen")


def test_a_newer_picture_that_can_be_shown_stands_for_one_that_cannot(client):
    review = due(5, subject_reference="two")
    make_media(review.attempt, MediaKind.BEST_FRAME, b"bad", flaw="it does not decode")
    good = make_media(review.attempt, MediaKind.BEST_FRAME, b"good")
    [row] = client.get(QUEUE).context["rows"]
    assert row.frame == good


def test_a_decided_row_says_what_was_decided_and_by_whom(client, me):
    other = make_reviewer()
    decide(make_review(subject_reference="approved"), other, APPROVE)
    decide(make_review(Outcome.FAILED, subject_reference="rejected"), me, REJECT)
    page = client.get(QUEUE, {"tab": "decided"})
    assert f"Approved by {other.get_username()}" in text_of(row_of(page, "approved"))
    assert "Rejected by you" in text_of(row_of(page, "rejected"))
    assert "1 min ago" in text_of(row_of(page, "rejected"))


def test_a_proposal_is_told_unless_the_second_person_has_to_be_blind(settings):
    settings.LIVENESS_REVIEW_SAMPLE = 0
    maker, second = make_reviewer(), signed_in(make_supervisor())
    decide(make_review(subject_reference="override"), maker, REJECT)
    settings.LIVENESS_REVIEW_SAMPLE = 1
    decide(make_review(Outcome.FAILED, subject_reference="sampled"), maker, REJECT)
    page = second.get(QUEUE, {"tab": "proposed"})
    assert f"Reject by {maker.get_username()}" in text_of(row_of(page, "override"))
    sampled = row_of(page, "sampled")
    assert "Quality check" in text_of(sampled)
    assert "reject" not in sampled.lower() and maker.get_username() not in sampled
    own = row_of(signed_in(maker).get(QUEUE, {"tab": "proposed"}), "sampled")
    assert "Quality check by you" in text_of(own)


def test_a_waiting_row_counts_down_and_a_lost_one_says_why_and_when(client):
    make_review(Outcome.PENDING, subject_reference="pending", issued_at=timezone.now() - timedelta(minutes=36.5))
    lost = make_review(Outcome.EXPIRED, subject_reference="lost", result_code="", last_error="the window closed")
    put(lost, queue_at=timezone.now() - timedelta(hours=3))
    waiting = text_of(row_of(client.get(QUEUE, {"tab": "waiting"}), "pending"))
    assert "The check is not finished yet." in waiting
    assert "1 h 23 min left" in waiting
    gone = text_of(row_of(client.get(QUEUE, {"tab": "lost"}), "lost"))
    assert "The window closed." in gone
    assert "3 h ago" in gone


def test_an_answer_whose_files_are_still_to_be_fetched_says_so(client):
    attempt = make_attempt(outcome=Outcome.PASSED, subject_reference="fetching", next_poll_at=timezone.now())
    attempt.media.create(kind=MediaKind.VIDEO)
    in_step(attempt)
    assert "files are still to be fetched" in row_of(client.get(QUEUE, {"tab": "waiting"}), "fetching")
