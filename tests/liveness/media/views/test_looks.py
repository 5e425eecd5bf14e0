"""Every look is on record: one event for one look, and no bytes without it."""

import pytest
import time_machine
from django.db import DatabaseError
from django.test import Client

from liveness import audit
from liveness.exceptions import ChainError
from liveness.media import access_log
from liveness.models import AuditEvent, MediaKind
from tests.builders import make_attempt, make_media
from tests.liveness.media.views.visiting import CONTENT, LOOK, SEALS, actions, seals, url, with_thumbnail
from tests.people import make_user, signed_in

pytestmark = pytest.mark.django_db


def test_asking_for_the_headers_alone_is_no_look(viewer, video):
    frame = with_thumbnail(make_media(video.attempt, MediaKind.BEST_FRAME, b"frame"))
    for address in (url(video), url(frame), url(frame, "thumbnail/")):
        assert viewer.head(address).status_code == 200
    assert not AuditEvent.objects.exists()


def test_asking_for_the_headers_of_what_one_may_not_see_is_on_record(video):
    assert signed_in(make_user()).head(url(video)).status_code == 404
    assert AuditEvent.objects.get().action == audit.MEDIA_REFUSED


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


def test_a_thumbnail_is_a_look_of_its_own(viewer):
    picture = with_thumbnail(make_media(make_attempt(), MediaKind.BEST_FRAME, b"picture"))
    for _ in range(2):
        response = viewer.get(url(picture, "thumbnail/"))
        assert (response.status_code, response.getvalue()) == (200, b"small")
    assert response["Content-Type"] == "image/jpeg"
    assert seals(response) == SEALS
    assert Client().get(url(picture, "thumbnail/")).status_code == 404
    assert actions() == [audit.MEDIA_PREVIEWED, audit.MEDIA_REFUSED]


def test_a_look_that_a_broken_chain_cannot_take_is_refused(viewer, video, monkeypatch):
    def broken(*args, **kwargs):
        raise ChainError("broken")

    monkeypatch.setattr(access_log, "record_look", broken)
    assert viewer.get(url(video)).status_code == 503
