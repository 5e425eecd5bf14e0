"""The polling engine: a few threads, each leasing the next attempt and refreshing it, until nothing is left.

Cron, `--watch`, Celery and the admin all call `run`. The tables hold the truth: what a killed run held comes free
when its leases run out, and the next run goes on.
"""

import logging
import threading
import traceback
from collections.abc import Callable, Collection
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime

from django.core.exceptions import ImproperlyConfigured
from django.db import DatabaseError, close_old_connections, connection
from django.utils import timezone

from liveness.client.errors import ConfigurationError, FaceIdError
from liveness.exceptions import AccountError, ChainError, OutageError
from liveness.models import AttemptQuerySet, Outcome, VerificationAttempt
from liveness.refresh import leases
from liveness.refresh.limiter import Limiter, account_limiter
from liveness.refresh.summary import Summary
from liveness.refresh.worker import Worker
from liveness.services import attempts, media
from liveness.services.audit import Actor
from liveness.services.retry import retried

WATCH_PAUSE = 1.0
OUTAGE_PAUSE = 30.0
TICK = 0.2
# A run that is told to stop finishes what it holds; after so many seconds it leaves the rest to the next run.
PATIENCE = 8.0
# With these an operator must act before any call can succeed.
BLOCKERS = (FaceIdError, ConfigurationError, AccountError, ChainError, ImproperlyConfigured)

Progress = Callable[[Summary], None]
logger = logging.getLogger(__name__)


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
        everything = VerificationAttempt.objects.all()
        if self.named is not None:
            return everything.filter(id__in=self.named).order_by("id")
        if self.force:
            # A token that the vendor does not know is asked about by schedule or by name.
            return everything.open().exclude(outcome=Outcome.INVALID).order_by("id")
        return everything.due(now)


class Run:
    """One pass over the plan's attempts. An attempt is taken at most once in a run."""

    def __init__(self, plan: Plan, limiter: Limiter, stop: threading.Event) -> None:
        self._stop = stop
        self.summary = Summary()
        self._plan = plan
        self._started_at = timezone.now()
        self._halt = threading.Event()
        self._lock = threading.Lock()
        self._seen: set[int] = set()
        self._taken = 0
        self._last_id = 0
        self._stuck: set[int] = set()
        self._failure: Exception | None = None
        self._owner = leases.new_owner()
        self._worker = Worker(
            self._owner, limiter, self.summary, self._halt, plan.actor, is_named=plan.named is not None
        )

    def go(self, progress: Progress | None = None) -> Summary:
        """Work until nothing is left, the caller's event is set, or the vendor or the settings end it.

        Raises what nobody foresaw, such as DatabaseError; the leases then run out.
        """
        media.sweep()
        # Daemons, so that a download that outlasts our patience does not keep the process alive.
        threads = [threading.Thread(target=self._loop, daemon=True) for _ in range(self._plan.workers)]
        for thread in threads:
            thread.start()
        self._wait(threads, progress)
        if isinstance(self._failure, OutageError):
            self.summary.stopped = str(self._failure)
        elif isinstance(self._failure, BLOCKERS):
            self.summary.failure = self._failure
        elif self._failure:
            raise self._failure
        self._tell_of_held()
        return self.summary

    def _wait(self, threads: list[threading.Thread], progress: Progress | None) -> None:
        patience = PATIENCE
        while any(thread.is_alive() for thread in threads):
            for thread in threads:
                thread.join(TICK / len(threads))
            if progress:
                progress(self.summary)
            if self._stop.is_set():
                self._halt.set()
                patience -= TICK
                if patience <= 0:
                    self.summary.stopped = f"{leases.release_all(self._owner)} downloads took too long to finish"
                    return

    def _tell_of_held(self) -> None:
        """A person who named an attempt must learn that another run has it."""
        named = set(self._plan.named or ()) - self._seen
        if named and not self._halt.is_set():
            for attempt in VerificationAttempt.objects.filter(id__in=named).exclude(lease_owner=""):
                self.summary.problem("another run holds it; try again in a moment", attempt)

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
            for attempt in retried(lambda: leases.take(self._untaken(), 1, owner=self._owner, now=now)):
                self._taken += 1
                if self._plan.named is not None:
                    self._seen.add(attempt.id)
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
        except (*BLOCKERS, OutageError) as failure:
            self._stop_for(failure)
        except Exception as problem:
            # One bad attempt must not end the run, nor come up again at every pass.
            # Not the exception's text or traceback: a database's message may quote the token.
            where = traceback.extract_tb(problem.__traceback__)[-1]
            logger.error("%s in %s, line %s", type(problem).__name__, where.filename, where.lineno)
            self._stuck.add(attempt.id)
            self._put_off(attempt, f"the refresh failed ({type(problem).__name__}); see the log")

    def _put_off(self, attempt: VerificationAttempt, problem: str) -> None:
        self.summary.problem(problem, attempt)
        with suppress(DatabaseError):
            attempts.postpone(attempt.id, problem, now=timezone.now(), actor=self._plan.actor)

    def _stop_for(self, failure: Exception) -> None:
        with self._lock:
            self._failure = self._failure or failure
            self._halt.set()


def run(plan: Plan, *, stop: threading.Event | None = None, progress: Progress | None = None) -> Summary:
    """Refresh what the plan names. What an operator must act on is the summary's `failure`; nothing is lost by it.

    It works on threads with connections of their own: called inside a transaction, they would wait for its locks.
    Raises DatabaseError when the database is away.
    """
    try:
        limiter = account_limiter()
    except ImproperlyConfigured as failure:
        return Summary(failure=failure)
    try:
        return Run(plan, limiter, stop or threading.Event()).go(progress)
    finally:
        limiter.close()


def watch(plan: Plan, *, stop: threading.Event, report: Progress, progress: Progress | None = None) -> None:
    """Run again whenever something is due until `stop` is set or an operator must act.

    After an outage, of the vendor or the database, it waits a while, and then probes.
    """
    while not stop.is_set():
        summary = _pass(plan, stop, progress)
        if summary:
            report(summary)
        if summary and summary.failure:
            return
        stop.wait(OUTAGE_PAUSE if summary and summary.stopped else WATCH_PAUSE)


def _pass(plan: Plan, stop: threading.Event, progress: Progress | None) -> Summary | None:
    close_old_connections()
    now = timezone.now()
    try:
        return run(plan, stop=stop, progress=progress) if plan.candidates(now).free(now).exists() else None
    except DatabaseError as failure:
        return Summary(stopped=f"the database does not answer ({type(failure).__name__})")
