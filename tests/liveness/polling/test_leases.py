"""Which run works on which attempt, and when another one may."""

import threading
import time
from datetime import timedelta
from pathlib import Path

import pytest
from django.db import OperationalError, connection
from django.db.models.functions import Now
from django.utils import timezone

from liveness.attempts import life_cycle
from liveness.audit import Actor
from liveness.exceptions import LeaseLostError
from liveness.media import files as media_files
from liveness.media.fetching.transfer import Measured
from liveness.models import MediaKind, MediaState, VerificationAttempt, WorkerRun
from liveness.polling import leases
from liveness.storage.private import private_storage
from liveness.worker import engine, heartbeat
from liveness.worker.engine import RunOptions
from liveness.worker.heartbeat import Heartbeat
from tests.builders import living_run, make_attempt, make_result, silence, silent_run
from tests.liveness.worker.steps import registered

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.postgres]

ACTOR = Actor.system("test")


def take(run: str, limit: int = 10, now=None):
    now = now or timezone.now()
    return leases.take(VerificationAttempt.objects.due(now), limit, run=run, now=now)


@pytest.fixture
def runs():
    return [living_run(name) for name in ("first", "second")]


def test_an_attempt_is_held_by_one_run_only(runs):
    attempt = make_attempt()
    assert [held.id for held in take("first")] == [attempt.id]
    assert take("second") == []


def test_the_most_overdue_comes_first(runs):
    now = timezone.now()
    late = make_attempt(next_poll_at=now - timedelta(minutes=1))
    later = make_attempt(next_poll_at=now - timedelta(minutes=2))
    assert [held.id for held in take("first", now=now)] == [later.id, late.id]


def test_an_attempt_that_is_not_due_is_left_alone(runs):
    make_attempt(next_poll_at=timezone.now() + timedelta(minutes=1))
    assert take("first") == []


def test_a_released_attempt_is_free_again(runs):
    attempt = make_attempt()
    take("first")
    leases.release([attempt.id], run="first")
    assert [held.id for held in take("second")] == [attempt.id]


def test_only_the_run_that_holds_an_attempt_can_release_it(runs):
    attempt = make_attempt()
    take("first")
    leases.release([attempt.id], run="second")
    assert take("second") == []


@pytest.mark.parametrize("seconds", [31, -31], ids=["for half a minute", "since the database's clock was set back"])
def test_another_run_may_take_what_a_silent_run_held(seconds, runs):
    attempt = make_attempt()
    take("first")
    silence(WorkerRun.objects.filter(id="first"), seconds)
    assert [held.id for held in take("second")] == [attempt.id]


def test_a_run_that_was_silent_for_less_keeps_what_it_holds(runs):
    make_attempt()
    take("first")
    silence(WorkerRun.objects.filter(id="first"), 25)
    assert take("second") == []


def test_near_the_end_of_a_token_two_missed_signs_of_life_are_enough(runs):
    now = timezone.now()
    ending = make_attempt(issued_at=now - timedelta(minutes=119))
    make_attempt()
    assert len(take("first")) == 2
    silence(WorkerRun.objects.filter(id="first"), 12)
    assert [held.id for held in take("second")] == [ending.id]


def test_what_a_run_held_whose_row_is_gone_is_free(runs):
    attempt = make_attempt()
    take("first")
    WorkerRun.objects.filter(id="first").delete()
    assert [held.id for held in take("second")] == [attempt.id]


WRITES = {
    "record": lambda id_, run: life_cycle.record(id_, make_result(), now=timezone.now(), actor=ACTOR, run=run),
    "postpone": lambda id_, run: life_cycle.postpone(id_, "problem", now=timezone.now(), actor=ACTOR, run=run),
    "expire": lambda id_, run: life_cycle.expire(id_, "reason", now=timezone.now(), actor=ACTOR, run=run),
    "refuse": lambda id_, run: life_cycle.refuse(id_, now=timezone.now(), actor=ACTOR, run=run),
    "settle": lambda id_, run: life_cycle.settle(id_, now=timezone.now(), run=run),
}


@pytest.mark.parametrize("write", WRITES)
@pytest.mark.parametrize("loss", ["another run took it", "the run fell silent"])
def test_a_run_that_lost_its_lease_writes_nothing(write, loss, runs):
    attempt = make_attempt()
    take("first")
    silence(WorkerRun.objects.filter(id="first"))
    if loss == "another run took it":
        take("second")
        silence(WorkerRun.objects.filter(id="first"), 0)
    before = VerificationAttempt.objects.values().get()
    with pytest.raises(LeaseLostError):
        WRITES[write](attempt.id, "first")
    assert VerificationAttempt.objects.values().get() == before


