import threading
import time

import pytest
from django.db import DEFAULT_DB_ALIAS, connections

from liveness.models import MediaState, VerificationAttempt
from liveness.worker.download_pool import QUEUED_PER_THREAD, DownloadPool
from tests.liveness.worker.steps import registered, run

LONG = 10.0


@pytest.fixture
def pipelines():
    """Makes pipelines and ends their threads."""
    made = []

    def make(workers=1):
        made.append(DownloadPool(workers))
        return made[-1]

    yield make
    for pipeline in made:
        pipeline.drain(LONG)


class Held:
    """A job that waits to be let go."""

    def __init__(self):
        self.begun, self.go = threading.Event(), threading.Event()

    def __call__(self):
        self.begun.set()
        assert self.go.wait(LONG)


@pytest.fixture
def held():
    """A job that is let go at the end of the test, if not before."""
    job = Held()
    yield job
    job.go.set()


def idle():
    """A job without work."""


def eventually(condition):
    end = time.monotonic() + LONG
    while not condition() and time.monotonic() < end:
        time.sleep(0.005)
    return condition()


def test_jobs_run_beside_each_other_up_to_the_number_of_workers(pipelines):
    pipeline, jobs = pipelines(2), [Held() for _ in range(3)]
    for job in jobs:
        pipeline.submit(job)
    assert jobs[0].begun.wait(LONG)
    assert jobs[1].begun.wait(LONG)
    assert (pipeline.stats().running, pipeline.stats().waiting) == (2, 1)
    jobs[0].go.set()
    assert jobs[2].begun.wait(LONG)
    for job in jobs:
        job.go.set()
    assert pipeline.wait_until_idle(LONG)


def test_there_is_no_room_while_enough_jobs_wait(pipelines, held):
    pipeline = pipelines(1)
    pipeline.submit(held)
    assert held.begun.wait(LONG)
    for _ in range(QUEUED_PER_THREAD):
        assert pipeline.has_room()
        pipeline.submit(idle)
    assert not pipeline.has_room()
    assert not pipeline.wait_for_room(0.02)
    held.go.set()
    assert pipeline.wait_for_room(LONG)


def test_what_a_thread_brings_is_taken_without_waiting_even_when_there_is_no_room(pipelines, held):
    pipeline = pipelines(1)
    pipeline.submit(held)
    assert all(pipeline.submit(idle) for _ in range(QUEUED_PER_THREAD + 3))
    held.go.set()
    assert pipeline.wait_until_idle(LONG)
    assert pipeline.stats().done == QUEUED_PER_THREAD + 4


def test_jobs_are_begun_in_their_order(pipelines, held):
    pipeline, order = pipelines(1), []
    pipeline.submit(held)
    for number in range(5):
        pipeline.submit(lambda number=number: order.append(number))
    held.go.set()
    assert pipeline.wait_until_idle(LONG)
    assert order == list(range(5))


def test_draining_finishes_what_was_taken_and_takes_nothing_new(pipelines):
    pipeline, done = pipelines(1), []
    for number in range(4):
        pipeline.submit(lambda number=number: done.append(number))
    assert pipeline.drain(LONG) == 0
    assert done == list(range(4))
    assert not pipeline.submit(idle)
    assert not pipeline.has_room()


def test_draining_gives_up_what_takes_too_long_and_begins_nothing_afterwards(pipelines, held):
    pipeline, late = pipelines(1), []
    pipeline.submit(held)
    assert held.begun.wait(LONG)
    pipeline.submit(lambda: late.append(1))
    assert pipeline.drain(0.02) == 2
    held.go.set()
    assert pipeline.wait_until_idle(LONG)
    assert late == []


def test_who_waits_for_room_is_told_that_there_will_be_none(pipelines, held):
    pipeline, answers = pipelines(1), []
    pipeline.submit(held)
    assert held.begun.wait(LONG)
    for _ in range(QUEUED_PER_THREAD):
        pipeline.submit(idle)
    waiter = threading.Thread(target=lambda: answers.append(pipeline.wait_for_room(60)))
    waiter.start()
    pipeline.drain(0.0)
    waiter.join(LONG)
    assert answers == [False]


def test_a_job_that_fails_is_logged_without_its_text_and_stops_nothing(pipelines, caplog):
    def fail():
        raise RuntimeError("canary")

    pipeline = pipelines(1)
    pipeline.submit(fail)
    pipeline.submit(idle)
    assert pipeline.wait_until_idle(LONG)
    assert pipeline.stats().done == 2
    assert "RuntimeError" in caplog.text
    assert "canary" not in caplog.text


def test_a_thread_that_died_is_replaced(pipelines, monkeypatch):
    def die():
        raise SystemExit

    monkeypatch.setattr(threading, "excepthook", lambda failure: None)
    pipeline, done = pipelines(1), []
    pipeline.submit(die)
    assert eventually(lambda: pipeline.stats().done == 1)
    pipeline._threads[0].join(LONG)
    pipeline.submit(lambda: done.append(1))
    assert pipeline.wait_until_idle(LONG)
    assert done == [1]


def test_it_counts_jobs_and_seconds(pipelines, held):
    pipeline = pipelines(1)
    pipeline.submit(held)
    assert held.begun.wait(LONG)
    held.go.set()
    assert pipeline.wait_until_idle(LONG)
    stats = pipeline.stats()
    assert (stats.waiting, stats.running, stats.done) == (0, 0, 1)
    assert 0 < stats.seconds < LONG


@pytest.mark.django_db(transaction=True)
@pytest.mark.postgres
def test_an_idle_thread_holds_no_database_connection(pipelines):
    used = []

    def query():
        used.append(connections[DEFAULT_DB_ALIAS])
        VerificationAttempt.objects.count()

    pipeline = pipelines(1)
    pipeline.submit(query)
    assert pipeline.wait_until_idle(LONG)
    assert eventually(lambda: used[0].connection is None)


@pytest.mark.django_db(transaction=True)
@pytest.mark.postgres
def test_a_video_that_breaks_off_is_taken_up_without_another_call(sandbox):
    attempt = registered(sandbox)
    sandbox.inject("truncate", scope="video", times=2)
    assert run().counts.errors == 0
    assert len(list(sandbox.calls)) == 1
    assert [download.code for download in sandbox.downloads if download.action == "video"] == ["200", "206", "206"]
    assert {item.state for item in attempt.media.all()} == {MediaState.STORED}
