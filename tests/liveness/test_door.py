"""The one door to media, as a browser and as an attacker meet it."""

import hashlib
from pathlib import Path

import pytest
import time_machine
from django.db import DatabaseError
from django.test import Client
from hypothesis import given
from hypothesis import strategies as st

from liveness.exceptions import ChainError
from liveness.models import AuditEvent, MediaKind, MediaState, StoredMedia
from liveness.responses import Evidence, Slice, deliver
from liveness.services import audit, viewing
from tests.builders import make_attempt, make_media
from tests.people import make_user, signed_in

pytestmark = pytest.mark.django_db
CONTENT = bytes(range(256)) * 40
LOOK = ("view_verificationattempt", "view_storedmedia")
ABSENT = "/liveness/media/00000000-0000-4000-8000-000000000000/"
SEALS = {
    "Cache-Control": "private, no-store",
    "X-Content-Type-Options": "nosniff",
    "Content-Security-Policy": "default-src 'none'; sandbox",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Robots-Tag": "noindex, nofollow",
}


@pytest.fixture
def video():
    return make_media(make_attempt(), MediaKind.VIDEO, CONTENT)


@pytest.fixture
def picture():
    return make_media(make_attempt(), MediaKind.BEST_FRAME, CONTENT)


@pytest.fixture
def viewer():
    return signed_in(make_user(*LOOK))


@pytest.fixture
def keeper():
    return signed_in(make_user(*LOOK, "download_storedmedia"))


def url(media, tail="") -> str:
    return f"/liveness/media/{media.public_id}/{tail}"


def actions() -> list[str]:
    return list(AuditEvent.objects.order_by("sequence").values_list("action", flat=True))


def seals(response) -> dict[str, str]:
    return {name: response.headers.get(name) for name in SEALS}


def with_thumbnail(media, content=b"small") -> StoredMedia:
    media.thumbnail.name = media.path + ".jpg"
    Path(media.thumbnail.path).write_bytes(content)
    media.save()
    return media


def test_it_streams_the_file_to_a_person_who_may_view_it(viewer, video):
    response = viewer.get(url(video))
    assert (response.status_code, response.getvalue()) == (200, CONTENT)
    assert seals(response) == SEALS
    assert response["Content-Type"] == "video/mp4"
    assert response["Content-Length"] == str(len(CONTENT))
    assert response["Accept-Ranges"] == "bytes"
    assert response["ETag"] == f'"{hashlib.sha256(CONTENT).hexdigest()}"'
    assert response["Content-Disposition"] == f'attachment; filename="video-{video.public_id.hex[:8]}.mp4"'


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
    ("asked", "start", "last"),
    [("bytes=0-0", 0, 0), ("bytes=100-199", 100, 199), ("bytes=-10", 10230, 10239), ("bytes=10000-", 10000, 10239)],
)
def test_it_sends_exactly_the_range_asked_for(viewer, video, asked, start, last):
    response = viewer.get(url(video), headers={"Range": asked})
    assert response.status_code == 206
    assert response["Content-Range"] == f"bytes {start}-{last}/10240"
    assert response["Content-Length"] == str(last - start + 1)
    assert response.getvalue() == CONTENT[start : last + 1]
    assert seals(response) == SEALS


def test_it_answers_416_past_the_end(viewer, video):
    response = viewer.get(url(video), headers={"Range": "bytes=10240-"})
    assert (response.status_code, response["Content-Range"], response.content) == (416, "bytes */10240", b"")
    assert seals(response) == SEALS


@pytest.mark.parametrize("asked", ["bytes=0-0,5-6", "bytes=0-,0-,0-", "lines=0-1", "bytes=9-1", "bytes=" + "1" * 500])
def test_it_never_sends_more_than_the_file_whatever_is_asked(viewer, video, asked):
    response = viewer.get(url(video), headers={"Range": asked})
    assert (response.status_code, response.getvalue()) == (200, CONTENT)


