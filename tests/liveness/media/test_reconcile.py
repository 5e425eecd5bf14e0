"""Rows and files are compared: what does not agree is named, and what may be done about it deletes nothing."""

import hashlib
import os
from pathlib import Path

import pytest
from django.utils import timezone

from liveness import audit
from liveness.audit import Actor
from liveness.media import adoption, rolling_check
from liveness.media.adoption import Choice
from liveness.media.reconcile import Kind, Scan
from liveness.models import AuditEvent, MediaKind, MediaState, Outcome, StoredMedia
from liveness.sandbox.subjects import ASSETS
from tests.builders import make_attempt, make_media
from tests.liveness.media.disks import age, files, flip, place, root

pytestmark = pytest.mark.django_db
ACTOR = Actor.system("tests")
FRAME = (ASSETS / "amara.jpg").read_bytes()


def scan(**options):
    return list(Scan(**options).findings())


def kinds(findings):
    return [finding.kind for finding in findings]


def settle(*choices):
    """Find and act; the findings that are left."""
    findings = scan()
    adoption.settle(findings, set(choices), now=timezone.now(), actor=ACTOR)
    return [finding for finding in findings if not finding.is_settled]


def actions():
    events = AuditEvent.objects.filter(action__startswith="liveness.media.")
    return list(events.order_by("sequence").values_list("action", flat=True))


def put(name, content, *, is_young=False) -> Path:
    """A file that lies somewhere under the root, since yesterday."""
    path = root() / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    if not is_young:
        age(path, 86400)
    return path


def total() -> list[bytes]:
    """The bytes of everything that is there, wherever it is."""
    return sorted((root() / name).read_bytes() for name in files())


@pytest.fixture
def lost():
    """A picture that was given up."""
    return StoredMedia.objects.create(
        attempt=make_attempt(outcome=Outcome.PASSED),
        kind=MediaKind.BEST_FRAME,
        state=MediaState.LOST,
        reason="the link expired",
        declared_size=len(FRAME),
        declared_md5=hashlib.md5(FRAME, usedforsecurity=False).hexdigest(),
    )


class TestFindings:
    def test_rows_and_files_that_agree_give_none(self, video, old_video):
        assert scan() == []

    def test_a_row_without_its_file(self, video):
        place(video).unlink()
        [finding] = scan()
        assert (finding.kind, finding.file) == (Kind.ROW_WITHOUT_FILE, str(video.public_id))
        assert finding.attempt == str(video.attempt.public_id)

    def test_a_changed_file_and_with_quick_only_one_of_another_size(self, video, old_video):
        flip(video)
        os.truncate(place(old_video), 3)
        assert kinds(scan()) == [Kind.FILE_CHANGED] * 2
        assert [finding.file for finding in scan(is_quick=True)] == [str(old_video.public_id)]

    def test_a_missing_thumbnail(self, video):
        StoredMedia.objects.update(thumbnail=f"{video.path}.jpg")
        assert kinds(scan()) == [Kind.THUMBNAIL_MISSING]
        put(f"{video.path}.jpg", b"small")
        assert scan() == []

    @pytest.mark.parametrize("name", ["ab/" + "ab" * 16, "ab/" + "ab" * 16 + ".jpg", "notes.txt", "deep/er/file"])
    def test_a_file_without_a_row_once_it_is_old_enough(self, video, name):
        put(name, b"?", is_young=True)
        assert scan() == [], "it may be on its way: files are written before their rows"
        put(name, b"?")
        assert [(finding.kind, finding.name) for finding in scan()] == [(Kind.FILE_WITHOUT_ROW, name)]

    @pytest.mark.parametrize("state", [MediaState.LOST, MediaState.ABSENT, MediaState.PURGED])
    def test_a_file_of_a_row_that_has_none(self, video, lost, state):
        StoredMedia.objects.filter(id=lost.id).update(state=state)
        put(lost.path, b"?")
        assert kinds(scan()) == [Kind.FILE_WITHOUT_ROW]

    def test_what_a_download_left_behind(self, video):
        put("quarantine/ab-cd.part", b"?")
        put("quarantine/ab-ef.part", b"?", is_young=True)
        assert [(finding.kind, finding.name) for finding in scan()] == [(Kind.LEFTOVER, "quarantine/ab-cd.part")]

    def test_what_was_set_aside_is_no_disagreement(self, video):
        put("quarantine/2026-11-30/something", b"?")
        assert scan() == []

    @pytest.mark.parametrize("place_of", ["elsewhere/copy", "quarantine/2026-11-30/copy", "quarantine/copy.part"])
    def test_the_bytes_that_a_row_lacks_are_found_wherever_they_are(self, video, place_of):
        put(place_of, place(video).read_bytes())
        place(video).unlink()
        found = {finding.kind: finding for finding in scan()}
        assert set(found) == {Kind.ROW_WITHOUT_FILE, Kind.ADOPTABLE}
        assert (found[Kind.ADOPTABLE].name, found[Kind.ADOPTABLE].file) == (place_of, str(video.public_id))

    def test_a_link_and_a_pipe_are_named_and_not_followed(self, video, tmp_path):
        (tmp_path / "secret").write_bytes(b"x")
        (root() / "link").symlink_to(tmp_path / "secret")
        os.mkfifo(root() / "pipe")
        for name in ("link", "pipe"):
            os.utime(root() / name, (0, 0), follow_symlinks=False)
        assert [finding.name for finding in scan()] == ["link", "pipe"]

    def test_looking_changes_nothing(self, video, old_video, lost):
        flip(video)
        place(old_video).unlink()
        put("ab/copy", FRAME)
        before = (files(), list(StoredMedia.objects.order_by("id").values()))
        assert len(scan()) == 3
        assert (files(), list(StoredMedia.objects.order_by("id").values())) == before
        assert actions() == []

    @pytest.mark.parametrize("name", ["\u202e\nevil", os.fsdecode(b"\xff\xfe"), "\x1b[31m"])
    def test_names_that_could_spoil_a_terminal_are_escaped(self, video, name):
        put(name, b"?")
        [finding] = scan()
        assert str(finding).isprintable()
        assert finding.as_dict()["name"].encode()
        assert settle(Choice.QUARANTINE) == []


