"""Stored files are read again: damage is found, mended while the vendor has the file, and on record afterwards."""

import errno
import os
from datetime import timedelta
from pathlib import Path

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from liveness import audit, tasks
from liveness.audit import Actor
from liveness.media import integrity, rolling_check
from liveness.models import AuditEvent, MediaKind, MediaState, Outcome, StoredMedia
from tests.builders import make_attempt, make_media
from tests.liveness.media.disks import as_nobody, files, flip, open_directory, place, root

pytestmark = pytest.mark.django_db
ACTOR = Actor.system("tests")


def check(budget=None, **more):
    return rolling_check.check_some(budget, actor=ACTOR, **({"is_everything": True} | more))


def actions():
    """What happened to media; reviews follow with events of their own."""
    events = AuditEvent.objects.filter(action__startswith="liveness.media.")
    return list(events.order_by("sequence").values_list("action", flat=True))


def checked_ago(media, **ago):
    moment = timezone.now() - timedelta(**ago)
    StoredMedia.objects.filter(id=media.id).update(verified_at=moment)
    return moment


def make_video(number, **fields):
    return make_media(make_attempt(outcome=Outcome.PASSED), MediaKind.VIDEO, b"%d" % number, **fields)


def test_a_sound_file_is_noted_in_its_row_and_is_no_event(video):
    before = checked_ago(video, minutes=90)
    report = check()
    video.refresh_from_db()
    assert (report.checked, report.is_clean, report.lines(), actions()) == (1, True, [], [])
    assert video.verified_at > before


DAMAGES = {
    "deleted": lambda media: place(media).unlink(),
    "flipped": flip,
    "cut": lambda media: os.truncate(place(media), 10),
    "longer": lambda media: place(media).write_bytes(place(media).read_bytes() + b"x"),
    "empty": lambda media: os.truncate(place(media), 0),
    "its directory deleted": lambda media: (place(media).unlink(), place(media).parent.rmdir()),
    "a directory instead": lambda media: (place(media).unlink(), place(media).mkdir()),
    "a pipe instead": lambda media: (place(media).unlink(), os.mkfifo(place(media))),
}


@pytest.mark.parametrize("damage", DAMAGES.values(), ids=DAMAGES)
def test_damage_while_the_vendor_has_the_file_makes_it_wanted_again_at_once(damage, video, attempt):
    damage(video)
    report = check()
    video.refresh_from_db()
    attempt.refresh_from_db()
    assert [finding.is_wanted_again for finding in report.damaged] == [True]
    assert (video.state, video.file.name, video.sha256, video.damaged_at) == (MediaState.WANTED, "", "", None)
    assert attempt.next_poll_at <= timezone.now()
    assert actions() == [audit.MEDIA_DAMAGED, audit.MEDIA_WANTED_AGAIN]
    assert check().is_clean


@pytest.mark.postgres
def test_damaged_bytes_are_put_into_quarantine_and_not_deleted(video):
    changed = flip(video)
    check()
    [name] = files()
    assert (root() / name).read_bytes() == changed
    assert name.startswith(f"quarantine/{timezone.now():%Y-%m-%d}/")
    assert AuditEvent.objects.get(action=audit.MEDIA_WANTED_AGAIN).data["set_aside"] == name


@pytest.mark.parametrize("damage", DAMAGES.values(), ids=DAMAGES)
def test_later_damage_is_on_record_once_until_the_file_is_sound_again(damage, old_video):
    content = place(old_video).read_bytes()
    damage(old_video)
    for _ in range(2):
        report = check()
        assert [finding.is_wanted_again for finding in report.damaged] == [False]
    old_video.refresh_from_db()
    assert (old_video.state, bool(old_video.damaged_at), actions()) == (MediaState.STORED, True, [audit.MEDIA_DAMAGED])
    found = rolling_check.damaged_files()
    assert (found.count, found.files) == (1, [str(old_video.public_id)])
    assert found.attempts == [str(old_video.attempt.public_id)]
    mend(old_video, content)
    assert check().is_clean
    assert rolling_check.damaged_files().count == 0
    assert actions() == [audit.MEDIA_DAMAGED, audit.MEDIA_VERIFIED]


def mend(media, content):
    path = place(media)
    path.parent.mkdir(exist_ok=True)
    if path.is_dir():
        path.rmdir()
    path.unlink(missing_ok=True)
    path.write_bytes(content)


def test_an_attempt_without_an_answer_is_not_asked_for_a_file_again(db):
    media = make_media(make_attempt(), MediaKind.VIDEO, b"x")
    flip(media)
    assert [finding.is_wanted_again for finding in check().damaged] == [False]


def test_a_file_that_was_fetched_anew_while_it_was_read_is_not_damaged(video, monkeypatch):
    look = integrity.look

    def overtaken(media, **more):
        monkeypatch.setattr(integrity, "look", look)
        return integrity.Verdict.CHANGED

    monkeypatch.setattr(integrity, "look", overtaken)
    report = check()
    assert (report.is_clean, actions()) == (True, [])


def test_the_young_that_are_due_come_first_and_then_the_oldest_check(video, old_video):
    other = make_video(1)
    checked_ago(video, minutes=70)
    checked_ago(other, minutes=10)
    order = []
    check(clock=timezone.now, should_stop=lambda: order.append(None))
    assert len(order) == 3
    seen = [file.id for batch in rolling_check._batches(timezone.now(), True) for file in batch]
    checked_ago(video, minutes=70)
    seen = [file.id for batch in rolling_check._batches(timezone.now(), True) for file in batch]
    assert seen[0] == video.id
    checked_ago(old_video, days=2)
    due = [file.id for batch in rolling_check._batches(timezone.now(), False) for file in batch]
    assert due == [video.id, old_video.id]