def test_if_range_protects_against_joining_two_files(viewer, video):
    current = f'"{video.sha256}"'
    for tag, status in ((current, 206), ('"other"', 200), (f"W/{current}", 200)):
        assert viewer.get(url(video), headers={"Range": "bytes=0-4", "If-Range": tag}).status_code == status


def test_head_has_the_headers_of_get_without_the_body_and_ignores_ranges(viewer, video):
    get, head = viewer.get(url(video)), viewer.head(url(video), headers={"Range": "bytes=0-4"})
    assert (head.status_code, head.content) == (200, b"")
    assert dict(head.headers) == dict(get.headers)


def test_asking_for_the_headers_alone_is_no_look(viewer, video):
    frame = with_thumbnail(make_media(video.attempt, MediaKind.BEST_FRAME, b"frame"))
    for address in (url(video), url(frame), url(frame, "thumbnail/")):
        assert viewer.head(address).status_code == 200
    assert not AuditEvent.objects.exists()


def test_asking_for_the_headers_of_what_one_may_not_see_is_on_record(video):
    assert signed_in(make_user()).head(url(video)).status_code == 404
    assert AuditEvent.objects.get().action == audit.MEDIA_REFUSED


def test_it_answers_304_to_a_person_who_holds_the_file(viewer, video):
    response = viewer.get(url(video), headers={"If-None-Match": f'"{video.sha256}"'})
    assert (response.status_code, response.content, seals(response)) == (304, b"", SEALS)


def test_one_event_stands_for_all_ranges_of_one_look(viewer, video, settings):
    settings.LIVENESS_VIEW_GRANT = 600
    with time_machine.travel("2026-11-22T10:00:00Z", tick=False) as clock:
        for start in range(0, 5000, 1000):
            viewer.get(url(video), headers={"Range": f"bytes={start}-"})
        assert actions() == [audit.MEDIA_VIEWED]
        clock.shift(601)
        viewer.get(url(video))
    assert actions() == [audit.MEDIA_VIEWED] * 2


def test_each_person_and_each_file_has_an_event_of_its_own(viewer, video):
    other = make_media(make_attempt(), MediaKind.VIDEO, b"other")
    viewer.get(url(video))
    viewer.get(url(other))
    signed_in(make_user(*LOOK)).get(url(video))
    assert actions() == [audit.MEDIA_VIEWED] * 3
    assert audit.verify().broken_at is None


def test_nothing_is_sent_when_the_event_cannot_be_written(viewer, keeper, video, monkeypatch):
    def fails(*args, **details):
        raise DatabaseError("disk full")

    monkeypatch.setattr(audit, "record", fails)
    for response in (viewer.get(url(video)), keeper.post(url(video, "download/"))):
        assert response.status_code == 503
        assert response["Retry-After"] == "5"
        assert seals(response) == SEALS
        assert CONTENT[:16] not in response.content


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


@pytest.mark.parametrize("state", [MediaState.WANTED, MediaState.ABSENT, MediaState.LOST, MediaState.PURGED])
def test_a_file_that_is_not_stored_is_not_there(keeper, state):
    media = StoredMedia.objects.create(attempt=make_attempt(), kind=MediaKind.VIDEO, state=state)
    assert keeper.get(url(media)).status_code == 404
    assert keeper.get(url(media, "thumbnail/")).status_code == 404
    assert keeper.post(url(media, "download/")).status_code == 404
    assert actions() == []


def test_a_flawed_file_is_never_embedded_and_downloads_as_bytes(keeper):
    media = make_media(make_attempt(), MediaKind.BEST_FRAME, b"<svg onload=alert(1)>", flaw="not a picture")
    with_thumbnail(media)
    assert keeper.get(url(media)).status_code == 404
    assert keeper.get(url(media, "thumbnail/")).status_code == 404
    response = keeper.post(url(media, "download/"))
    assert (response.status_code, response.getvalue()) == (200, b"<svg onload=alert(1)>")
    assert response["Content-Type"] == "application/octet-stream"
    assert response["Content-Disposition"].startswith('attachment; filename="best_frame-')
    assert response["Content-Disposition"].endswith('.bin"')
    assert seals(response) == SEALS


