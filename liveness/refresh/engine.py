"""The polling engine: a few threads that ask the vendor, and others that fetch the files of what it answered.

Cron, `--watch`, Celery and the admin all call `run` or `watch`. The tables hold the truth: what a killed run held comes
free when its leases run out, and the next run goes on.
"""

import logging
import threading
import time
import traceback
from collections.abc import Callable
from contextlib import suppress
from functools import partial

from django.core.exceptions import ImproperlyConfigured
from django.db import Error, InterfaceError, OperationalError, close_old_connections, connection
from django.utils import timezone

from liveness.client.errors import ConfigurationError, FaceIdError
from liveness.client.types import LivenessResult
from liveness.exceptions import AccountError, ChainError, OutageError
from liveness.models import VerificationAttempt
from liveness.refresh import learning, leases
from liveness.refresh.breaker import Breaker
from liveness.refresh.downloads import Pipeline
from liveness.refresh.feed import Feed, Plan, Visit
from liveness.refresh.limiter import Limiter, SlotTimeoutError, account_limiter
from liveness.refresh.slots import StoreError
from liveness.refresh.summary import Summary
from liveness.refresh.worker import Worker
from liveness.services import attempts, media, meters

__all__ = ["Plan", "run", "watch"]

OUTAGE_PAUSE = 30.0
TICK = 0.2
# Seconds for which a poll waits for room among the downloads. Then it is made all the same: results come before files.
ROOM_PATIENCE = 10.0
# A run that is told to stop finishes what it holds; after so many seconds it leaves the rest to the next run.
PATIENCE = 8.0
# An endless run tells what it did when it comes to rest, and at least so often, in seconds.
REPORT_EVERY = 60.0
# With these an operator must act before any call can succeed.
BLOCKERS = (FaceIdError, ConfigurationError, AccountError, ChainError, ImproperlyConfigured)
# These pass by themselves.
OUTAGES = (OutageError, SlotTimeoutError, StoreError)
# After such a failure a process starts no other slice for so many seconds, however often it is woken.
HOLD = 60.0

Progress = Callable[[Summary], None]
logger = logging.getLogger(__name__)


