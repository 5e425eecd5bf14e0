"""What a run works on: attempts leased in small batches, handed out one by one, and taken back for a second round."""

import math
import threading
import time
from collections import deque
from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from liveness.audit import Actor
from liveness.clock import CheckedClock
from liveness.database.retry import retried
from liveness.models import AttemptQuerySet, Outcome, VerificationAttempt
from liveness.polling import candidates as polling_candidates
from liveness.polling import leases, selection
from liveness.polling.policy import PollerState
from liveness.worker import bulk_actions

# Seconds between two looks for work where there was none.
IDLE_SECONDS = 1.0
WAIT_SECONDS = 0.2
# So many attempts are leased at once for each thread: few, because the choice is best when it is fresh. With less than
# the least of them the shares of the lanes could not be kept.
PER_WORKER, LEAST = 2, 8
# One of so many calls goes to bulk actions. A run that ends begins none of their attempts after so many seconds: under
# cron the next run has begun by then.
REQUESTED_SHARE, REQUESTED_SECONDS = 4, 50.0
# Seconds by which downloads may lengthen a slice, and after which what still waits for a download thread is left. While
# most downloads fail it is left at once.
EXTENSION, LATE = 60.0, 120.0


@dataclass(frozen=True)
class RunOptions:
    """What a run is asked to do. `named` attempts are asked whatever their outcome and schedule.

    After `seconds` nothing new is begun, except beside downloads that last, and what comes due until then is taken as
    well.
    """

    limit: int | None = None
    seconds: float | None = None
    workers: int = 4
    named: Collection[int] | None = None
    force: bool = False
    actor: Actor = field(default_factory=lambda: Actor.system("refresh"))

    @property
    def is_scheduled(self) -> bool:
        return self.named is None and not self.force

    def candidates(self, now: datetime) -> AttemptQuerySet:
        """The attempts that a run started at `now` would ask, in their order."""
        everything = VerificationAttempt.objects.all()
        if self.named is not None:
            return everything.filter(id__in=self.named).order_by("id")
        if self.force:
            # A token that the vendor does not know is asked about by schedule or by name.
            return everything.open().exclude(outcome=Outcome.INVALID).order_by("id")
        return everything.due(now)


@dataclass
class Job:
    """One attempt in one run. `attempt` stays as it was leased; `rounds` counts the calls it got.

    `is_named`: a person asked for it, so it is polled whatever its state; `is_requested`: they asked by a bulk action.
    `problem` is what kept it back. `is_fetching`: its files are on their way, or wait for a thread. `is_extra`: it
    began after the end of its slice.
    """

    attempt: VerificationAttempt
    # The monotonic second at which the lease was seen last.
    checked_at: float = field(default_factory=time.monotonic)
    is_named: bool = False
    problem: str = ""
    is_requested: bool = False
    rounds: int = 0
    is_answered: bool = False
    is_fetching: bool = False
    is_extra: bool = False


