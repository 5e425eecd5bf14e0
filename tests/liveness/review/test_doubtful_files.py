"""Files that are here and are not what they should be: what the pages say, and what a decision may rest on."""

import pytest

from liveness.models import MediaCondition, MediaKind, MediaState, Outcome
from liveness.review.decisions.viewing_proof import Seen, files, situation
from liveness.review.policy import ESCALATE
from liveness.templatetags.liveness import small_picture
from tests.builders import make_attempt, make_media
from tests.liveness.review.pages import address, reviewer
from tests.liveness.review.working import in_step, make_reviewer

pytestmark = pytest.mark.django_db
UNVERIFIED = {"state": MediaState.UNVERIFIED, "declared_md5": "", "declared_size": None, "verified_at": None}
UNKNOWN = {"flaw": "it is not a video of a type that is known here", "condition": MediaCondition.UNKNOWN_TYPE}


def review_of(*, frame=None, video=None):
    attempt = make_attempt(outcome=Outcome.PASSED)
    made = {}
    for kind, fields in ((MediaKind.BEST_FRAME, frame or {}), (MediaKind.VIDEO, video or {})):
        made[kind] = make_media(attempt, kind, f"{kind} {attempt.public_id}".encode(), **fields)
    return in_step(attempt), made


def test_an_unverified_file_is_flagged_and_counts_as_no_evidence():
    review, _ = review_of(video=UNVERIFIED)
    assert review.signals == ["unverified"]
    person = make_reviewer()
    found = situation(review.attempt, Seen(), files(review.attempt, person))
    assert (found.missing, found.has_video, found.unopened) == (1, True, 2)


def test_a_verified_file_of_the_same_kind_makes_up_for_it():
    review, _ = review_of(video=UNVERIFIED)
    make_media(review.attempt, MediaKind.VIDEO, b"another one")
    assert situation(review.attempt, Seen(), files(review.attempt, make_reviewer())).missing == 0


@pytest.mark.parametrize("place", ["review", "attempt", "list", "queue", "subject"])
def test_every_page_that_shows_an_unverified_file_says_so(place):
    review, _ = review_of(frame=UNVERIFIED)
    attempt = review.attempt
    url = {
        "review": address(review),
        "attempt": f"/liveness/attempts/{attempt.public_id}/",
        "list": "/liveness/",
        "queue": "/review/",
        "subject": f"/review/{attempt.public_id}/subject/",
    }[place]
    page = reviewer()[1].get(url, follow=True)
    assert page.status_code == 200
    assert "not verified" in page.text.lower()
    assert "stored and verified" not in page.text or place in ("review", "attempt")


def test_an_approval_is_refused_in_words():
    review, _ = review_of(frame=UNVERIFIED)
    client = reviewer()[1]
    client.post(address(review, "claim/"))
    page = client.get(address(review))
    assert "not verified or cannot be shown, so this attempt cannot be approved" in page.text
    assert f'value="{ESCALATE}"' in page.text


def test_a_type_that_is_unknown_here_is_not_called_damaged():
    review, _ = review_of(video=UNKNOWN)
    assert review.signals == []
    page = reviewer()[1].get(address(review))
    assert "type unknown here" in page.text
    assert "damaged" not in page.text.lower()


@pytest.mark.parametrize("fields", [{"flaw": "the picture does not decode"}, {"condition": MediaCondition.UNDECODABLE}])
def test_a_picture_that_does_not_decode_is(fields):
    review, _ = review_of(frame={"flaw": "it does not decode"} | fields)
    assert review.signals == ["damaged"]


def test_a_picture_without_its_end_is_shown_with_a_warning():
    review, made = review_of(frame={"condition": MediaCondition.INCOMPLETE})
    page = reviewer()[1].get(address(review))
    assert "The end of the file is missing" in page.text
    assert f'src="/liveness/media/{made[MediaKind.BEST_FRAME].public_id}/"' in page.text
    assert situation(review.attempt, Seen(), files(review.attempt, make_reviewer())).missing == 0


def test_the_page_names_the_codec_and_what_to_do_where_it_cannot_be_played():
    review, _ = review_of(video={"codec": "hvc1"})
    page = reviewer()[1].get(address(review))
    assert "This browser cannot show the picture of this video (H.265)" in page.text
    assert page.text.count("H.265") == 2, "in the advice and among the facts"
    assert "tell an operator" in page.text, "the picture has no codec"


@pytest.mark.parametrize(
    ("code", "shown"),
    [
        ("0\n", "0\\n"),
        (" 0", "“ 0”"),
        ("真人检测", "真人检测"),
        ("\u202e0", "\\u202e0"),
        ("x" * 4_000, "x" * 48 + "…"),
    ],
)
def test_a_page_shows_an_odd_code_short_and_in_full_view(code, shown):
    attempt = make_attempt(outcome=Outcome.UNKNOWN, result_code=code)
    review = in_step(attempt)
    client = reviewer()[1]
    for url in (address(review), f"/liveness/attempts/{attempt.public_id}/", "/liveness/", "/review/"):
        page = client.get(url, follow=True)
        assert f">{shown}<" in page.text, url
        assert "\u202e" not in page.text
    attempt.refresh_from_db()
    assert attempt.result_code == code


def test_an_unverified_copy_of_somebody_else_s_file_is_noticed():
    make_media(make_attempt(outcome=Outcome.PASSED, subject_reference="somebody else"), MediaKind.VIDEO, b"the same")
    attempt = make_attempt(outcome=Outcome.PASSED)
    make_media(attempt, MediaKind.VIDEO, b"the same", **UNVERIFIED)
    assert set(in_step(attempt).signals) == {"seen_before", "unverified"}


def test_a_list_marks_an_unverified_picture_without_a_thumbnail():
    _, made = review_of(frame=UNVERIFIED)
    assert "#flag" in small_picture(made[MediaKind.BEST_FRAME])
