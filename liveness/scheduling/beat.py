"""Celery beat for wake-ups: it goes on after a step of the clock, and while its broker is away it says so rarely.

`CELERY_BEAT_SCHEDULER = "liveness.scheduling.beat:SteadyScheduler"`. Celery's own scheduler compares wall-clock times:
after a step back of an hour every entry was last sent in the future, and nothing is sent until the hour has passed.
"""

import logging
import time
from datetime import timedelta
from typing import Any

from celery.beat import ScheduleEntry, Scheduler

from liveness.scheduling import backlog

# Seconds. A smaller step is an adjustment of the clock, not a step, and disturbs no entry.
SMALLEST_STEP = 1.0
# Seconds between two lines about a broker that takes no messages.
REPORT_INTERVAL = 60.0
OWN_TASKS = ("liveness.", "liveness_review.")
logger = logging.getLogger(__name__)


class StepWatch:
    """Notices when the wall clock was set: it then moved by more or less than the steady clock. Both in seconds."""

    def __init__(self, wall: float, steady: float) -> None:
        self._offset = wall - steady

    def step(self, wall: float, steady: float) -> float:
        """By how much the wall clock was set since the last step, below 0 if back; 0 if it was not."""
        step = wall - steady - self._offset
        if abs(step) < SMALLEST_STEP:
            return 0.0
        self._offset += step
        return step


class SteadyScheduler(Scheduler):
    """Sends each entry at its interval whatever happens to the wall clock; entries with a time of day follow the clock.

    The app's own tasks do what is due when they run, so none is sent while enough wait already
    (`liveness.scheduling.backlog`).
    """

    # However far ahead the next entry is: a step of the clock is noticed within this many seconds.
    max_interval = 5

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._watch = StepWatch(self._wall(), time.monotonic())
        self._reported_at: float | None = None

    def tick(self, *args: Any, **kwargs: Any) -> float:
        """Send one due entry; return the seconds to wait for the next."""
        step = self._watch.step(self._wall(), time.monotonic())
        if step < 0:
            self._turn_back(timedelta(seconds=-step))
        return float(super().tick(*args, **kwargs))

    def apply_entry(self, entry: ScheduleEntry, producer: Any = None) -> None:
        """Send a message, unless it would only wake a worker that is awake, or that is away."""
        try:
            if not self._is_needless(entry, producer):
                logger.info("Sending due task %s (%s)", entry.name, entry.task)
                self.apply_async(entry, producer=producer, advance=False)
        except Exception as problem:
            # Each broker's client has errors of its own, and their texts may hold the broker's address.
            self._report(type(problem.__cause__ or problem).__name__)
        else:
            self._report_success()

    def _is_needless(self, entry: ScheduleEntry, producer: Any) -> bool:
        return str(entry.task).startswith(OWN_TASKS) and backlog.is_full(self.app, producer, str(entry.task))

    def _turn_back(self, step: timedelta) -> None:
        """Entries that go by the wall clock fire by themselves after a step ahead, never after one back."""
        logger.warning(
            "The clock was set back by %.0f s; the schedule goes on from the new time.", step.total_seconds()
        )
        for entry in self.schedule.values():
            entry.last_run_at = (entry.last_run_at or entry.default_now()) - step
        self._heap = None

    def _report(self, problem: str) -> None:
        if self._reported_at is None or time.monotonic() - self._reported_at >= REPORT_INTERVAL:
            self._reported_at = time.monotonic()
            logger.error("The broker takes no messages (%s); it is asked again until it does.", problem)

    def _report_success(self) -> None:
        if self._reported_at is not None:
            self._reported_at = None
            logger.warning("The broker takes messages again.")

    def _wall(self) -> float:
        return self.app.now().timestamp()