def test_a_run_that_lost_its_lease_stores_no_file(sandbox, runs):
    attempt = make_attempt(sdk_token=sandbox.issue("pass_amara", finishes_after=0))
    result = make_result(best_frame=b"frame", video=None)
    take("first")
    life_cycle.record(attempt.id, result, now=timezone.now(), actor=ACTOR, run="first")
    silence(WorkerRun.objects.filter(id="first"))
    before = attempt.media.filter(kind=MediaKind.BEST_FRAME).values().get()
    with pytest.raises(LeaseLostError):
        media_files.capture(attempt, result, actor=ACTOR, run="first")
    assert attempt.media.filter(kind=MediaKind.BEST_FRAME).values().get() == before
    assert before["state"] == MediaState.WANTED


def test_a_run_gives_signs_of_life_while_its_threads_are_busy(monkeypatch):
    monkeypatch.setattr(heartbeat, "SIGN_OF_LIFE_SECONDS", 0.05)
    life = Heartbeat(on_death=lambda: None)
    life.start()
    silence(WorkerRun.objects.filter(id=life.run), 20)
    wait_until(lambda: WorkerRun.objects.filter(id=life.run, alive_at__gt=Now() - timedelta(seconds=5)).exists())
    life.stop()
    assert not WorkerRun.objects.exists()


def test_a_run_that_was_silent_for_too_long_is_dead_for_good(monkeypatch):
    monkeypatch.setattr(heartbeat, "SIGN_OF_LIFE_SECONDS", 0.05)
    died = threading.Event()
    life = Heartbeat(on_death=died.set)
    silent_run(life.run)
    life._thread.start()
    assert died.wait(10)
    assert not WorkerRun.objects.alive().exists()
    life.stop()


@pytest.mark.parametrize("failure", [OperationalError("too many clients"), RuntimeError("can't start new thread")])
def test_a_run_that_can_give_no_signs_of_life_is_dead_after_half_a_minute(failure, monkeypatch):
    monkeypatch.setattr(heartbeat, "SIGN_OF_LIFE_SECONDS", 0.02)
    monkeypatch.setattr("liveness.models.run.SILENT_AFTER", timedelta(seconds=0.2))
    died = threading.Event()
    life = Heartbeat(on_death=died.set)

    def fail(*args, **changes):
        assert not died.is_set()
        raise failure

    monkeypatch.setattr(type(WorkerRun.objects.all()), "update", fail)
    life._thread.start()
    assert died.wait(10)
    life.stop()


def test_a_run_without_signs_of_life_leases_nothing(runs):
    make_attempt()
    silence(WorkerRun.objects.filter(id="first"))
    with pytest.raises(LeaseLostError):
        take("first")
    assert len(take("second")) == 1


def test_a_run_that_has_died_calls_nobody_and_does_not_hold_up_the_next(sandbox, monkeypatch):
    """It would otherwise lease, ask and forget one attempt over and over."""
    attempt = registered(sandbox)
    start = Heartbeat.start

    def start_dead(life):
        start(life)
        silence(WorkerRun.objects.filter(id=life.run))

    with monkeypatch.context() as patch:
        patch.setattr(Heartbeat, "start", start_dead)
        summary = engine.run(RunOptions(workers=2, seconds=5.0))
    assert "no sign of life" in summary.stopped
    assert list(sandbox.calls) == []
    assert engine.run(RunOptions(workers=1, seconds=0.1)).counts.passed == 1
    attempt.refresh_from_db()
    assert attempt.lease_run == ""


def test_a_run_that_was_paused_in_a_download_puts_no_bytes_over_those_of_another(monkeypatch, runs):
    attempt = make_attempt()
    result = make_result(best_frame=b"frame", video=None)
    take("first")
    life_cycle.record(attempt.id, result, now=timezone.now(), actor=ACTOR, run="first")
    frame = attempt.media.get(kind=MediaKind.BEST_FRAME)

    def paused(url, part, **declared):
        part.write_bytes(b"frame")
        silence(WorkerRun.objects.filter(id="first"))
        return Measured(5, frame.declared_md5, "0" * 64)

    monkeypatch.setattr(media_files.download, "fetch", paused)
    with pytest.raises(LeaseLostError):
        media_files.capture(attempt, result, actor=ACTOR, run="first")
    assert not Path(private_storage().path(frame.path)).exists()


def wait_until(is_so):
    end = time.monotonic() + 10
    while not is_so():
        assert time.monotonic() < end
        time.sleep(0.02)


def test_many_threads_never_hold_the_same_attempt():
    for _ in range(60):
        make_attempt()
    held, lock, start = [], threading.Lock(), threading.Barrier(6)

    def work(run: str) -> None:
        start.wait()
        try:
            while mine := take(run, 3):
                with lock:
                    held.extend(attempt.id for attempt in mine)
        finally:
            connection.close()

    threads = [threading.Thread(target=work, args=(living_run(f"run-{number}"),)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(held) == len(set(held)) == 60
