"""What a slice still begins after its time, and what a process remembers from one run to the next."""

import threading
import time
from datetime import timedelta

import pytest
from django.utils import timezone

from liveness.audit import Actor
from liveness.models import BulkKind, StoredMedia, VerificationAttempt
from liveness.polling.policy import PollerState
from liveness.worker import bulk_actions, engine, work_queue
from liveness.worker.work_queue import RunOptions, WorkQueue
from tests.builders import living_run, make_attempt
from tests.liveness.worker.steps import registered

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.postgres]

SLICE = 0.3


@pytest.fixture
def stop():
    return threading.Event()


@pytest.fixture
def slice_(stop):
    """A slice with one job under way and its time over, while more is due."""
    for _ in range(work_queue.LEAST + 1):
        make_attempt(issued_at=timezone.now() - timedelta(seconds=400))
    work = WorkQueue(RunOptions(workers=1, seconds=SLICE), living_run("run"), PollerState(), is_continuous=False)
    jobs = [work.next(stop) for _ in range(work_queue.LEAST)]
    for job in jobs[1:]:
        work.done(job)
    time.sleep(SLICE)
    return work, jobs[0]


def test_a_slice_begins_nothing_after_its_time(slice_, stop):
    work, job = slice_
    work.done(job)
    assert work.next(stop) is None
    assert VerificationAttempt.objects.filter(lease_run="").count() == 1


def test_it_goes_on_beside_a_download_from_its_time_and_not_beside_a_call(slice_, stop):
    work, job = slice_
    assert not work._lease_more()
    job.is_fetching = True
    extra = work.next(stop)
    assert extra.is_extra


def test_a_download_that_began_after_its_time_does_not_lengthen_it(slice_, stop):
    work, job = slice_
    job.is_fetching = True
    extra = work.next(stop)
    extra.is_fetching = True
    make_attempt(issued_at=timezone.now() - timedelta(seconds=400))
    work.done(job)
    assert not work._lease_more()


def test_it_goes_on_for_a_minute_at_most_and_then_lets_what_it_began_finish(slice_, monkeypatch):
    work, job = slice_
    job.is_fetching = True
    monkeypatch.setattr(work_queue, "EXTENSION", 0.0)
    assert not work._lease_more()
    assert not work.is_late
    monkeypatch.setattr(work_queue, "LATE", 0.0)
    assert work.is_late


def test_beside_a_media_host_that_is_away_a_slice_waits_for_no_further_download(slice_, monkeypatch):
    work, _ = slice_
    monkeypatch.setattr(work_queue, "EXTENSION", 0.0)
    assert not work.is_late
    work._poller_state.downloads.value = 0.3
    assert work.is_late


def test_files_that_would_begin_too_late_are_left_to_the_next_slice(sandbox, monkeypatch):
    monkeypatch.setattr(work_queue, "LATE", -2.0)
    attempt = registered(sandbox, issued_ago=400)
    engine.run(RunOptions(workers=1, seconds=2.0))
    attempt.refresh_from_db()
    assert (attempt.outcome, attempt.failure_count, attempt.lease_run) == ("passed", 1, "")
    assert len(list(sandbox.downloads)) == 0


def test_what_downloads_are_worth_outlives_a_run(sandbox):
    sandbox.inject("html", status=503, scope="media", times=None)
    for _ in range(8):
        registered(sandbox, issued_ago=400)
    engine.run(RunOptions(workers=1))
    poller_state = engine._memory.poller_state
    assert not poller_state.downloads.is_good
    sandbox.clear_faults()
    engine.run(RunOptions(workers=1, force=True))
    assert engine._memory.poller_state is poller_state
    assert poller_state.downloads.is_good


def test_an_answer_without_files_says_nothing_about_downloads(sandbox):
    poller_state = engine._memory.poller_state
    poller_state.downloads.value = 0.3
    attempt = registered(sandbox, "engine_failure", issued_ago=400)
    engine.run(RunOptions(workers=1))
    attempt.refresh_from_db()
    assert attempt.next_poll_at is None
    assert poller_state.downloads.value == 0.3


def bulk(kind, targets):
    return bulk_actions.start(kind, targets, actor=Actor.system("test"), now=timezone.now())


def test_a_run_works_on_the_attempts_and_files_of_bulk_actions(sandbox):
    answered = [registered(sandbox, issued_ago=400) for _ in range(3)]
    engine.run(RunOptions(workers=2))
    due = registered(sandbox, issued_ago=400)
    refresh = bulk(BulkKind.REFRESH, VerificationAttempt.objects.filter(id__in=[one.id for one in answered]))
    verify = bulk(BulkKind.VERIFY, StoredMedia.objects.all())
    engine.run(RunOptions(workers=2))
    for action, total in ((refresh, 3), (verify, 6)):
        action.refresh_from_db()
        assert (action.done, action.failed, action.is_open) == (total, 0, False)
    due.refresh_from_db()
    assert due.outcome == "passed"
    assert len(list(sandbox.calls)) == 3 + 1 + 3


def test_what_a_bulk_action_could_not_refresh_has_failed_with_the_reason(sandbox):
    attempt = registered(sandbox)
    sandbox.inject("error", code="InternalError", times=None)
    action = bulk(BulkKind.REFRESH, VerificationAttempt.objects.filter(id=attempt.id))
    VerificationAttempt.objects.update(next_poll_at=timezone.now() + timedelta(hours=1))
    engine.run(RunOptions(workers=1))
    action.refresh_from_db()
    assert (action.done, action.failed) == (0, 1)
    assert "InternalError" in action.items.get().problem
