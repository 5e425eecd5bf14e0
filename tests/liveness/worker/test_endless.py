"""An endless run over a long day: what it keeps in order, waits out, and holds back."""

import os
import threading
import time
from datetime import timedelta

import pytest
from django.utils import timezone

from liveness.models import MediaState, Outcome, StoredMedia, VerificationAttempt
from liveness.polling import leases, policy
from liveness.storage.private import private_storage
from liveness.worker import circuit_breaker, download_pool, engine, heartbeat, run, work_queue
from liveness.worker.engine import RunOptions
from tests.liveness.worker.steps import registered

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.postgres]

LONG = 30.0


def watched(until, *, workers=1, meanwhile=lambda: None):
    """Watch until a condition holds; what happens meanwhile is asked again and again."""
    stop, end = threading.Event(), time.monotonic() + LONG

    def progress(summary):
        meanwhile()
        if until() or time.monotonic() > end:
            stop.set()

    engine.watch(RunOptions(workers=workers), stop=stop, report=lambda summary: None, progress=progress)
    assert until()


@pytest.fixture
def slow_host(sandbox, settings):
    """One download at a time, and the first of them takes long."""
    settings.LIVENESS_MEDIA_WORKERS = 1
    settings.LIVENESS_MEDIA_TIMEOUTS = (LONG, LONG)
    settings.LIVENESS_MEDIA_DEADLINES = {"best_frame": LONG, "video": LONG}
    sandbox.inject("delay", scope="best_frame", seconds=2.5)
    return sandbox


def leave_alone():
    """Until no download of this test is under way any more."""
    for thread in threading.enumerate():
        if thread.name == "media":
            thread.join(LONG)


def passed():
    return VerificationAttempt.objects.filter(outcome=Outcome.PASSED)


def test_what_a_killed_run_left_in_quarantine_goes_without_a_restart(sandbox, monkeypatch):
    monkeypatch.setattr(run, "REPORT_SECONDS", 0.1)
    registered(sandbox, issued_ago=400)
    part = private_storage().quarantine("a file")

    def leave():
        if passed().exists() and not leave.is_done:
            part.touch()
            os.utime(part, (0, 0))
            leave.is_done = True

    leave.is_done = False
    watched(lambda: leave.is_done and not part.exists(), meanwhile=leave)


def test_an_outage_is_waited_out_and_then_the_most_endangered_goes_first(sandbox, monkeypatch):
    monkeypatch.setattr(circuit_breaker, "FIRST_PAUSE_SECONDS", 0.3)
    monkeypatch.setattr(policy, "FIRST_RETRY_DELAY", timedelta(seconds=0.1))
    waiting = [registered(sandbox, issued_ago=400) for _ in range(circuit_breaker.OUTAGE_FAILURES + 12)]
    endangered = []
    sandbox.inject("reset", times=None)

    def come_back():
        calls = len(list(sandbox.calls))
        if calls > circuit_breaker.OUTAGE_FAILURES and not endangered:
            endangered.append(registered(sandbox, issued_ago=7200 - 60))
            come_back.calls = calls
            sandbox.clear_faults()

    watched(lambda: passed().count() == len(waiting) + 1, meanwhile=come_back)
    assert come_back.calls <= circuit_breaker.OUTAGE_FAILURES + 3, "nobody but a rare probe calls in an outage"
    in_order = list(passed().order_by("finished_at").values_list("pk", flat=True))
    # What the run had in hand when the vendor came back goes before it: one batch.
    assert in_order.index(endangered[0].pk) <= work_queue.LEAST


def test_a_run_that_ends_waits_for_a_host_that_is_merely_slow(slow_host):
    for _ in range(12):
        registered(slow_host, issued_ago=400)
    unstored = []
    summary = engine.run(
        RunOptions(workers=1), progress=lambda summary: unstored.append(passed().exclude(next_poll_at=None).count())
    )
    # One is fetched, so many wait for it, and one more was under way when the room ran out.
    assert 0 < max(unstored) <= 1 + download_pool.QUEUED_PER_THREAD + 1
    assert (summary.counts.media_stored, summary.counts.errors) == (24, 0)


def test_an_attempt_is_done_once_its_files_are_there(slow_host):
    registered(slow_host, issued_ago=400)
    seen = []
    engine.run(RunOptions(workers=1), progress=lambda summary: seen.append((summary.counts.passed, summary.done)))
    assert (1, 0) in seen
    assert seen[-1] == (1, 1)


@pytest.mark.parametrize("is_continuous", [True, False])
def test_a_media_host_that_hangs_does_not_hold_results_back(is_continuous, sandbox, settings):
    settings.LIVENESS_MEDIA_TIMEOUTS = (0.5, 0.5)
    settings.LIVENESS_MEDIA_WORKERS = 2
    sandbox.inject("stall", scope="media", times=None)
    for _ in range(60):
        registered(sandbox, issued_ago=400)
    tried = []

    def look():
        if not tried and passed().count() == 60:
            tried.append(len(list(sandbox.downloads)))

    if is_continuous:
        watched(lambda: tried, meanwhile=look)
    else:
        engine.run(RunOptions(workers=1), progress=lambda summary: look())
    # Room for every answer would have come with the tries before it: two files for each but the last few.
    assert tried[0] < 90
    assert not StoredMedia.objects.filter(state=MediaState.STORED).exists()
    sandbox.clear_faults()
    leave_alone()


def test_what_waits_for_a_thread_longer_than_a_lease_lasts_is_held(slow_host, monkeypatch):
    monkeypatch.setattr(heartbeat, "SIGN_OF_LIFE_SECONDS", 0.2)
    monkeypatch.setattr("liveness.models.run.SILENT_AFTER", timedelta(seconds=2))
    slow_host.inject("delay", scope="video", seconds=2.5)
    for _ in range(3):
        registered(slow_host, issued_ago=400)
    free = []

    def look():
        waiting = passed().filter(next_poll_at__isnull=False)
        free.extend(waiting.exclude(lease_run="").filter(leases.Holders.read().free(timezone.now())))

    watched(lambda: passed().filter(next_poll_at=None).count() == 3, meanwhile=look)
    assert not free
    assert len(list(slow_host.calls)) == 3, "nobody is asked about twice"


def test_an_answer_whose_files_must_wait_too_long_is_kept_and_its_links_are_asked_for_again(slow_host, monkeypatch):
    monkeypatch.setattr(run, "ENDLESS_PATIENCE", 0.0)
    monkeypatch.setattr(policy, "FIRST_RETRY_DELAY", timedelta(seconds=1))
    for _ in range(12):
        registered(slow_host, issued_ago=400)
    left = []
    watched(
        lambda: passed().filter(next_poll_at=None).count() == 12,
        meanwhile=lambda: left.extend(passed().filter(last_error__contains="more files wait")),
    )
    assert left
    assert not StoredMedia.objects.exclude(state=MediaState.STORED).exists()
