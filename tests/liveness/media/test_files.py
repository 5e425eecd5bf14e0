import errno
import hashlib
import os
import time
from pathlib import Path

import pytest
from django.contrib.messages.storage.cookie import CookieStorage
from django.utils import timezone

from liveness import audit
from liveness.admin import reports
from liveness.audit import Actor
from liveness.client.types import FileInfo
from liveness.exceptions import MediaError
from liveness.media import access_log, inspection
from liveness.media import files as media_files
from liveness.models import AuditEvent, MediaKind, MediaState, StoredMedia
from liveness.sandbox.subjects import ASSETS
from liveness.storage.marker import MARKER
from liveness.storage.private import PrivateStorage, private_storage
from tests.builders import make_attempt, make_media

pytestmark = pytest.mark.django_db
ACTOR = Actor.system("tests")
FRAME = (ASSETS / "amara.jpg").read_bytes()
DEAD_LINK = "http://127.0.0.1:9/file"


@pytest.fixture
def video():
    return make_media(make_attempt(), MediaKind.VIDEO, b"video" * 1000)


def verify(item):
    return media_files.verify(item, now=timezone.now(), actor=ACTOR)


def test_a_sound_file_is_verified_and_audited(video):
    assert verify(video)
    assert video.damaged_at is None
    assert AuditEvent.objects.get().action == audit.MEDIA_VERIFIED


@pytest.mark.parametrize("damage", ["a changed bit", "a cut tail", "gone"])
def test_a_damaged_file_is_told_and_audited(video, damage):
    path = Path(video.file.path)
    content = path.read_bytes()
    path.chmod(0o600)
    if damage == "gone":
        path.unlink()
    else:
        path.write_bytes(content[:-1] if damage == "a cut tail" else b"\x00" + content[1:])
    assert not verify(video)
    video.refresh_from_db()
    assert video.damaged_at
    assert AuditEvent.objects.get().action == audit.MEDIA_DAMAGED


def test_the_storage_has_no_url(video):
    with pytest.raises(ValueError, match="liveness:media"):
        video.file.url  # noqa: B018


def test_nobody_else_can_read_the_storage(video):
    path = Path(video.file.path)
    assert path.stat().st_mode & 0o077 == 0
    for directory in (path.parent, path.parents[1]):
        assert directory.stat().st_mode & 0o077 == 0


def test_a_file_lies_where_its_own_id_says(video):
    assert video.file.name == f"{video.public_id.hex[:2]}/{video.public_id.hex}"


def test_the_sweep_passes_over_what_resists():
    stuck, old = private_storage().quarantine("aa/stuck"), private_storage().quarantine("aa/old")
    stuck.mkdir()
    old.write_bytes(b"part")
    for part in (stuck, old):
        os.utime(part, (time.time() - 7200,) * 2)
    assert media_files.sweep() == 1
    assert not old.exists()


def test_the_sweep_removes_what_a_killed_run_left_and_nothing_else():
    storage = private_storage()
    old, new = storage.quarantine("aa/old"), storage.quarantine("aa/new")
    for part in (old, new):
        part.write_bytes(b"part")
    os.utime(old, (time.time() - 7200,) * 2)
    assert media_files.sweep() == 1
    assert (old.exists(), new.exists()) == (False, True)


@pytest.fixture
def wanted():
    """A best frame that an answer declared."""
    return StoredMedia.objects.create(
        attempt=make_attempt(),
        kind=MediaKind.BEST_FRAME,
        declared_size=len(FRAME),
        declared_md5=hashlib.md5(FRAME, usedforsecurity=False).hexdigest(),
    )


@pytest.fixture
def link(httpserver, settings):
    """A link that works."""
    settings.LIVENESS_MEDIA_ORIGINS = [httpserver.url_for("").rstrip("/")]
    httpserver.expect_request("/file").respond_with_data(FRAME)
    return httpserver.url_for("/file")


