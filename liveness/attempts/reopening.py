"""What a wrong clock did is undone: attempts that it closed too early, damage that it called late, and its schedule."""

from contextlib import suppress
from datetime import datetime

from django.db import transaction

from liveness import audit
from liveness.attempts import closing
from liveness.audit import Actor
from liveness.database.retry import retried
from liveness.database.time_limits import idle_limit
from liveness.exceptions import MediaError
from liveness.media import integrity
from liveness.models import HELD, MediaState, Outcome, StoredMedia, VerificationAttempt
from liveness.models.attempt import ANSWERED
from liveness.signals import attempt_changed

# Attempts that are opened again in one pass.
BATCH = 500


def reopen(*, now: datetime, actor: Actor) -> int:
    """Open them again, due at once, with the files that were given up; return how many.

    `now` must be a time that the vendor's clock confirms.
    """
    ids = list(
        VerificationAttempt.objects.closed_too_early(now).order_by("expires_at").values_list("id", flat=True)[:BATCH]
    )
    return sum(retried(lambda id_=id_: _reopen(id_, now, actor)) for id_ in ids)  # type: ignore[misc]


def want_again(*, now: datetime, actor: Actor) -> int:
    """Have damaged files fetched again that count as late although their tokens can be read; return how many."""
    damaged = StoredMedia.objects.filter(state__in=HELD, damaged_at__isnull=False)
    early = damaged.filter(attempt__outcome__in=ANSWERED, attempt__expires_at__gt=now)
    count = 0
    for file in early.select_related("attempt").order_by("-damaged_at")[:BATCH]:
        with suppress(MediaError):
            integrity.check(file, now=now, actor=actor, is_asked=False)
            count += file.state == MediaState.WANTED
    return count


def plan_anew(*, now: datetime) -> int:
    """Make them due; return how many. `now` must be a time that the vendor's clock confirms."""
    planned = VerificationAttempt.objects.planned_ahead(now)
    # Mostly there is none, and then nothing has to be locked.
    return retried(lambda: planned.update(next_poll_at=now)) if planned.exists() else 0


@transaction.atomic
def _reopen(attempt_id: int, now: datetime, actor: Actor) -> bool:
    closed = VerificationAttempt.objects.closed_too_early(now).select_for_update().annotate(**idle_limit())
    attempt = closed.filter(id=attempt_id).first()
    if attempt is None:
        return False
    attempt.media.filter(state=MediaState.LOST).update(
        state=MediaState.WANTED, reason="", loss_cause="", closed_at=None
    )
    if attempt.outcome == Outcome.EXPIRED:
        closing.reopen(attempt)
    attempt.closed_by, attempt.next_poll_at = "", now
    attempt.save()
    audit.record(audit.ATTEMPT_REOPENED, actor=actor, target=attempt)
    attempt_changed.send(VerificationAttempt, attempt=attempt)
    return True
