import os
import time
from pathlib import Path

import pytest
from django.utils import timezone

from liveness.models import AuditEvent, MediaKind
from liveness.services import audit, media
from liveness.services.audit import Actor
from liveness.storage import private_storage
from tests.builders import make_attempt, make_media

pytestmark = pytest.mark.django_db
ACTOR = Actor.system("tests")


@pytest.fixture
def video():
    return make_media(make_attempt(), MediaKind.VIDEO, b"video" * 1000)


def verify(item):
    return media.verify(item, now=timezone.now(), actor=ACTOR)


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


def test_the_sweep_removes_what_a_killed_run_left_and_nothing_else():
    storage = private_storage()
    old, new = storage.quarantine("aa/old"), storage.quarantine("aa/new")
    for part in (old, new):
        part.write_bytes(b"part")
    os.utime(old, (time.time() - 7200,) * 2)
    assert media.sweep() == 1
    assert (old.exists(), new.exists()) == (False, True)
