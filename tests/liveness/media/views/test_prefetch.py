"""What our page fetches ahead is recorded, but not as seen."""

import pytest

from liveness import audit
from liveness.models import MediaKind
from tests.builders import make_attempt, make_media
from tests.liveness.media.views.visiting import CONTENT, actions, url
from tests.people import make_user, signed_in

pytestmark = pytest.mark.django_db


@pytest.fixture
def picture():
    return make_media(make_attempt(), MediaKind.BEST_FRAME, CONTENT)


FETCHED = {"Sec-Fetch-Site": "same-origin", "Sec-Fetch-Mode": "cors", "Sec-Fetch-Dest": "empty"}
SHOWN = {"Sec-Fetch-Site": "same-origin", "Sec-Fetch-Mode": "no-cors", "Sec-Fetch-Dest": "image"}


@pytest.mark.parametrize(
    "header", [{"Purpose": "prefetch"}, {"Sec-Purpose": "prefetch"}, {"Sec-Purpose": "prefetch;prerender"}]
)
def test_what_our_page_fetches_ahead_is_recorded_but_not_as_seen(viewer, picture, header):
    for _ in range(2):
        assert viewer.get(url(picture), headers=header | FETCHED).status_code == 200
    assert actions() == [audit.MEDIA_PREFETCHED]
    viewer.get(url(picture))
    assert actions() == [audit.MEDIA_PREFETCHED, audit.MEDIA_VIEWED]


@pytest.mark.parametrize(
    "headers", [FETCHED | {"Purpose": "not-prefetch"}, {"Purpose": "prefetch"}, {"Purpose": "prefetch"} | SHOWN]
)
def test_any_other_request_is_a_look_whatever_it_claims(viewer, picture, headers):
    viewer.get(url(picture), headers=headers)
    assert actions() == [audit.MEDIA_VIEWED]


def test_no_video_is_fetched_ahead(viewer, video):
    viewer.get(url(video), headers={"Purpose": "prefetch"} | FETCHED)
    assert actions() == [audit.MEDIA_VIEWED]


def test_fetching_ahead_opens_no_other_door(video):
    refused = signed_in(make_user("view_verificationattempt")).get(url(video), headers={"Purpose": "prefetch"})
    assert refused.status_code == 404
    assert actions() == [audit.MEDIA_REFUSED]
