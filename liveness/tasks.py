"""Celery shells. A message only wakes a worker: what is due stands in the database."""

import logging
import mmap
import threading
from typing import Any
from uuid import UUID

from celery import current_app, shared_task
from celery.signals import worker_shutting_down
from django.utils import timezone

from liveness.audit import Actor
from liveness.media import rolling_check
from liveness.models import VerificationAttempt
from liveness.monitoring import alerts
from liveness.scheduling import backlog
from liveness.web.logs import install_broker_filter, log_conditions, outages_logged
from liveness.worker import engine
from liveness.worker.run_report import RunReport

ACTOR = Actor.system("celery")
# Seconds after which a run ends as soon as its downloads do: other tasks get their turn, and the next message wakes the
# next run.
SLICE = 10.0
# Seconds of a run for what is urgent now.
GLANCE = 1.0
# Seconds of reading stored files again, out of the five minutes between two such tasks.
VERIFY = 30.0
# A byte of memory that the worker shares with the processes it forks: they are not told when it is to stop.
_is_stopping = mmap.mmap(-1, 1)
logger = logging.getLogger(__name__)
install_broker_filter()


@worker_shutting_down.connect
def stop_runs(**_: Any) -> None:
    """Have every run of this worker finish what it holds, or give it back."""
    _is_stopping[0] = 1


@shared_task(name="liveness.refresh_due")
@outages_logged
def refresh_due(seconds: float = SLICE, workers: int = 4) -> None:
    """Refresh what is due, and what comes due within so many seconds; two tasks at once share the work."""
    _run(engine.RunOptions(seconds=seconds, workers=workers, actor=ACTOR))


@shared_task(name="liveness.refresh_attempt")
@outages_logged
def refresh_attempt(public_id: str) -> None:
    """Ask the vendor about one attempt now; an id that is not registered, or none at all, is ignored."""
    try:
        wanted = UUID(public_id)
    except (ValueError, AttributeError, TypeError):
        return
    named = list(VerificationAttempt.objects.filter(public_id=wanted).values_list("id", flat=True))
    _run(engine.RunOptions(workers=1, named=named, actor=ACTOR))


@shared_task(name="liveness.alert")
@outages_logged
def alert() -> None:
    """Tell what was lost and what is in danger; of two tasks at once one tells."""
    for line in alerts.send(now=timezone.now(), actor=ACTOR).lines:
        logger.warning(line)


@shared_task(name="liveness.verify_media")
@outages_logged
def verify_media(seconds: float = VERIFY) -> None:
    """Read stored files again that are due for a check, for so many seconds."""
    report = rolling_check.check_some(seconds, actor=ACTOR, should_stop=lambda: bool(_is_stopping[0]), clock=engine.now)
    for line in filter(None, [*report.lines(), report.problem]):
        logger.warning(line)


def wake() -> None:
    """Send a message for what is urgent: the function for `LIVENESS_WAKE`. Raises what the broker's client raises."""
    with current_app.producer_pool.acquire(block=True) as producer:
        if not backlog.is_full(current_app, producer, refresh_due.name):
            refresh_due.apply_async(kwargs={"seconds": GLANCE}, producer=producer, retry=False)


def _run(run_options: engine.RunOptions) -> None:
    stop = threading.Event()

    def heed(_: RunReport) -> None:
        if _is_stopping[0]:
            stop.set()

    try:
        lines = engine.run(run_options, stop=stop, progress=heed).lines()
        for line in lines:
            logger.warning(line)
        if lines:
            log_conditions(said=lines)
    finally:
        # A time limit ends this function, but not the threads of the run.
        stop.set()
