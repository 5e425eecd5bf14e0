"""The polling engine: a few threads, each leasing the next attempt and refreshing it, until nothing is left.

Cron, `--watch`, Celery and the admin all call `run`. The tables hold the truth: what a killed run held comes free
when its leases run out, and the next run goes on.
"""

import threading
from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from datetime import datetime

from django.db import close_old_connections, connection
from django.utils import timezone

from liveness.client.errors import ConfigurationError, FaceIdError
from liveness.exceptions import AccountError, OutageError
from liveness.models import AttemptQuerySet, VerificationAttempt
from liveness.refresh import leases
from liveness.refresh.limiter import Limiter, account_limiter
from liveness.refresh.summary import Summary
from liveness.refresh.worker import Worker
from liveness.services import media
from liveness.services.audit import Actor

WATCH_PAUSE = 1.0
OUTAGE_PAUSE = 30.0
TICK = 0.2

Progress = Callable[[Summary], None]


@dataclass(frozen=True)
class Plan:
    """What a run is asked to do. `named` attempts are asked whatever their outcome and schedule."""

    limit: int | None = None
    workers: int = 4
    named: Collection[int] | None = None
    force: bool = False
    actor: Actor = field(default_factory=lambda: Actor.system("refresh"))

    def candidates(self, now: datetime) -> AttemptQuerySet:
        """The attempts that a run started at `now` would ask, in their order."""
        attempts = VerificationAttempt.objects.all()
        if self.named is not None:
            return attempts.filter(id__in=self.named).order_by("id")
        return attempts.open().order_by("id") if self.force else attempts.due(now)


class Run:
    """One pass over the plan's attempts. An attempt is taken at most once in a run."""

    def __init__(self, plan: Plan, limiter: Limiter, stop: threading.Event) -> None:
        self._stop = stop
        self.summary = Summary()
        self._plan = plan
        self._started_at = timezone.now()
        self._halt = threading.Event()
        self._lock = threading.Lock()
        self._taken = 0
        self._last_id = 0
        self._stuck: set[int] = set()
        self._failure: Exception | None = None
        self._owner = leases.new_owner()
        self._worker = Worker(
            self._owner, limiter, self.summary, self._halt, plan.actor, is_named=plan.named is not None
        )

    def go(self, progress: Progress | None = None) -> Summary:
        """Work until nothing is left or the caller's event is set.

        Raises FaceIdError, ConfigurationError or AccountError: an operator must act first.
        """
        media.sweep()
        threads = [threading.Thread(target=self._loop, name=f"refresh-{n}") for n in range(self._plan.workers)]
        for thread in threads:
            thread.start()
        for thread in threads:
            while thread.is_alive():
                thread.join(TICK)
                if self._stop.is_set():
                    self._halt.set()
                if progress:
                    progress(self.summary)
        if isinstance(self._failure, OutageError):
            self.summary.stopped = str(self._failure)
        elif self._failure:
            raise self._failure
        return self.summary

    def _loop(self) -> None:
        try:
            while attempt := self._next():
                self._work(attempt)
        except Exception as failure:
            # Without a database there is nothing to lease; the thread that started the run tells it.
            self._stop_for(failure)
        finally:
            connection.close()

    def _next(self) -> VerificationAttempt | None:
        with self._lock:
            if self._stop.is_set() or self._halt.is_set() or self._taken == self._plan.limit:
                return None
            now = timezone.now()
            for attempt in leases.take(self._untaken(), 1, owner=self._owner, now=now):
                self._taken += 1
                self._last_id = attempt.id
                return attempt
        return None

    def _untaken(self) -> AttemptQuerySet:
        candidates = self._plan.candidates(self._started_at)
        if self._plan.named is None and not self._plan.force:
            # Whatever is asked is planned anew, after the start of this run.
            return candidates.exclude(id__in=self._stuck)
        return candidates.filter(id__gt=self._last_id)

    def _work(self, attempt: VerificationAttempt) -> None:
        try:
            self._worker.refresh(attempt)
        except (FaceIdError, ConfigurationError, AccountError, OutageError) as failure:
            self._stop_for(failure)
        except Exception as problem:
            # One bad attempt must not end the run; its schedule stands and the next run meets it again.
            self._stuck.add(attempt.id)
            self.summary.problem(f"the refresh failed ({type(problem).__name__})", attempt)

    def _stop_for(self, failure: Exception) -> None:
        with self._lock:
            self._failure = self._failure or failure
            self._halt.set()


def run(plan: Plan, *, stop: threading.Event | None = None, progress: Progress | None = None) -> Summary:
    """Refresh what the plan names. Raises FaceIdError, ConfigurationError, AccountError; nothing is lost."""
    limiter = account_limiter()
    try:
        return Run(plan, limiter, stop or threading.Event()).go(progress)
    finally:
        limiter.close()


def watch(plan: Plan, *, stop: threading.Event, report: Progress, progress: Progress | None = None) -> None:
    """Run again and again until `stop` is set; after an outage wait a while, and then probe."""
    while not stop.is_set():
        close_old_connections()
        summary = run(plan, stop=stop, progress=progress)
        report(summary)
        stop.wait(OUTAGE_PAUSE if summary.stopped else WATCH_PAUSE)