class WorkQueue:
    """Hands out jobs to the threads of a run.

    A run over the schedule takes each attempt at most once, because what was asked is due again only after its start.
    An endless one goes on with what becomes due.
    """

    def __init__(
        self,
        options: RunOptions,
        run: str,
        poller_state: PollerState,
        *,
        is_continuous: bool,
        clock: CheckedClock | None = None,
        blocked_regions: Callable[[], Collection[str]] = frozenset,
    ) -> None:
        self.taken: set[int] = set()
        self.stuck: set[int] = set()
        self._options = options
        self._run = run
        self._clock = clock or CheckedClock()
        self._blocked_regions = blocked_regions
        self._begun_at = self._clock.monotonic()
        self._wants_witness = False
        self._is_requests_turn = False
        self.has_requested = False
        self.is_continuous = is_continuous or options.seconds is not None
        self._ends_at = time.monotonic() + options.seconds if options.seconds is not None else math.inf
        self._poller_state = poller_state
        self._ready: deque[Job] = deque()
        self._out: dict[int, Job] = {}
        self._count = 0
        self._last_id = 0
        self._state = threading.Condition()

    @property
    def held(self) -> set[int]:
        """What was leased and not given back yet. Without the lock: who has it may wait for a database that hangs."""
        ready = list(self._ready)
        return {*self._out.copy(), *(job.attempt.id for job in ready)}

    @property
    def _started_at(self) -> datetime:
        """The time at which the run began, by the clock as it is known to be right now."""
        return self._clock.now() - timedelta(seconds=self._clock.monotonic() - self._begun_at)

    @property
    def _overtime(self) -> float:
        """Seconds since the end of the slice; negative before."""
        return time.monotonic() - self._ends_at

    @property
    def is_idle(self) -> bool:
        """Is nobody working on anything?"""
        return not self._out

    @property
    def is_late(self) -> bool:
        """Should a slice have been over for so long that no further download may begin?"""
        return self._overtime >= (LATE if self._poller_state.downloads.is_good else EXTENSION)

    def next(self, stop: threading.Event) -> Job | None:
        """The next job; None when nothing is left or `stop` was set. Waits for what others may still put back."""
        with self._state:
            while not stop.is_set() and not self._is_over():
                if self._ready or self._lease_more():
                    job = self._ready.popleft()
                    self._out[job.attempt.id] = job
                    return job
                if not self.is_continuous and self.is_idle:
                    break
                self._state.wait(IDLE_SECONDS if self.is_continuous else WAIT_SECONDS)
            self._state.notify_all()
        return None

    def again(self, job: Job) -> None:
        """The job needs another call at once: for a fresh link."""
        with self._state:
            self._out.pop(job.attempt.id, None)
            job.is_fetching = False
            self._ready.appendleft(job)
            self._state.notify()

    def ask_for_the_time(self) -> None:
        """Have one attempt polled whatever its schedule, because only an answer shows whether our clock is right."""
        self._wants_witness = True

    def done(self, job: Job) -> None:
        with self._state:
            self._out.pop(job.attempt.id, None)
            self._state.notify()

    def _is_over(self) -> bool:
        """Is the time up, and nothing left that was begun?"""
        return self._overtime >= 0 and not self._ready and self.is_idle

    def _may_begin(self) -> bool:
        """Beside downloads that last, a slice goes on with other calls for a while instead of waiting for them."""
        if self._overtime < 0:
            return True
        is_waiting = any(job.is_fetching and not job.is_extra for job in self._out.values())
        return is_waiting and self._overtime < EXTENSION

    def _lease_more(self) -> bool:
        is_extra = self._overtime >= 0
        count = max(LEAST, PER_WORKER * self._options.workers) if self._may_begin() else 0
        if self._options.limit is not None:
            count = min(count, self._options.limit - self._count)
        if count <= 0:
            return False
        now = self._clock.now()
        requested = self._lease_requested(count, now)
        leased = [] if requested else retried(lambda: self._lease(count, now))
        self._count += len(leased) + len(requested)
        is_named = self._options.named is not None
        self._ready.extend(Job(attempt, is_named=True, is_requested=True) for attempt in requested)
        self._ready.extend(Job(attempt, is_named=is_named, is_extra=is_extra) for attempt in leased)
        return bool(leased or requested)

    def _lease_requested(self, count: int, now: datetime) -> list[VerificationAttempt]:
        """Attempts of bulk actions: a small batch after each batch of what is due, so that results come first."""
        self._is_requests_turn = not self._is_requests_turn
        is_late = not self.is_continuous and self._clock.monotonic() - self._begun_at > REQUESTED_SECONDS
        if not (self._options.is_scheduled and self._is_requests_turn) or is_late or not bulk_actions.is_waiting():
            return []
        if self._blocked_regions():
            # In an outage every one of them would fail.
            return []
        self.has_requested = True
        ids = bulk_actions.take(max(1, count // REQUESTED_SHARE), run=self._run, now=now)
        wanted = VerificationAttempt.objects.filter(id__in=ids)
        return retried(lambda: leases.take(wanted, len(ids), run=self._run, now=now)) if ids else []

    def _lease(self, count: int, now: datetime) -> list[VerificationAttempt]:
        if self._wants_witness and self._options.is_scheduled:
            self._wants_witness = False
            if leased := leases.take(
                polling_candidates.clock_witnesses(now, self._blocked_regions()), 1, run=self._run, now=now
            ):
                return leased
        if self._options.is_scheduled:
            until = now if self.is_continuous else self._started_at
            return selection.lease(
                count,
                self._poller_state.threshold,
                run=self._run,
                until=until,
                now=now,
                passing_over=self.stuck | self._out.keys(),
                regions=self._blocked_regions(),
                is_continuous=self.is_continuous,
                downloads=self._poller_state.downloads.value,
                may_close=self._clock.is_confirmed(self._begun_at),
            )
        candidates = self._options.candidates(self._started_at).filter(id__gt=self._last_id)
        leased = leases.take(candidates, count, run=self._run, now=now)
        if leased:
            self._last_id = leased[-1].id
            self.taken.update(attempt.id for attempt in leased)
        return leased
