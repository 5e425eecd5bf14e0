"""The machine's own bad days: a full disk, a kill in the middle, a locked database. Nothing is lost or stored twice."""

import errno
import os
import sqlite3
import threading
from pathlib import Path
from types import SimpleNamespace

import pytest
from django.db import OperationalError, connection
from django.utils import timezone

from liveness import audit
from liveness.attempts import life_cycle
from liveness.models import MediaState, StoredMedia
from liveness.storage.private import PrivateStorage
from tests.liveness.worker.steps import (
    assert_everything_is_stored_once,
    assert_it_is_told_and_the_next_run_goes_on,
    killed_at,
    run,
)

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.postgres]


def test_a_full_disk_loses_no_result(attempt, sandbox, monkeypatch):
    def full(*args):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", full)
        summary = run()
    assert summary.counts.passed == 1
    assert "full" in summary.lines()[0]
    assert_it_is_told_and_the_next_run_goes_on(attempt, summary, sandbox)


def test_a_disk_that_is_nearly_full_is_not_filled(attempt, sandbox, monkeypatch):
    with monkeypatch.context() as patch:
        patch.setattr("shutil.disk_usage", lambda path: SimpleNamespace(free=10))
        summary = run()
    assert len(list(sandbox.downloads)) == 0
    assert_it_is_told_and_the_next_run_goes_on(attempt, summary, sandbox)


@pytest.mark.parametrize("where", ["after the move", "after the inspection"])
def test_a_run_that_dies_before_it_commits_is_made_good(where, attempt, sandbox, monkeypatch):
    with killed_at(monkeypatch, "_inspect_in_place" if where == "after the move" else "_keep"):
        run()
    assert not StoredMedia.objects.filter(state=MediaState.STORED).exists()
    run(force=True)
    assert_everything_is_stored_once(attempt)


def test_a_locked_database_is_waited_for(attempt, sandbox, monkeypatch):
    record, failures = life_cycle.record, iter([OperationalError("database is locked")] * 2)

    def locked_at_first(*args, **kwargs):
        for failure in failures:
            raise failure
        return record(*args, **kwargs)

    monkeypatch.setattr(life_cycle, "record", locked_at_first)
    assert run().counts.errors == 0
    assert_everything_is_stored_once(attempt)


def test_another_process_that_writes_is_waited_for(attempt, sandbox):
    if connection.vendor != "sqlite":
        pytest.skip("PostgreSQL locks rows, not the database")
    other = sqlite3.connect(connection.settings_dict["NAME"], isolation_level=None, check_same_thread=False)
    other.execute("BEGIN IMMEDIATE")
    timer = threading.Timer(1.0, lambda: other.execute("COMMIT"))
    timer.start()
    assert run().counts.errors == 0
    timer.join()
    other.close()
    assert_everything_is_stored_once(attempt)


def test_a_file_that_a_killed_run_left_whole_is_not_fetched_again(attempt, sandbox, monkeypatch):
    with killed_at(monkeypatch, "_keep"):
        run()
    fetched = len(list(sandbox.downloads))
    run(force=True)
    assert_everything_is_stored_once(attempt)
    assert len(list(sandbox.downloads)) == fetched + 1, "the video alone"


def test_a_storage_that_cannot_be_written_is_told_and_tried_less_and_less_often(attempt, sandbox, monkeypatch):
    def refuse(*args):
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))

    with monkeypatch.context() as patch:
        patch.setattr(PrivateStorage, "_make_directory", refuse)
        summary = run()
        attempt.refresh_from_db()
    assert "fix its owner or mode" in summary.lines()[0]
    assert attempt.failure_count == 1
    assert attempt.next_poll_at > timezone.now()
    assert len(list(sandbox.calls)) == 1, "no fresh link would help"
    assert_it_is_told_and_the_next_run_goes_on(attempt, summary, sandbox)


def test_a_database_that_is_locked_when_a_file_is_kept_is_waited_for(attempt, sandbox, monkeypatch):
    record, failures = audit.record, iter([OperationalError("database is locked")] * 2)

    def locked_at_first(action, **details):
        if action == audit.MEDIA_STORED:
            for failure in failures:
                raise failure
        return record(action, **details)

    monkeypatch.setattr(audit, "record", locked_at_first)
    assert run().counts.errors == 0
    assert_everything_is_stored_once(attempt)


def test_a_file_that_a_killed_run_left_whole_is_kept_when_its_token_runs_out(attempt, sandbox, monkeypatch):
    with killed_at(monkeypatch, "_keep"):
        run()
    sandbox.inject("token_expired")
    run(force=True)
    assert dict(attempt.media.values_list("kind", "state")) == {"best_frame": "stored", "video": "lost"}
    frame = attempt.media.get(kind="best_frame")
    assert Path(frame.file.path).stat().st_size == frame.declared_size