def test_what_was_checked_lately_is_not_due(video, old_video):
    checked_ago(video, minutes=50)
    checked_ago(old_video, hours=20)
    assert check(is_everything=False).checked == 0


def test_a_check_in_the_future_was_made_by_a_wrong_clock_and_is_due(old_video):
    checked_ago(old_video, days=-3)
    flip(old_video)
    assert len(check(is_everything=False).damaged) == 1
    old_video.refresh_from_db()
    assert old_video.verified_at <= timezone.now()


def test_it_checks_each_file_once_over_many_pages(db, monkeypatch):
    monkeypatch.setattr(rolling_check, "BATCH", 3)
    attempt = make_attempt(outcome=Outcome.PASSED, issued_at=timezone.now() - timedelta(days=1))
    moment = timezone.now() - timedelta(days=2)
    for number in range(10):
        make_media(attempt, MediaKind.VIDEO, b"%d" % number, verified_at=None if number < 4 else moment)
    place(StoredMedia.objects.first()).unlink()
    report = check()
    assert (report.checked, len(report.damaged)) == (10, 1)
    assert not StoredMedia.objects.filter(verified_at=None).exists()


def test_a_budget_ends_it_after_one_file_at_least(video, old_video):
    report = check(1e-9)
    assert (report.checked, report.is_complete) == (1, False)


def test_a_worker_that_stops_ends_it(video):
    report = check(should_stop=lambda: True)
    assert (report.checked, report.is_complete) == (0, False)


@pytest.mark.parametrize("number", [errno.EIO, errno.ESTALE, errno.ENXIO, errno.EMFILE])
def test_a_disk_that_cannot_be_read_is_no_damage(number, video, monkeypatch):
    def fail(*args, **kwargs):
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(integrity, "measure", fail)
    report = check()
    assert (report.damaged, report.denied, actions()) == ([], 1, [])
    assert os.strerror(number) in report.lines()[0]
    monkeypatch.undo()
    video.refresh_from_db()
    assert (video.state, video.damaged_at) == (MediaState.STORED, None)


@pytest.mark.parametrize("locked", ["file", "directory"])
def test_a_file_of_another_user_is_neither_missing_nor_damaged(locked, settings):
    with open_directory() as directory:
        settings.LIVENESS_MEDIA_ROOT = directory / "evidence"
        video = make_video(1)
        root().chmod(0o755)
        for path in root().rglob("*"):
            path.chmod(0o755)
        (place(video) if locked == "file" else place(video).parent).chmod(0o700)
        with as_nobody():
            report = check()
    assert (report.damaged, report.denied, actions()) == ([], 1, [])
    [line] = report.lines()
    assert "cannot be read (permission): it belongs to root, this process runs as nobody" in line
    assert f"sudo chown -R nobody {directory}/evidence" in line


def test_a_mode_that_keeps_its_owner_out_is_corrected_by_another_command(settings):
    with open_directory() as directory:
        settings.LIVENESS_MEDIA_ROOT = directory / "evidence"
        video = make_video(1)
        for path in [root(), *root().rglob("*")]:
            os.chown(path, 65534, -1)
        place(video).chmod(0)
        with as_nobody():
            report = check()
    assert f"Type: chmod -R u+rwX {directory}/evidence" in report.lines()[0]


def test_many_damaged_files_are_named_up_to_a_number(db):
    for number in range(rolling_check.NAMED + 5):
        place(make_video(number)).unlink()
    lines = check().lines()
    assert len(lines) == rolling_check.NAMED + 1
    assert lines[-1] == "5 more files are damaged"


def test_the_task_of_celery_reads_what_is_due(old_video, caplog):
    flip(old_video)
    tasks.verify_media(seconds=5.0)
    assert f"{old_video.public_id}" in caplog.text
    assert actions() == [audit.MEDIA_DAMAGED]


@pytest.mark.postgres
def test_looking_for_due_files_reads_an_index_and_no_table(db):
    """Otherwise every pass over a million rows would read them all."""
    with CaptureQueriesContext(connection) as queries:
        list(rolling_check._batches(timezone.now(), False))
    for query in queries.captured_queries:
        with connection.cursor() as cursor:
            if connection.vendor == "postgresql":
                cursor.execute("SET LOCAL enable_seqscan = off")
            cursor.execute(f"EXPLAIN {'QUERY PLAN ' if connection.vendor == 'sqlite' else ''}{query['sql']}")
            plan = str(cursor.fetchall())
        assert "liveness_media_" in plan and "Seq Scan" not in plan, plan


def test_a_pass_writes_once_for_many_sound_files(db):
    attempt = make_attempt(outcome=Outcome.PASSED)
    for number in range(120):
        make_media(attempt, MediaKind.VIDEO, b"%d" % number)
    with CaptureQueriesContext(connection) as queries:
        assert check().checked == 120
    writes = [query for query in queries.captured_queries if query["sql"].startswith("UPDATE")]
    assert len(writes) == -(-120 // rolling_check.BATCH)


def test_nothing_is_written_beside_a_file_that_is_read(video):
    before = sorted(Path(root()).rglob("*"))
    check()
    assert sorted(Path(root()).rglob("*")) == before
