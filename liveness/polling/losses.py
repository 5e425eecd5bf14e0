"""What counts as lost, and what is about to be. The figures, the meters and the alerts all ask here.

An unfinished check is no loss: nothing was ever there. A loss is a result that nobody read in time, or a file that was
given up.
"""

from collections.abc import Collection
from datetime import datetime, timedelta

from django.db.models import F, Q

from liveness.models import AttemptQuerySet, Outcome, VerificationAttempt
from liveness.models.attempt import ANSWERED
from liveness.polling.completion_times import LATEST_COMPLETION_SECONDS
from liveness.polling.policy import CLOSING_GRACE

# A check must be started within ten minutes of issue (ApplyLivenessToken), so it is over by then.
RUN_WINDOW = timedelta(seconds=LATEST_COMPLETION_SECONDS)
# A check that was unfinished so shortly before its token ran out was abandoned, not missed.
RECENTLY_POLLED = timedelta(minutes=15)
# Nobody asked after the person could have finished.
NOT_READ = Q(unfinished_at__isnull=True) | Q(unfinished_at__lt=F("issued_at") + RUN_WINDOW)
AT_RISK = Q(outcome__in=ANSWERED) | (Q(outcome=Outcome.PENDING) & NOT_READ)


def is_missed(attempt: VerificationAttempt) -> bool:
    """Did nobody look at this expired attempt in time, so that a result may be lost with it?"""
    was_done = attempt.reported_at is not None
    if not was_done and attempt.unfinished_at and attempt.unfinished_at >= attempt.issued_at + RUN_WINDOW:
        return False
    looked_at = attempt.last_polled_at
    return bool(attempt.failure_count) or looked_at is None or looked_at < attempt.expires_at - RECENTLY_POLLED


def missed(public_ids: Collection[str]) -> set[str]:
    """Those of these expired attempts that were missed."""
    expired = VerificationAttempt.objects.filter(public_id__in=public_ids)
    return {str(attempt.public_id) for attempt in expired if is_missed(attempt)}


def ending(now: datetime, within: timedelta) -> AttemptQuerySet:
    """Open attempts whose token runs out soon, or a moment ago. AT_RISK tells which of them hold something that is not
    safe yet.

    An attempt whose token the vendor does not know is not at risk: there is nothing to be had.
    """
    return (
        VerificationAttempt.objects.open()
        .filter(expires_at__lte=now + within, expires_at__gt=now - CLOSING_GRACE)
        .order_by("expires_at", "id")
    )
