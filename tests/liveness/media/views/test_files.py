"""What a person who may view a file gets: its bytes, their headers, and the truth when it is damaged."""

import hashlib
from pathlib import Path

import pytest

from liveness import audit
from liveness.models import MediaKind, MediaState, Outcome, StoredMedia
from tests.builders import make_attempt, make_media
from tests.liveness.media.disks import as_nobody, open_directory, root, unmount
from tests.liveness.media.views.visiting import CONTENT, SEALS, actions, seals, url, with_thumbnail

pytestmark = pytest.mark.django_db


def test_it_streams_the_file_to_a_person_who_may_view_it(viewer, video):
    response = viewer.get(url(video))
    assert (response.status_code, response.getvalue()) == (200, CONTENT)
    assert seals(response) == SEALS
    assert response["Content-Type"] == "video/mp4"
    assert response["Content-Length"] == str(len(CONTENT))
    assert response["Accept-Ranges"] == "bytes"
    assert response["ETag"] == f'"{hashlib.sha256(CONTENT).hexdigest()}"'
    assert response["Content-Disposition"] == f'attachment; filename="video-{video.public_id.hex[:8]}.mp4"'


def test_it_answers_304_to_a_person_who_holds_the_file(viewer, video):
    response = viewer.get(url(video), headers={"If-None-Match": f'"{video.sha256}"'})
    assert (response.status_code, response.content, seals(response)) == (304, b"", SEALS)


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


@pytest.mark.parametrize("damage", [Path.unlink, lambda path: path.write_bytes(CONTENT[:-1])])
def test_a_missing_or_cut_file_is_told_and_recorded_once(viewer, keeper, video, damage):
    damage(Path(video.file.path))
    for response in (viewer.get(url(video)), viewer.head(url(video)), keeper.post(url(video, "download/"))):
        assert response.status_code == 410
        assert seals(response) == SEALS
    assert actions() == [audit.MEDIA_DAMAGED]
    video.refresh_from_db()
    assert video.damaged_at


@pytest.mark.parametrize("tail", ["", "thumbnail/"])
def test_a_file_of_another_user_is_not_called_missing(viewer, tail, settings):
    with open_directory() as directory:
        settings.LIVENESS_MEDIA_ROOT = directory / "evidence"
        picture = with_thumbnail(make_media(make_attempt(), MediaKind.BEST_FRAME, CONTENT))
        for path in (root(), *root().rglob("*")):
            path.chmod(0o755)
        for stored in (picture.file, picture.thumbnail):
            Path(stored.path).chmod(0o600)
        with as_nobody():
            response = viewer.get(url(picture, tail))
        root().chmod(0o700)
        with as_nobody():
            locked = viewer.get(url(picture, tail))
    assert response.status_code == 503
    assert "cannot be read (permission)" in response.text
    assert locked.status_code == 503
    assert seals(response) == SEALS
    assert str(directory) not in response.text
    picture.refresh_from_db()
    assert (picture.state, picture.damaged_at) == (MediaState.STORED, None)


@pytest.mark.parametrize("tail", ["", "thumbnail/"])
def test_a_file_of_a_volume_that_is_not_mounted_is_not_called_missing(viewer, tail):
    picture = with_thumbnail(make_media(make_attempt(), MediaKind.BEST_FRAME, CONTENT))
    unmount()
    response = viewer.get(url(picture, tail))
    assert response.status_code == 503
    assert "missing" not in response.text
    picture.refresh_from_db()
    assert picture.damaged_at is None
    assert audit.MEDIA_DAMAGED not in actions()


def test_a_missing_file_that_the_vendor_still_has_will_be_fetched_again(viewer):
    attempt = make_attempt(outcome=Outcome.PASSED)
    video = make_media(attempt, MediaKind.VIDEO, CONTENT)
    Path(video.file.path).unlink()
    assert viewer.get(url(video)).status_code == 410
    video.refresh_from_db()
    attempt.refresh_from_db()
    assert (video.state, bool(attempt.next_poll_at)) == (MediaState.WANTED, True)


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
