"""Celery shells. A message only wakes a worker: what is due stands in the database."""

import logging
from uuid import UUID

from celery import shared_task

from liveness.models import VerificationAttempt
from liveness.refresh import engine
from liveness.services.audit import Actor

ACTOR = Actor.system("celery")
logger = logging.getLogger(__name__)


@shared_task(name="liveness.refresh_due")
def refresh_due(limit: int | None = None, workers: int = 4) -> None:
    """Refresh every due attempt (at most `limit`); two tasks at once share the work."""
    _run(engine.Plan(limit=limit, workers=workers, actor=ACTOR))


@shared_task(name="liveness.refresh_attempt")
def refresh_attempt(public_id: str) -> None:
    """Ask the vendor about one attempt now; an id that is not registered, or none at all, is ignored."""
    try:
        wanted = UUID(public_id)
    except (ValueError, AttributeError, TypeError):
        return
    named = list(VerificationAttempt.objects.filter(public_id=wanted).values_list("id", flat=True))
    _run(engine.Plan(workers=1, named=named, actor=ACTOR))


def _run(plan: engine.Plan) -> None:
    for line in engine.run(plan).lines():
        logger.warning(line)
