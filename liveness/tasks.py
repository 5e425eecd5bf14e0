"""Celery shells. A message only wakes a worker: what is due stands in the database."""

from uuid import UUID

from celery import shared_task

from liveness.models import VerificationAttempt
from liveness.refresh import engine
from liveness.services.audit import Actor


@shared_task(name="liveness.refresh_due")
def refresh_due(limit: int | None = None, workers: int = 4) -> None:
    """Refresh every due attempt (at most `limit`); two tasks at once share the work."""
    engine.run(engine.Plan(limit=limit, workers=workers, actor=Actor.system("celery")))


@shared_task(name="liveness.refresh_attempt")
def refresh_attempt(public_id: str) -> None:
    """Ask the vendor about one attempt now; an id that is not registered is ignored."""
    named = list(VerificationAttempt.objects.filter(public_id=UUID(public_id)).values_list("id", flat=True))
    engine.run(engine.Plan(workers=1, named=named, actor=Actor.system("celery")))