class Run:
    """One pass over the plan's attempts, or an endless one; see `Feed` for what it works on."""

    def __init__(
        self,
        plan: Plan,
        limiter: Limiter,
        stop: threading.Event,
        *,
        is_endless: bool = False,
        is_wary: bool = False,
    ) -> None:
        self.summary = Summary()
        self._plan = plan
        self._stop = stop
        self._halt = threading.Event()
        self._failure: Exception | None = None
        self._stopped_at: float | None = None
        self._owner = leases.new_owner()
        self._feed = Feed(plan, self._owner, is_endless=is_endless)
        self._downloads = Pipeline()
        self._worker = Worker(
            self._owner,
            limiter,
            self.summary,
            self._halt,
            plan.actor,
            self._feed.price,
            self._feed.downloads,
            is_named=plan.named is not None,
            breaker=Breaker(is_patient=is_endless, is_wary=is_wary),
        )

    def go(self, progress: Progress | None = None, report: Progress | None = None) -> Summary:
        """Work until nothing is left, the caller's event is set, or the vendor or the settings end it.

        `progress` is called all the time, `report` whenever an endless run has something to tell. Raises what nobody
        foresaw, such as DatabaseError; the leases then run out.
        """
        media.sweep()
        # Daemons, so that a call that outlasts our patience does not keep the process alive.
        threads = [threading.Thread(target=self._loop, daemon=True) for _ in range(self._plan.workers)]
        for thread in threads:
            thread.start()
        try:
            self._wait(threads, progress, report)
        finally:
            self._halt.set()
            self._end()
        if isinstance(self._failure, OUTAGES):
            self.summary.stopped = str(self._failure)
        elif isinstance(self._failure, BLOCKERS):
            self.summary.failure = self._failure
        elif self._failure:
            raise self._failure
        self._tell_of_held()
        return self.summary

    def _wait(self, threads: list[threading.Thread], progress: Progress | None, report: Progress | None) -> None:
        told_at = tidied_at = time.monotonic()
        while any(thread.is_alive() for thread in threads):
            for thread in threads:
                thread.join(TICK / len(threads))
            now = time.monotonic()
            meters.flush_if_due()
            if progress:
                progress(self.summary)
            if report and self.summary.has_news and (self._feed.is_idle or now - told_at > REPORT_EVERY):
                report(self.summary.take())
                told_at = now
            if now - tidied_at > REPORT_EVERY:
                tidied_at = now
                media.sweep()
                learning.learn(now=timezone.now())
            if self._stop.is_set():
                self._halt.set()
                self._stopped_at = self._stopped_at or now
                if now - self._stopped_at > PATIENCE:
                    return

    def _end(self) -> None:
        """Finish the downloads, or leave them to the next run; give back every lease that is still held."""
        spent = time.monotonic() - self._stopped_at if self._stopped_at else 0.0
        given_up = self._downloads.drain(max(1.0, PATIENCE - spent))
        with suppress(Error):
            leases.release(self._feed.held, owner=self._owner)
            learning.learn(now=timezone.now())
        if given_up:
            self.summary.stopped = f"{given_up} downloads took too long to finish"
        meters.flush()

    def _tell_of_held(self) -> None:
        """A person who named an attempt must learn that another run has it."""
        named = set(self._plan.named or ()) - self._feed.taken
        if named and not (self._stop.is_set() or self._failure):
            for attempt in VerificationAttempt.objects.filter(id__in=named).exclude(lease_owner=""):
                self.summary.problem("another run holds it; try again in a moment", attempt)

    def _loop(self) -> None:
        try:
            while not self._halt.is_set() and self._make_room() and (visit := self._feed.next(self._halt)):
                self._guarded(visit, partial(self._poll, visit))
        except Exception as failure:
            # Without a database there is nothing to lease; the thread that started the run tells it.
            self._stop_for(failure)
        finally:
            connection.close()

    def _make_room(self) -> bool:
        """Nothing is asked about while the downloads wait for a slow disk or link; False when the run ends."""
        patience = time.monotonic() + ROOM_PATIENCE
        while not (self._halt.is_set() or self._stop.is_set()):
            if self._downloads.wait_for_room(TICK) or time.monotonic() > patience:
                return True
        return False

    def _poll(self, visit: Visit) -> None:
        result = self._worker.poll(visit)
        if result is None:
            self._finish(visit)
        elif self._downloads.is_overfull():
            self._worker.leave(visit)
            self._finish(visit)
        elif not self._downloads.submit(partial(self._guarded, visit, partial(self._fetch, visit, result))):
            self._finish(visit)

    def _fetch(self, visit: Visit, result: LivenessResult) -> None:
        if self._worker.fetch(visit, result):
            self._feed.again(visit)
        else:
            self._finish(visit)

    def _finish(self, visit: Visit) -> None:
        try:
            self._worker.release(visit)
        finally:
            self._feed.done(visit)

    def _guarded(self, visit: Visit, step: Callable[[], None]) -> None:
        try:
            step()
        except (*BLOCKERS, *OUTAGES, OperationalError, InterfaceError) as failure:
            # Among them a database that is away: then the attempt is no worse than any other.
            self._stop_for(failure)
            self._finish(visit)
        except Exception as problem:
            # One bad attempt must not end the run, nor come up again at every pass.
            # Not the exception's text or traceback: a database's message may quote the token.
            where = traceback.extract_tb(problem.__traceback__)[-1]
            logger.error("%s in %s, line %s", type(problem).__name__, where.filename, where.lineno)
            self._put_off(visit.attempt, f"the refresh failed ({type(problem).__name__}); see the log")
            self._finish(visit)
        except BaseException:
            # The thread dies; the others must not wait for it, and the end of the run gives the lease back.
            self._halt.set()
            raise

    def _put_off(self, attempt: VerificationAttempt, problem: str) -> None:
        self.summary.problem(problem, attempt)
        try:
            attempts.postpone(attempt.id, problem, now=timezone.now(), actor=self._plan.actor)
        except Exception:
            self._feed.stuck.add(attempt.id)

    def _stop_for(self, failure: Exception) -> None:
        self._failure = self._failure or failure
        self._halt.set()


class _Held:
    """Until when this process starts no slice, in seconds of the monotonic clock, and whether an outage is why."""

    until = 0.0
    is_outage = False


_held = _Held()


def run(plan: Plan, *, stop: threading.Event | None = None, progress: Progress | None = None) -> Summary:
    """Refresh what the plan names. What an operator must act on is the summary's `failure`; nothing is lost by it.

    It works on threads with connections of their own: called inside a transaction, they would wait for its locks.
    Raises DatabaseError when the database is away.
    """
    if plan.seconds is not None and time.monotonic() < _held.until:
        return Summary()
    try:
        limiter = account_limiter()
    except ImproperlyConfigured as failure:
        return Summary(failure=failure)
    try:
        summary = Run(plan, limiter, stop or threading.Event(), is_wary=_held.is_outage).go(progress)
    finally:
        limiter.close()
    _held.until = time.monotonic() + HOLD if summary.failure or summary.stopped else 0.0
    _held.is_outage = bool(summary.stopped)
    return summary


def watch(plan: Plan, *, stop: threading.Event, report: Progress, progress: Progress | None = None) -> None:
    """Refresh whatever comes due until `stop` is set or an operator must act.

    An outage of the vendor is waited out; after one of the database it starts afresh.
    """
    while not stop.is_set():
        summary = _watched(plan, stop, report, progress)
        if summary.has_news:
            report(summary)
        if summary.failure:
            return
        stop.wait(OUTAGE_PAUSE if summary.stopped else 0)


def _watched(plan: Plan, stop: threading.Event, report: Progress, progress: Progress | None) -> Summary:
    close_old_connections()
    try:
        limiter = account_limiter()
    except ImproperlyConfigured as failure:
        return Summary(failure=failure)
    try:
        return Run(plan, limiter, stop, is_endless=True).go(progress, report)
    except Error as failure:
        return Summary(stopped=f"the database does not answer ({type(failure).__name__})")
    finally:
        limiter.close()
