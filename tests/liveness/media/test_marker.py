"""The marker file: where it is missing or another one, nothing is written and nothing is judged."""

import shutil
import threading

import pytest
from django.core.files.base import ContentFile
from django.db import connection
from django.utils import timezone

from liveness import audit
from liveness.audit import Actor
from liveness.client.types import FileInfo
from liveness.exceptions import MediaError
from liveness.media import files as media_files
from liveness.media import media_root, rolling_check
from liveness.models import AuditEvent, MediaKind, MediaRoot, MediaState, StoredMedia
from liveness.storage import marker
from liveness.storage.marker import MARKER, Fault, MediaRootError
from liveness.storage.private import private_storage
from tests.builders import make_attempt, make_media
from tests.liveness.media.disks import as_nobody, files, mount, open_directory, place, root, unmount

ACTOR = Actor.system("tests")
TROUBLES = ("no volume", "no directory", "another marker", "an empty marker")


def spoil(trouble):
    """Let the media root be what it is not; the files stay where they were in no case."""
    volume = unmount()
    if trouble == "no directory":
        root().rmdir()
    elif trouble == "another marker":
        (root() / MARKER).write_text("0" * 32)
    elif trouble == "an empty marker":
        (root() / MARKER).touch()
    return volume


def everything():
    return [str(path) for path in sorted(root().parent.rglob("*"))]


@pytest.mark.django_db
class TestFirstUse:
    def test_the_first_file_makes_the_directory_and_its_marker(self, video):
        assert (root() / MARKER).read_text().strip() == MediaRoot.objects.get().marker
        assert (root() / MARKER).stat().st_mode & 0o077 == root().stat().st_mode & 0o077 == 0
        assert media_root.problem() == ""

    def test_a_new_installation_is_well_and_looking_at_it_creates_nothing(self):
        before = everything()
        assert (media_root.problem(), media_root.advice(), marker.find_fault()) == ("", "", None)
        assert rolling_check.check_some(1, actor=ACTOR).is_clean
        assert (everything(), MediaRoot.objects.count()) == (before, 0)

    def test_a_fresh_file_system_is_empty_though_it_has_a_directory_of_its_own(self):
        (root() / "lost+found" / "more").mkdir(parents=True)
        (root() / "lost+found" / "more" / "inode").touch()
        marker.ensure()
        assert media_root.problem() == ""

    def test_a_directory_with_files_of_somebody_else_is_not_taken(self):
        (root() / "photos").mkdir(parents=True)
        (root() / "photos" / "holiday.jpg").touch()
        with pytest.raises(MediaRootError) as problem:
            marker.ensure()
        assert problem.value.fault is Fault.STRANGE
        assert files() == ["photos/holiday.jpg"]

    def test_the_run_that_was_killed_between_the_file_and_the_row_leaves_no_riddle(self):
        marker.write("a" * 32)
        marker.ensure()
        assert MediaRoot.objects.get().marker == "a" * 32

    def test_every_way_to_write_makes_the_marker_first(self):
        private_storage().save("aa/name", ContentFile(b"x"))
        assert (root() / MARKER).exists()


@pytest.mark.django_db
class TestUpgrade:
    """An installation from before there were markers."""

    @pytest.fixture(autouse=True)
    def _files_without_a_marker(self):
        self.media = [make_media(make_attempt(), MediaKind.VIDEO, b"%d" % number) for number in range(10)]
        MediaRoot.objects.all().delete()
        (root() / MARKER).unlink()

    def test_the_directory_that_holds_the_files_of_the_database_is_marked_at_the_next_write(self):
        assert media_root.problem() == ""
        marker.ensure()
        assert (root() / MARKER).exists()

    def test_a_few_lost_files_do_not_stop_it(self):
        for item in self.media[:4]:
            place(item).unlink()
        marker.ensure()
        assert media_root.problem() == ""

    def test_the_wrong_directory_in_which_a_worker_stored_some_is_not_taken(self):
        for item in self.media[:6]:
            place(item).unlink()
        with pytest.raises(MediaRootError, match="does not hold the files of this database"):
            marker.ensure()
        assert not MediaRoot.objects.exists()

    def test_a_volume_that_is_not_mounted_is_not_taken(self):
        unmount()
        with pytest.raises(MediaRootError):
            marker.ensure()
        assert files() == []


