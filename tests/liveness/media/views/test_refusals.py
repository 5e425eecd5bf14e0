"""Whom the door refuses: strangers, other sites, and pages that may not embed a file."""

import pytest
from django.test import Client

from liveness import audit
from liveness.models import AuditEvent
from tests.liveness.media.views.visiting import ABSENT, CONTENT, LOOK, SEALS, actions, seals, url
from tests.people import make_user, signed_in

pytestmark = pytest.mark.django_db


def test_it_answers_strangers_the_same_whether_the_file_exists_or_not(video):
    people = [Client(), signed_in(make_user()), signed_in(make_user("view_verificationattempt"))]
    for client in people:
        refused, absent = client.get(url(video)), client.get(ABSENT)
        assert (refused.status_code, refused.content) == (absent.status_code, absent.content) == (404, absent.content)
        assert refused.headers == absent.headers
        assert seals(refused) == SEALS


def test_it_records_the_refusal_of_a_file_that_exists(video):
    stranger = make_user()
    client = signed_in(stranger)
    for _ in range(3):
        client.get(url(video))
        client.get(ABSENT)
    event = AuditEvent.objects.get()
    assert (event.action, event.actor) == (audit.MEDIA_REFUSED, f"user:{stranger.pk}")
    assert event.object_id == str(video.public_id)


@pytest.mark.parametrize(
    ("site", "destination", "status"),
    [
        ("same-origin", "image", 200),
        ("same-origin", "video", 200),
        ("same-origin", "empty", 200),
        (None, None, 200),
        ("none", "document", 403),
        ("same-origin", "document", 403),
        ("same-origin", "iframe", 403),
        ("same-origin", "object", 403),
        ("same-origin", "embed", 403),
        ("same-origin", "script", 403),
        ("cross-site", "image", 403),
        ("cross-site", "empty", 403),
        ("same-site", "video", 403),
    ],
)
def test_only_our_own_pages_may_embed_a_file(viewer, video, site, destination, status):
    headers = {"Sec-Fetch-Site": site, "Sec-Fetch-Dest": destination}
    response = viewer.get(url(video), headers={name: value for name, value in headers.items() if value})
    assert response.status_code == status
    assert actions() == [audit.MEDIA_VIEWED if status == 200 else audit.MEDIA_REFUSED]
    assert seals(response) == SEALS


def test_downloading_takes_a_permission_of_its_own_and_is_recorded_every_time(viewer, keeper, video):
    assert viewer.post(url(video, "download/")).status_code == 404
    for _ in range(2):
        response = keeper.post(url(video, "download/"), headers={"Range": "bytes=0-0"})
        assert (response.status_code, response.getvalue()) == (200, CONTENT)
    assert actions() == [audit.MEDIA_REFUSED, audit.MEDIA_DOWNLOADED, audit.MEDIA_DOWNLOADED]


def test_a_download_cannot_be_triggered_by_a_link_or_by_another_site(keeper, video):
    assert keeper.get(url(video, "download/")).status_code == 405
    forged = signed_in(make_user(*LOOK, "download_storedmedia"), enforce_csrf_checks=True)
    assert forged.post(url(video, "download/")).status_code == 403
    assert actions() == []


@pytest.mark.parametrize("path", ["/liveness/find/", ABSENT + "download/"])
def test_a_host_without_the_csrf_middleware_is_guarded_too(settings, path):
    settings.MIDDLEWARE = [name for name in settings.MIDDLEWARE if not name.endswith("CsrfViewMiddleware")]
    assert signed_in(make_user(*LOOK), enforce_csrf_checks=True).post(path).status_code == 403
