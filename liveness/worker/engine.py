"""The polling engine. Cron, `--watch`, Celery and the admin all call `run` or `watch`.

The tables hold the truth: what a killed run held comes free when its leases run out, and the next run goes on.
"""

import threading
import time
from datetime import datetime

from django.core.exceptions import ImproperlyConfigured
from django.db import Error, close_old_connections

from liveness import clients, conditions
from liveness.app_settings import app_settings
from liveness.client.errors import ConfigurationError
from liveness.exceptions import OutageError
from liveness.ratelimit.limiter import Limiter, account_limiter
from liveness.worker.memory import Memory
from liveness.worker.run import Progress, Run
from liveness.worker.run_report import RunReport
from liveness.worker.work_queue import RunOptions

__all__ = ["RunOptions", "run", "watch"]

OUTAGE_PAUSE_SECONDS = 30.0
# After a failed run a process starts no other slice for so many seconds, however often it is woken.
HOLD_SECONDS = 60.0


_memory = Memory()


def run(options: RunOptions, *, stop: threading.Event | None = None, progress: Progress | None = None) -> RunReport:
    """Refresh what the options names. What an operator must act on is the summary's `failure`; nothing is lost by it.

    It works on threads with connections of their own: called inside a transaction, they would wait for its locks.
    Raises DatabaseError when the database is away.
    """
    if options.seconds is not None and time.monotonic() < _memory.held_until:
        return RunReport()
    try:
        limiter = _prepared()
    except (ImproperlyConfigured, ConfigurationError) as failure:
        return RunReport(failure=failure)
    try:
        summary = Run(options, limiter, stop or threading.Event(), memory=_memory).run(progress)
    finally:
        limiter.close()
    _memory.held_until = time.monotonic() + HOLD_SECONDS if _is_in_vain(summary) else 0.0
    return summary


def watch(options: RunOptions, *, stop: threading.Event, report: Progress, progress: Progress | None = None) -> None:
    """Refresh whatever comes due until `stop` is set or an operator must act.

    An outage of the vendor is waited out; after one of the database it starts afresh.
    """
    while not stop.is_set():
        summary = _watched(options, stop, report, progress)
        if summary.has_news:
            report(summary)
        if summary.failure:
            return
        stop.wait(OUTAGE_PAUSE_SECONDS if _is_in_vain(summary) else 0)


def _watched(options: RunOptions, stop: threading.Event, report: Progress, progress: Progress | None) -> RunReport:
    close_old_connections()
    try:
        limiter = _prepared()
    except (ImproperlyConfigured, ConfigurationError) as failure:
        return RunReport(failure=failure)
    try:
        return Run(options, limiter, stop, memory=_memory, is_continuous=True).run(progress, report)
    except Error as failure:
        return _ended_by(failure)
    finally:
        limiter.close()


def now() -> datetime:
    """The time, by the vendor's clock where this process knows that its machine's is wrong."""
    return _memory.clock.now()


def _is_in_vain(summary: RunReport) -> bool:
    """Would the next run meet the same? One that was merely paused for too long says nothing about the next."""
    return bool(summary.failure or (summary.stopped and not summary.has_died))


def _prepared() -> Limiter:
    """The limiter of a run whose settings can work. Raises ImproperlyConfigured or ConfigurationError."""
    clients.check_configuration()
    if app_settings.MEDIA_WORKERS < 1:
        raise ImproperlyConfigured("LIVENESS_MEDIA_WORKERS must be at least 1, or no file is fetched.")
    return account_limiter()


def _ended_by(failure: Error) -> RunReport:
    """An outage that passes is waited out; any other needs an operator. A fault of the code is raised."""
    outage = conditions.explain(failure)
    if outage is None:
        raise failure
    if outage.kind.passes:
        return RunReport(stopped=outage.text.removesuffix("."))
    return RunReport(failure=OutageError(outage.line))
