"""The schedule by a clock that is set: no entry falls silent, and none is sent twice as often."""

from datetime import UTC, datetime

import pytest
import time_machine
from celery import Celery
from celery.schedules import crontab
from hypothesis import given
from hypothesis import strategies as st

from liveness.scheduling.beat import SMALLEST_STEP, SteadyScheduler, StepWatch

NOON = datetime(2026, 11, 22, 12, 0, 30, tzinfo=UTC)
HOUR = 3600.0
seconds = st.floats(-1e9, 1e9)


class Beat:
    """A scheduler with one entry, and what it sent; the steady clock goes on as a test says."""

    def __init__(self, monkeypatch, clock, schedule, task="tests.entry") -> None:
        self._clock, self._steady = clock, 1000.0
        monkeypatch.setattr("liveness.scheduling.beat.time.monotonic", lambda: self._steady)
        app = Celery("tests", broker="memory://", set_as_current=False)
        app.conf.beat_schedule = {"entry": {"task": task, "schedule": schedule}}
        self.sent: list[datetime] = []
        self._scheduler = SteadyScheduler(app=app)
        monkeypatch.setattr(self._scheduler, "apply_async", lambda *_, **__: self.sent.append(datetime.now(UTC)))

    def set_clock(self, step: float) -> None:
        self._clock.shift(step)

    def run(self, duration: float) -> int:
        """Let so many seconds pass; return how many messages were sent."""
        before, end = len(self.sent), self._steady + duration
        while self._steady < end:
            # Celery asks to be called again a hundredth of a second early; real time passes meanwhile.
            interval = max(self._scheduler.tick(), 0.02)
            self._steady += interval
            self._clock.shift(interval)
        return len(self.sent) - before


@pytest.fixture
def beat(monkeypatch):
    with time_machine.travel(NOON, tick=False) as clock:
        yield lambda *entry: Beat(monkeypatch, clock, *entry)


@pytest.mark.parametrize("step", [-HOUR, -1.5, -300 * 24 * HOUR, 1.5, HOUR, 300 * 24 * HOUR])
def test_an_interval_stays_as_long_as_it_is_when_the_clock_is_set(beat, step):
    beat = beat(60.0)
    assert beat.run(630) == 10
    beat.set_clock(step)
    # After a step ahead it is sent at once, and then at its interval.
    assert beat.run(600) in (10, 11)


def test_an_interval_survives_a_clock_that_is_set_again_and_again(beat):
    beat = beat(5.0)
    for step in (-HOUR, 2 * HOUR, -0.6, -0.6, -0.6, -3 * HOUR):
        beat.set_clock(step)
        assert beat.run(60) in (11, 12, 13)


def test_a_long_interval_is_neither_cut_short_nor_drawn_out_by_a_step_back(beat):
    beat = beat(2 * HOUR)
    beat.run(1.5 * HOUR)
    beat.set_clock(-HOUR)
    assert beat.run(0.4 * HOUR) == 0
    assert beat.run(0.2 * HOUR) == 1


def test_a_step_is_noticed_although_the_next_entry_is_hours_away(beat):
    beat = beat(24 * HOUR)
    assert beat.run(1) == 0
    assert beat._steady - 1000.0 <= SteadyScheduler.max_interval


def test_an_entry_with_a_time_of_day_follows_the_clock(beat):
    beat = beat(crontab(minute="*/15"))
    beat.run(HOUR)
    beat.set_clock(-HOUR)
    beat.run(HOUR)
    assert [moment.minute for moment in beat.sent] == [15, 30, 45, 0] * 2


def test_an_entry_with_a_time_of_day_that_was_skipped_is_sent_once(beat):
    beat = beat(crontab(hour="15", minute="15"))
    beat.run(60)
    beat.set_clock(6 * HOUR)
    assert beat.run(HOUR) == 1


def test_a_step_back_is_one_line(beat, caplog):
    beat = beat(5.0)
    beat.set_clock(-HOUR)
    beat.run(60)
    assert [record.getMessage() for record in caplog.records if record.levelname == "WARNING"] == [
        "The clock was set back by 3600 s; the schedule goes on from the new time."
    ]


@given(wall=seconds, steady=seconds, passed=st.floats(0, 1e6), step=seconds.filter(lambda step: abs(step) > 2))
def test_a_step_is_seen_once_and_as_large_as_it_was(wall, steady, passed, step):
    watch = StepWatch(wall, steady)
    assert watch.step(wall + passed, steady + passed) == 0
    assert watch.step(wall + passed + step, steady + passed) == pytest.approx(step, abs=0.01)
    assert watch.step(wall + 2 * passed + step, steady + 2 * passed) == 0


def test_small_steps_add_up():
    watch = StepWatch(0.0, 0.0)
    steps = [watch.step(-0.4 * number, 0.0) for number in range(1, 4)]
    assert steps[:2] == [0.0, 0.0]
    assert steps[2] < -SMALLEST_STEP


def test_a_broker_that_takes_nothing_is_reported_once_a_minute_without_its_address(beat, monkeypatch, caplog):
    beat = beat(5.0)

    def refuse(*_, **__):
        raise ConnectionError("redis://:canary@broker.example")

    with monkeypatch.context() as broken:
        broken.setattr(beat._scheduler, "apply_async", refuse)
        beat.run(300)
    beat.run(60)
    texts = [record.getMessage() for record in caplog.records if record.levelname in ("WARNING", "ERROR")]
    assert texts == ["The broker takes no messages (ConnectionError); it is asked again until it does."] * 5 + [
        "The broker takes messages again."
    ]


@pytest.mark.parametrize(
    ("task", "count"), [("liveness.alert", 0), ("liveness_review.statistics", 0), ("host.pay", 10)]
)
def test_only_wake_ups_are_kept_back_while_many_messages_wait(beat, monkeypatch, task, count):
    """A message of the host's may hold what no later one brings."""
    monkeypatch.setattr("liveness.scheduling.beat.backlog.is_full", lambda *_: True)
    assert beat(1.0, task).run(10.5) == count