def test_a_type_outside_the_four_is_sent_as_bytes_even_if_the_row_says_so(viewer):
    media = make_media(make_attempt(), MediaKind.VIDEO, b"x", content_type="text/html")
    assert viewer.get(url(media))["Content-Type"] == "application/octet-stream"


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


def test_a_thumbnail_is_a_look_of_its_own(viewer):
    picture = with_thumbnail(make_media(make_attempt(), MediaKind.BEST_FRAME, b"picture"))
    for _ in range(2):
        response = viewer.get(url(picture, "thumbnail/"))
        assert (response.status_code, response.getvalue()) == (200, b"small")
    assert response["Content-Type"] == "image/jpeg"
    assert seals(response) == SEALS
    assert Client().get(url(picture, "thumbnail/")).status_code == 404
    assert actions() == [audit.MEDIA_PREVIEWED, audit.MEDIA_REFUSED]


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


@pytest.mark.parametrize("damage", [Path.unlink, lambda path: path.write_bytes(CONTENT[:-1])])
def test_a_missing_or_cut_file_is_told_and_recorded_once(viewer, keeper, video, damage):
    damage(Path(video.file.path))
    for response in (viewer.get(url(video)), viewer.head(url(video)), keeper.post(url(video, "download/"))):
        assert response.status_code == 410
        assert seals(response) == SEALS
    assert actions() == [audit.MEDIA_DAMAGED]
    video.refresh_from_db()
    assert video.damaged_at


def test_a_missing_thumbnail_is_no_fault_page(viewer):
    picture = with_thumbnail(make_media(make_attempt(), MediaKind.BEST_FRAME, b"picture"))
    Path(picture.thumbnail.path).unlink()
    assert viewer.get(url(picture, "thumbnail/")).status_code == 410


def test_nginx_is_told_where_the_file_lies_and_gets_no_body(viewer, keeper, video, settings):
    settings.LIVENESS_ACCEL_PREFIX = "/_evidence/"
    for response in (viewer.get(url(video)), keeper.post(url(video, "download/"))):
        assert (response.status_code, response.content) == (200, b"")
        assert response["X-Accel-Redirect"] == f"/_evidence/{video.path}"
        assert response["Content-Type"] == "video/mp4"
        assert seals(response) == SEALS
    assert actions() == [audit.MEDIA_VIEWED, audit.MEDIA_DOWNLOADED]


def test_a_client_cannot_make_the_portal_hand_over_a_path(viewer, video):
    response = viewer.get(url(video), headers={"X-Accel-Redirect": "/_evidence/x"})
    assert "X-Accel-Redirect" not in response.headers


def test_the_file_is_closed_when_the_answer_is(rf, tmp_path):
    path = tmp_path / "file"
    path.write_bytes(CONTENT)
    evidence = Evidence(path, "file", len(CONTENT), "video/mp4", "video.mp4", '"tag"')
    response = deliver(rf.get("/", headers={"Range": "bytes=0-99"}), evidence)
    part = response.file_to_stream
    response.close()
    with pytest.raises(ValueError, match="closed file"):
        part.read()


@given(st.binary(max_size=50), st.integers(0, 50), st.integers(0, 60), st.integers(1, 20))
def test_a_slice_ends_where_it_should(tmp_path_factory, content, start, length, step):
    path = tmp_path_factory.getbasetemp() / "slice"
    path.write_bytes(content)
    file = path.open("rb", buffering=0)
    file.seek(start)
    part = Slice(file, length)
    assert b"".join(iter(lambda: part.read(step), b"")) == content[start : start + length]
    part.close()


def test_a_look_that_a_broken_chain_cannot_take_is_refused(viewer, video, monkeypatch):
    def broken(*args, **kwargs):
        raise ChainError("broken")

    monkeypatch.setattr(viewing, "record_look", broken)
    assert viewer.get(url(video)).status_code == 503