class TestAdopt:
    def test_a_stored_row_gets_its_file_back(self, old_video):
        put("copies/1", place(old_video).read_bytes())
        place(old_video).unlink()
        rolling_check.check_some(None, actor=ACTOR, is_everything=True)
        assert settle(Choice.ADOPT) == []
        old_video.refresh_from_db()
        assert (old_video.state, old_video.damaged_at, files()) == (MediaState.STORED, None, [old_video.path])
        assert actions() == [audit.MEDIA_DAMAGED, audit.MEDIA_ADOPTED]
        assert scan() == []

    def test_changed_bytes_at_its_place_are_kept_in_quarantine(self, old_video):
        content = place(old_video).read_bytes()
        put("copies/1", content)
        changed = flip(old_video)
        assert settle(Choice.ADOPT) == []
        assert total() == sorted([content, changed])
        assert place(old_video).read_bytes() == content

    @pytest.mark.parametrize("state", [MediaState.LOST, MediaState.WANTED])
    @pytest.mark.parametrize("is_in_place", [True, False])
    def test_a_row_that_never_got_its_file_is_stored(self, lost, state, is_in_place):
        StoredMedia.objects.update(state=state)
        make_media(make_attempt(), MediaKind.VIDEO, b"another")
        put(lost.path if is_in_place else "copies/1", FRAME)
        assert settle(Choice.ADOPT) == []
        lost.refresh_from_db()
        assert (lost.state, lost.sha256) == (MediaState.STORED, hashlib.sha256(FRAME).hexdigest())
        assert (lost.is_viewable, bool(lost.thumbnail), lost.reason, lost.closed_at) == (True, True, "", None)
        assert actions() == [audit.MEDIA_STORED, audit.MEDIA_ADOPTED]
        assert scan() == []

    @pytest.mark.parametrize("state", [MediaState.STORED, MediaState.LOST, MediaState.WANTED])
    def test_a_row_of_undeclared_size_gets_its_file(self, lost, state):
        StoredMedia.objects.update(declared_size=None)
        make_media(make_attempt(), MediaKind.VIDEO, b"another")
        if state == MediaState.STORED:
            put(lost.path, FRAME)
            assert settle(Choice.ADOPT) == []
            (root() / lost.path).rename(root() / "moved")
        else:
            StoredMedia.objects.filter(id=lost.id).update(state=state)
            put("copies/1", FRAME)
        assert settle(Choice.ADOPT) == []
        lost.refresh_from_db()
        assert (lost.state, place(lost).read_bytes()) == (MediaState.STORED, FRAME)

    @pytest.mark.parametrize("is_given_up", [False, True])
    def test_an_unverified_file_is_known_by_the_digest_that_was_taken_of_it(self, old_video, is_given_up):
        content = place(old_video).read_bytes()
        StoredMedia.objects.update(state=MediaState.UNVERIFIED, declared_md5="", declared_size=None)
        place(old_video).unlink()
        if is_given_up:
            settle(Choice.GIVE_UP)
        put("copies/1", content)
        assert settle(Choice.ADOPT) == []
        old_video.refresh_from_db()
        assert (old_video.state, place(old_video).read_bytes()) == (MediaState.UNVERIFIED, content)

    def test_a_file_whose_digest_is_not_that_of_the_row_is_left(self, lost, video):
        put(lost.path, FRAME[:-1] + b"x")
        assert kinds(settle(Choice.ADOPT)) == [Kind.FILE_WITHOUT_ROW]
        lost.refresh_from_db()
        assert lost.state == MediaState.LOST

    def test_one_file_is_given_to_one_row_and_the_other_still_lacks_it(self, db):
        twins = [make_media(make_attempt(), MediaKind.VIDEO, b"same") for _ in range(2)]
        for twin in twins:
            place(twin).unlink()
        put("copies/1", b"same")
        assert kinds(settle(Choice.ADOPT)) == [Kind.ROW_WITHOUT_FILE]

    def test_a_thumbnail_is_made_again(self, db):
        picture = make_media(make_attempt(), MediaKind.BEST_FRAME, FRAME)
        StoredMedia.objects.update(thumbnail=f"{picture.path}.jpg")
        assert settle(Choice.ADOPT) == []
        assert scan() == []

    def test_a_file_that_changes_in_the_meantime_is_not_adopted(self, old_video):
        path = put("copies/1", place(old_video).read_bytes())
        place(old_video).unlink()
        findings = scan()
        path.write_bytes(b"x" * path.stat().st_size)
        adoption.settle(findings, {Choice.ADOPT}, now=timezone.now(), actor=ACTOR)
        assert [finding.is_settled for finding in findings] == [False, False]
        assert actions() == []


