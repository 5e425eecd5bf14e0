"""A stranger learns from nothing whether a media id exists: the same statements, writes and answers either way."""

import re
from uuid import uuid4

import pytest
import time_machine
from django.db import connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext

from liveness import audit
from liveness.access import AccessPolicy
from liveness.audit import Actor
from liveness.models import AuditEvent, MediaKind, StoredMedia
from tests.builders import make_attempt, make_media
from tests.liveness.media.views.visiting import CONTENT, LOOK, actions, url
from tests.people import make_user, signed_in

pytestmark = [pytest.mark.django_db, pytest.mark.postgres]
ENDS = ("", "thumbnail/", "download/")


class Nothing(AccessPolicy):
    """A host's policy that hides the region of all test attempts."""

    def visible_attempts(self, user):
        return super().visible_attempts(user).exclude(region="ap-singapore")


@pytest.fixture(params=["anonymous", "without permissions", "without media", "another region"])
def stranger(request, settings):
    if request.param == "anonymous":
        return Client()
    if request.param == "another region":
        settings.LIVENESS_ACCESS_POLICY = f"{__name__}.Nothing"
        return signed_in(make_user(*LOOK, "download_storedmedia"))
    return signed_in(make_user(*(LOOK[:1] if request.param == "without media" else ())))


def ask(client, public_id, end):
    address = f"/liveness/media/{public_id}/{end}"
    with CaptureQueriesContext(connection) as queries:
        response = client.post(address) if end == "download/" else client.get(address)
    # Values differ; the shape of a statement must not.
    shapes = [re.sub(r"'[^']*'|\b\d+\b|s\d+_x\d+", "?", query["sql"]) for query in queries]
    return (response.status_code, response.content, dict(response.headers)), shapes


@pytest.mark.parametrize("end", ENDS)
def test_a_forbidden_file_and_an_unknown_id_run_the_same_statements(stranger, end):
    public_id = make_media(make_attempt(), MediaKind.VIDEO, CONTENT).public_id
    # The first event of all makes the chain's head too.
    with transaction.atomic():
        audit.record(audit.CHECK_REQUESTED, actor=Actor.system("tests"))
    found = []
    for asked in (public_id, uuid4()):
        with time_machine.travel(f"2026-11-22T1{len(found)}:00:00Z", tick=False):
            found.append([ask(stranger, asked, end), ask(stranger, asked, end)])
    for forbidden, unknown in zip(*found, strict=True):
        assert forbidden[0] == unknown[0]
        assert forbidden[1] == unknown[1]
    assert actions() == [audit.CHECK_REQUESTED, audit.MEDIA_REFUSED, audit.MEDIA_REFUSED]


def test_a_refusal_names_the_id_that_was_asked_for_whether_it_exists_or_not(stranger):
    public_id, unknown = make_media(make_attempt(), MediaKind.VIDEO, CONTENT).public_id, uuid4()
    for minute, asked in enumerate((public_id, unknown)):
        with time_machine.travel(f"2026-11-22T10:0{minute}:01Z", tick=False):
            ask(stranger, asked, "")
    events = AuditEvent.objects.order_by("sequence")
    assert [event.object_id for event in events] == [str(public_id), str(unknown)]
    assert {(event.object_type, event.details) for event in events} == {(StoredMedia._meta.label_lower, "{}")}
    assert audit.verify().broken_at is None


def test_nobody_floods_the_chain_with_random_ids(stranger):
    video = make_media(make_attempt(), MediaKind.VIDEO, CONTENT)
    with time_machine.travel("2026-11-22T10:00:00Z", tick=False) as clock:
        for asked in (uuid4(), uuid4(), video.public_id, uuid4()):
            for end in ENDS:
                assert ask(stranger, asked, end)[0][0] == 404
        assert actions() == [audit.MEDIA_REFUSED]
        clock.shift(61)
        stranger.get(url(video))
    assert actions() == [audit.MEDIA_REFUSED] * 2


def test_each_person_has_a_refusal_of_their_own_on_record():
    video = make_media(make_attempt(), MediaKind.VIDEO, CONTENT)
    for client in (Client(), signed_in(make_user()), signed_in(make_user())):
        client.get(url(video))
    assert AuditEvent.objects.values("actor").distinct().count() == 3
