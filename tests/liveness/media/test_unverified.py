"""A file that the vendor declares without an MD5 is kept, apart from evidence."""

import hashlib
from pathlib import Path

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone

from liveness import audit
from liveness.attempts import life_cycle
from liveness.audit import Actor
from liveness.client.types import FileInfo, parse_liveness_result
from liveness.exceptions import MediaError
from liveness.media import files as media_files
from liveness.models import AuditEvent, MediaKind, MediaState, StoredMedia
from liveness.sandbox.subjects import ASSETS
from liveness.storage.private import private_storage
from tests.builders import make_attempt, make_media

pytestmark = [pytest.mark.django_db, pytest.mark.postgres]
ACTOR = Actor.system("tests")
FRAME = (ASSETS / "amara.jpg").read_bytes()
MD5 = hashlib.md5(FRAME, usedforsecurity=False).hexdigest()


@pytest.fixture
def link(httpserver, settings):
    settings.LIVENESS_MEDIA_ORIGINS = [httpserver.url_for("").rstrip("/")]
    httpserver.expect_request("/file").respond_with_data(FRAME)
    return httpserver.url_for("/file")


def answered(attempt, url, **declared) -> StoredMedia:
    """Record an answer that declares the frame like this, and fetch it; the row of the frame."""
    frame = {"Url": url, "MD5": MD5, "Size": len(FRAME)} | declared
    result = parse_liveness_result({"Result": "0", "BestFrame": frame, "Video": None, "RequestId": "r"})
    life_cycle.record(attempt.id, result, now=timezone.now(), actor=ACTOR)
    media_files.capture(attempt, result, actor=ACTOR)
    return attempt.media.filter(kind=MediaKind.BEST_FRAME).latest("id")


def stored_events():
    return list(AuditEvent.objects.filter(action__startswith="liveness.media").values_list("action", flat=True))


@pytest.mark.parametrize(
    "declared",
    [
        {},
        {"MD5": f' "{MD5.upper()}"\n'},
        {"Size": f" {len(FRAME)}.0"},
        {"Size": float(len(FRAME))},
        {"Size": 0},
        {"Size": None},
        {"Size": "unknown"},
    ],
    ids=str,
)
def test_a_file_with_a_readable_md5_is_verified(declared, link):
    file = answered(make_attempt(), link, **declared)
    assert (file.state, file.md5, file.size) == (MediaState.STORED, MD5, len(FRAME))
    assert file.verified_at
    assert not file.is_unverified
    assert audit.MEDIA_STORED in stored_events()


@pytest.mark.parametrize("declared", [{"MD5": "", "Size": 0}, {"MD5": None, "Size": None}, {"MD5": "x"}, {"MD5": ""}])
def test_a_file_without_one_is_kept_as_unverified(declared, link):
    attempt = make_attempt()
    file = answered(attempt, link, **declared)
    assert (file.state, file.declared_md5, file.md5, file.size) == (MediaState.UNVERIFIED, "", MD5, len(FRAME))
    assert (file.is_unverified, file.is_viewable, file.verified_at) == (True, True, None)
    assert Path(file.file.path).read_bytes() == FRAME
    assert audit.MEDIA_UNVERIFIED in stored_events()
    assert audit.MEDIA_STORED not in stored_events()
    assert life_cycle.settle(attempt.id, now=timezone.now()).next_poll_at is None


def test_a_declared_size_is_held_against_it(link):
    file = answered(make_attempt(), link, MD5="", Size=len(FRAME) + 1)
    assert file.state == MediaState.WANTED
    assert "instead of" in file.reason


@pytest.mark.parametrize("page", [b"<html>Sign in</html>", b" \n<?xml version='1.0'?>", b'{"error": 1}'])
def test_a_page_in_place_of_the_file_is_not_kept(page, link, httpserver):
    httpserver.clear()
    httpserver.expect_request("/file").respond_with_data(page)
    file = answered(make_attempt(), link, MD5="", Size=None)
    assert (file.state, file.reason) == (MediaState.WANTED, "the media host sent a page of text in place of the file")
    assert not Path(private_storage().path(file.path)).exists()


def test_the_same_answer_again_fetches_nothing_again(link, httpserver):
    attempt = make_attempt()
    first = answered(attempt, link, MD5="")
    assert answered(attempt, link, MD5="") == first
    assert len(httpserver.log) == 1


def test_an_md5_that_comes_later_verifies_a_file_of_its_own(link):
    attempt = make_attempt()
    first, second = answered(attempt, link, MD5=""), answered(attempt, link)
    first.refresh_from_db()
    assert first != second
    assert (first.state, second.state) == (MediaState.UNVERIFIED, MediaState.STORED)


def test_an_answer_without_an_md5_adds_nothing_to_a_verified_file(link):
    attempt = make_attempt()
    first = answered(attempt, link)
    assert answered(attempt, link, MD5="", Size=None) == first
    assert attempt.media.filter(kind=MediaKind.BEST_FRAME).count() == 1


def test_what_a_killed_run_left_behind_is_kept_without_a_download(link):
    attempt = make_attempt()
    wanted = StoredMedia.objects.create(attempt=attempt, kind=MediaKind.BEST_FRAME)
    part = private_storage().quarantine(wanted.path)
    part.write_bytes(FRAME)
    private_storage().admit(part, wanted.path)
    assert media_files.rescue(wanted, now=timezone.now(), actor=ACTOR)
    wanted.refresh_from_db()
    assert wanted.state == MediaState.UNVERIFIED


def test_a_declaration_that_changed_meanwhile_does_not_verify_other_bytes(link, monkeypatch):
    wanted = StoredMedia.objects.create(attempt=make_attempt(), kind=MediaKind.BEST_FRAME)
    inspect = media_files._inspect_in_place

    def declared_meanwhile(file):
        StoredMedia.objects.update(declared_md5="1" * 32)
        return inspect(file)

    monkeypatch.setattr(media_files, "_inspect_in_place", declared_meanwhile)
    assert not media_files.store(wanted, FileInfo(url=link, md5=None, size=None), actor=ACTOR)
    wanted.refresh_from_db()
    assert wanted.state == MediaState.WANTED


def test_it_can_be_read_again_like_any_other_and_stays_unverified(link):
    file = answered(make_attempt(), link, MD5="")
    assert media_files.verify(file, now=timezone.now(), actor=ACTOR)
    file.refresh_from_db()
    assert (file.state, file.damaged_at) == (MediaState.UNVERIFIED, None)


def test_a_file_without_a_link_is_wanted_with_a_reason():
    file = answered(make_attempt(), "", MD5=MD5)
    assert (file.state, file.reason) == (MediaState.WANTED, "the vendor sent no link for it")
    with pytest.raises(MediaError, match="no link"):
        media_files.store(file, FileInfo(url=" ", md5=None, size=None), actor=ACTOR)


@pytest.mark.parametrize(
    "fields", [{"declared_md5": MD5}, {"md5": ""}, {"sha256": ""}, {"size": None}, {"stored_at": None}]
)
def test_the_database_refuses_an_unverified_file_that_cannot_be(fields):
    sound = {"state": MediaState.UNVERIFIED, "declared_md5": "", "declared_size": None}
    make_media(make_attempt(), MediaKind.BEST_FRAME, FRAME, **sound)
    with pytest.raises(IntegrityError), transaction.atomic():
        make_media(make_attempt(), MediaKind.BEST_FRAME, FRAME, **(sound | fields))


def test_the_database_takes_a_verified_file_of_undeclared_size():
    assert make_media(make_attempt(), MediaKind.BEST_FRAME, FRAME, declared_size=None).state == MediaState.STORED