@pytest.mark.django_db
@pytest.mark.parametrize("trouble", TROUBLES)
class TestWrongRoot:
    def test_no_file_is_stored_and_nothing_is_created(self, trouble, video):
        wanted = StoredMedia.objects.create(
            attempt=video.attempt, kind=MediaKind.BEST_FRAME, declared_size=5, declared_md5="0" * 32
        )
        spoil(trouble)
        before = everything()
        link = FileInfo(url="http://127.0.0.1:9/file", md5=wanted.declared_md5, size=5)
        with pytest.raises(MediaError, match="LIVENESS_MEDIA_ROOT has") as problem:
            media_files.store(wanted, link, actor=ACTOR)
        assert not problem.value.is_refetchable
        for write in (
            lambda: private_storage().quarantine("aa/name"),
            lambda: private_storage().admit(root() / "part", "aa/name"),
            lambda: private_storage().save("aa/name", ContentFile(b"x")),
            lambda: private_storage().set_aside(root() / "aa", timezone.now()),
        ):
            with pytest.raises(MediaRootError):
                write()
        wanted.refresh_from_db()
        assert (wanted.state, wanted.fetch_count, everything()) == (MediaState.WANTED, 0, before)

    def test_nothing_is_judged_and_all_is_well_again_afterwards(self, trouble, video, old_video):
        volume = spoil(trouble)
        with pytest.raises(MediaError):
            media_files.verify(video, now=timezone.now(), actor=ACTOR)
        report = rolling_check.check_some(None, actor=ACTOR, is_everything=True)
        assert (report.checked, report.damaged, str(root()) in report.problem) == (0, [], True)
        assert (StoredMedia.objects.filter(damaged_at=None).count(), AuditEvent.objects.count()) == (2, 0)
        if root().exists():
            shutil.rmtree(root())
        volume.rename(root())
        assert rolling_check.check_some(None, actor=ACTOR, is_everything=True).checked == 2

    def test_it_is_said_in_one_line_with_a_path_for_operators_alone(self, trouble, video):
        spoil(trouble)
        for line in (media_root.problem(), media_root.advice()):
            assert line and "\n" not in line
        assert str(root()) not in media_root.problem()
        assert str(root()) in media_root.advice()
        assert "liveness_reconcile --mark" in media_root.advice()

    def test_a_sweep_removes_nothing(self, trouble, video):
        spoil(trouble)
        part = root() / "quarantine" / "theirs.part"
        part.parent.mkdir(parents=True, exist_ok=True)
        part.touch()
        assert media_files.sweep(now=part.stat().st_mtime + 86400) == 0
        assert part.exists()


@pytest.mark.django_db
class TestMark:
    def test_a_root_that_moved_is_accepted_where_the_files_are_there(self, video, settings):
        known = MediaRoot.objects.get().marker
        (root() / MARKER).unlink()
        moved = root().rename(root().with_name("moved"))
        settings.LIVENESS_MEDIA_ROOT = moved
        assert media_root.problem()
        assert media_root.mark(actor=ACTOR) == known
        assert media_root.problem() == ""
        assert AuditEvent.objects.get().action == audit.MEDIA_ROOT_MARKED

    def test_an_empty_root_is_refused_unless_it_is_forced(self, video):
        unmount()
        with pytest.raises(MediaError, match=r"0 of 1 files .* --force"):
            media_root.mark(actor=ACTOR)
        assert files() == []
        media_root.mark(actor=ACTOR, is_forced=True)
        assert media_root.problem() == ""

    def test_a_root_that_is_not_there_is_never_made(self, video):
        unmount()
        root().rmdir()
        with pytest.raises(MediaError, match="not a directory"):
            media_root.mark(actor=ACTOR, is_forced=True)
        assert not root().exists()


@pytest.mark.django_db
def test_a_marker_that_another_user_owns_is_a_question_of_permission(settings):
    with open_directory() as directory:
        settings.LIVENESS_MEDIA_ROOT = directory / "the evidence"
        make_media(make_attempt(), MediaKind.VIDEO, b"x")
        with as_nobody():
            problem, advice = media_root.problem(), media_root.advice()
    assert problem.startswith("LIVENESS_MEDIA_ROOT cannot be read")
    assert "belongs to root, this process runs as nobody" in advice
    assert f"sudo chown -R nobody '{directory}/the evidence'" in advice


@pytest.mark.django_db
def test_a_root_that_this_user_may_not_write_is_not_ready(settings):
    with open_directory() as directory:
        settings.LIVENESS_MEDIA_ROOT = directory / "evidence"
        make_media(make_attempt(), MediaKind.VIDEO, b"x")
        root().chmod(0o755)
        (root() / MARKER).chmod(0o644)
        with as_nobody():
            assert media_root.problem().startswith("LIVENESS_MEDIA_ROOT cannot be written")
            assert "chown -R nobody" in media_root.advice()


def _at_once(count, work):
    """Run `work(number)` in so many threads at the same moment; what each returned or raised."""
    barrier, results = threading.Barrier(count), {}

    def run(number):
        try:
            barrier.wait(timeout=20)
            results[number] = work(number)
        except MediaError as problem:
            results[number] = problem
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=[number]) for number in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    return [results[number] for number in range(count)]


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_processes_that_start_at_once_agree_on_one_marker():
    results = _at_once(6, lambda number: marker.ensure() or marker.read())
    assert set(results) == {MediaRoot.objects.get().marker}


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_of_two_directories_that_are_used_first_at_once_one_wins_and_the_other_stays_empty(tmp_path, monkeypatch):
    mine = threading.local()
    monkeypatch.setattr(marker, "root", lambda: mine.root)

    def work(number):
        mine.root = tmp_path / f"root-{number}"
        return marker.ensure()

    results = _at_once(2, work)
    assert sorted(type(result) for result in results if result) == [MediaRootError]
    assert len(list(tmp_path.glob("root-*"))) == 1


def test_unmounting_and_mounting_changes_nothing(db, video):
    volume = unmount()
    assert media_root.problem()
    mount(volume)
    assert media_root.problem() == ""