def store(item, url):
    return media_files.store(item, FileInfo(url=url, md5=item.declared_md5, size=item.declared_size), actor=ACTOR)


def leave_behind(item, content):
    """What a run leaves that is killed between the move into place and the row."""
    part = private_storage().quarantine(item.path)
    part.write_bytes(content)
    private_storage().admit(part, item.path)


def files():
    return [path for path in Path(private_storage().location).rglob("*") if path.is_file() and path.name != MARKER]


def assert_it_is_stored(item):
    item.refresh_from_db()
    assert (item.state, item.sha256) == (MediaState.STORED, hashlib.sha256(FRAME).hexdigest())
    assert Path(item.file.path).read_bytes() == FRAME
    assert AuditEvent.objects.get().action == audit.MEDIA_STORED


def test_a_file_left_behind_whole_is_kept_without_a_download(wanted):
    leave_behind(wanted, FRAME)
    assert store(wanted, DEAD_LINK)
    assert_it_is_stored(wanted)
    assert (wanted.is_viewable, wanted.fetch_count) == (True, 0)
    assert len(files()) == 2, "the frame and its thumbnail"


def test_anything_else_left_behind_is_removed(wanted):
    leave_behind(wanted, FRAME[:-1])
    with pytest.raises(MediaError):
        store(wanted, DEAD_LINK)
    assert files() == []


def test_a_file_left_behind_whole_is_rescued_from_being_lost(wanted):
    leave_behind(wanted, FRAME)
    assert media_files.rescue(wanted, now=timezone.now(), actor=ACTOR)
    assert_it_is_stored(wanted)
    assert wanted.is_viewable


@pytest.mark.parametrize("trouble", [MediaError("the decoder does not work"), OSError(errno.ENOSPC, "full")])
def test_no_trouble_with_the_decoder_or_the_thumbnail_lets_a_file_be_lost(trouble, wanted, monkeypatch):
    def fail(*args):
        raise trouble

    leave_behind(wanted, FRAME)
    monkeypatch.setattr(inspection, "inspect", fail)
    assert media_files.rescue(wanted, now=timezone.now(), actor=ACTOR)
    assert_it_is_stored(wanted)
    assert wanted.flaw == media_files.NOT_INSPECTED


@pytest.mark.parametrize("trouble", [MediaError("the decoder does not work"), OSError(errno.ENOSPC, "full")])
def test_what_was_fetched_while_the_decoder_did_not_work_is_not_fetched_again(trouble, wanted, link, monkeypatch):
    def fail(*args):
        raise trouble

    with monkeypatch.context() as patch:
        patch.setattr(inspection, "inspect", fail)
        with pytest.raises(MediaError):
            store(wanted, link)
    assert store(wanted, DEAD_LINK)
    assert_it_is_stored(wanted)
    assert (wanted.is_viewable, wanted.fetch_count) == (True, 1)


def test_there_is_nothing_to_rescue_in_a_cut_file(wanted):
    leave_behind(wanted, FRAME[:-1])
    assert not media_files.rescue(wanted, now=timezone.now(), actor=ACTOR)
    assert not AuditEvent.objects.exists()


def test_nothing_of_a_row_that_owns_no_file_stays_on_the_disk(wanted, video):
    leave_behind(wanted, FRAME)
    private_storage().quarantine(wanted.path).write_bytes(FRAME)
    Path(private_storage().path(wanted.path + ".jpg")).write_bytes(FRAME)
    media_files.discard(wanted)
    assert files() == [Path(video.file.path)]


def test_a_leftover_that_cannot_be_removed_is_told_and_stops_nothing(wanted, caplog):
    Path(private_storage().path(wanted.path)).mkdir(parents=True)
    part = private_storage().quarantine(wanted.path)
    part.write_bytes(FRAME)
    media_files.discard(wanted)
    assert not part.exists()
    assert "by hand" in caplog.text


