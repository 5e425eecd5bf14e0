"""Attempts that a wrong clock closed too early are opened again, as long as their tokens can be read."""

from datetime import datetime

from django.db import transaction

from liveness.models import AttemptQuerySet, ClosedBy, MediaState, Outcome, VerificationAttempt
from liveness.services import audit, closing
from liveness.services.audit import Actor
from liveness.services.retry import retried
from liveness.signals import attempt_changed

# Attempts that are opened again in one pass.
BATCH = 500


def closed_too_early(now: datetime) -> AttemptQuerySet:
    """Attempts that the clock closed although their window is open at `now`."""
    return VerificationAttempt.objects.filter(closed_by=ClosedBy.CLOCK, expires_at__gt=now)


def reopen(*, now: datetime, actor: Actor) -> int:
    """Open them again, due at once, with the files that were given up; return how many.

    `now` must be a time that the vendor's clock confirms.
    """
    ids = list(closed_too_early(now).order_by("expires_at").values_list("id", flat=True)[:BATCH])
    return sum(retried(lambda id_=id_: _reopen(id_, now, actor)) for id_ in ids)  # type: ignore[misc]


@transaction.atomic
def _reopen(attempt_id: int, now: datetime, actor: Actor) -> bool:
    attempt = closed_too_early(now).select_for_update().filter(id=attempt_id).first()
    if attempt is None:
        return False
    attempt.media.filter(state=MediaState.LOST).update(state=MediaState.WANTED, reason="", closed_at=None)
    if attempt.outcome == Outcome.EXPIRED:
        closing.reopen(attempt)
    attempt.closed_by, attempt.next_poll_at = "", now
    attempt.save()
    audit.record(audit.ATTEMPT_REOPENED, actor=actor, target=attempt)
    attempt_changed.send(VerificationAttempt, attempt=attempt)
    return True