class TestQuarantine:
    def test_files_without_rows_are_moved_to_the_folder_of_the_day(self, video):
        put("ab/file", b"1")
        put("quarantine/ab.part", b"2")
        before = total()
        assert settle(Choice.QUARANTINE) == []
        assert total() == before
        folder = f"quarantine/{timezone.now():%Y-%m-%d}/"
        assert [name.startswith(folder) for name in files()].count(True) == 2
        assert actions() == [audit.MEDIA_SET_ASIDE] * 2
        assert scan() == []

    def test_what_was_set_aside_can_be_adopted_later(self, video):
        content = place(video).read_bytes()
        row = StoredMedia.objects.filter(id=video.id)
        values = row.values().get()
        row.delete()
        age(place(video), 86400)
        assert settle(Choice.QUARANTINE) == []
        StoredMedia.objects.create(**values)
        assert settle(Choice.ADOPT) == []
        assert place(video).read_bytes() == content

    def test_damaged_bytes_are_set_aside_and_the_row_still_counts_as_wrong(self, old_video):
        changed = flip(old_video)
        assert kinds(settle(Choice.QUARANTINE)) == [Kind.FILE_CHANGED]
        assert kinds(scan()) == [Kind.ROW_WITHOUT_FILE]
        assert total() == [changed]

    def test_a_file_that_is_sound_again_is_not_set_aside(self, old_video):
        content = place(old_video).read_bytes()
        flip(old_video)
        findings = scan()
        place(old_video).write_bytes(content)
        adoption.settle(findings, {Choice.QUARANTINE}, now=timezone.now(), actor=ACTOR)
        assert (findings[0].is_settled, place(old_video).read_bytes()) == (False, content)

    def test_damaged_bytes_are_set_aside_and_fetched_again_while_the_vendor_has_the_file(self, video):
        flip(video)
        assert settle(Choice.QUARANTINE) == []
        video.refresh_from_db()
        assert video.state == MediaState.WANTED
        assert scan() == []


class TestGiveUp:
    def test_a_row_whose_file_is_gone_for_good_is_lost_and_may_be_found_later(self, old_video):
        content = place(old_video).read_bytes()
        place(old_video).unlink()
        assert settle(Choice.GIVE_UP) == []
        old_video.refresh_from_db()
        assert (old_video.state, old_video.reason) == (MediaState.LOST, adoption.GIVEN_UP)
        assert (rolling_check.damaged_files().count, scan()) == (0, [])
        assert actions() == [audit.MEDIA_LOST]
        put("found", content)
        assert settle(Choice.ADOPT) == []
        old_video.refresh_from_db()
        assert old_video.state == MediaState.STORED

    def test_a_file_that_the_vendor_still_has_is_fetched_again_instead(self, video):
        place(video).unlink()
        assert settle(Choice.GIVE_UP) == []
        video.refresh_from_db()
        assert video.state == MediaState.WANTED

    def test_what_can_be_adopted_is_not_given_up(self, old_video):
        put("copies/1", place(old_video).read_bytes())
        place(old_video).unlink()
        assert settle(*Choice) == []
        old_video.refresh_from_db()
        assert old_video.state == MediaState.STORED

    def test_a_sound_file_is_never_given_up(self, old_video):
        content = place(old_video).read_bytes()
        place(old_video).unlink()
        findings = scan()
        place(old_video).write_bytes(content)
        adoption.settle(findings, set(Choice), now=timezone.now(), actor=ACTOR)
        assert not findings[0].is_settled
        old_video.refresh_from_db()
        assert old_video.state == MediaState.STORED


@pytest.mark.postgres
def test_a_restore_from_different_moments_ends_in_agreement_without_a_file_less(db):
    """The database is older than the files in part, and newer in part."""
    people = [make_media(make_attempt(outcome=Outcome.PASSED), MediaKind.VIDEO, b"%d" % n) for n in range(30)]
    for media in people:
        age(place(media), 86400)
    for media in people[:5]:
        StoredMedia.objects.filter(id=media.id).delete()
    for media in people[5:10]:
        place(media).rename(root() / f"from-the-backup-{media.id}")
    before = total()
    assert sorted(kinds(scan()), key=str) == sorted(
        [Kind.FILE_WITHOUT_ROW] * 5 + [Kind.ROW_WITHOUT_FILE] * 5 + [Kind.ADOPTABLE] * 5, key=str
    )
    assert settle(Choice.ADOPT, Choice.QUARANTINE) == []
    assert (scan(), total()) == ([], before)