def test_a_file_whose_row_was_lost_meanwhile_is_neither_counted_nor_left(wanted, link, monkeypatch):
    inspect = inspection.inspect

    def lose_meanwhile(*args):
        StoredMedia.objects.update(state=MediaState.LOST)
        return inspect(*args)

    monkeypatch.setattr(inspection, "inspect", lose_meanwhile)
    assert not store(wanted, link)
    assert files() == []
    assert not AuditEvent.objects.exists()


def test_two_runs_that_fetch_one_file_do_not_spoil_each_other_s_bytes(wanted, link, monkeypatch):
    inspect, answers = inspection.inspect, []

    def overtaken(*args):
        monkeypatch.setattr(inspection, "inspect", inspect)
        finding = inspect(*args)
        answers.append(store(StoredMedia.objects.get(), link))
        return finding

    monkeypatch.setattr(inspection, "inspect", overtaken)
    answers.append(store(wanted, link))
    assert answers == [True, False], "one of them stored it, and it is counted once"
    assert_it_is_stored(wanted)
    assert len(files()) == 2


def test_a_file_counts_as_stored_when_it_is_and_not_when_its_fetch_began(wanted, link, monkeypatch):
    moments, inspect = [], inspection.inspect
    monkeypatch.setattr(inspection, "inspect", lambda *args: (inspect(*args), moments.append(timezone.now()))[0])
    store(wanted, link)
    wanted.refresh_from_db()
    assert wanted.stored_at == wanted.verified_at > moments[0]


@pytest.mark.parametrize("number", [errno.EACCES, errno.EPERM, errno.EROFS])
def test_a_storage_that_cannot_be_written_is_told_with_what_to_do(number, wanted, link, monkeypatch):
    def refuse(*args):
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(PrivateStorage, "_make_directory", refuse)
    with pytest.raises(MediaError, match=r"LIVENESS_MEDIA_ROOT cannot be written .*; fix its owner or mode") as problem:
        store(wanted, link)
    assert not problem.value.is_refetchable


def test_a_moved_file_survives_a_power_cut_with_its_new_directory(wanted, monkeypatch):
    synced, fsync = [], os.fsync
    monkeypatch.setattr(os, "fsync", lambda fd: (fsync(fd), synced.append(str(Path(f"/proc/self/fd/{fd}").readlink()))))
    leave_behind(wanted, FRAME)
    final = Path(private_storage().path(wanted.path))
    assert {str(final.parent), str(final.parents[1])} <= set(synced)


def test_a_file_on_a_disk_that_cannot_be_read_now_is_not_called_damaged(video, monkeypatch, rf):
    def fail(*args, **kwargs):
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    stat = Path.stat
    monkeypatch.setattr(
        Path, "stat", lambda path, **more: fail() if path.name == video.path[3:] else stat(path, **more)
    )
    assert_it_is_not_called_damaged(video, rf, "LIVENESS_MEDIA_ROOT cannot be read now")


def test_a_file_on_a_disk_that_is_not_mounted_is_not_called_damaged(video, rf):
    Path(private_storage().location).rename(Path(private_storage().location).with_name("elsewhere"))
    assert_it_is_not_called_damaged(video, rf, "LIVENESS_MEDIA_ROOT has no marker file")


def assert_it_is_not_called_damaged(item, rf, reason):
    with pytest.raises(MediaError, match=reason):
        verify(item)
    item.refresh_from_db()
    assert access_log.availability(item, actor=ACTOR) is access_log.Availability.UNREADABLE
    assert admin_says(rf, item) == ["0 files are sound.", f"{item}: {reason}"]
    assert item.damaged_at is None
    assert not AuditEvent.objects.exists()


def admin_says(rf, item):
    request = rf.post("/")
    request._messages = CookieStorage(request)
    request.user = type("Person", (), {"pk": 1, "is_authenticated": True})()
    reports.verify(request, [item])
    return [str(message).partition(" (")[0] for message in request._messages]
