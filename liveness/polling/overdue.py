"""Which attempts are overdue. `/metrics`, `/readyz` and the alert all ask here, so that they agree."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Count, Min, Q

from liveness.models import AttemptQuerySet, Outcome, VerificationAttempt
from liveness.models.attempt import ANSWERED
from liveness.polling.candidates import IS_REPORTED

# Seconds for which an attempt may be due. At 95 % of the account's calls a result is read a quarter of an hour after
# the check, and that is no alert yet; at this age an hour and a half is left for nearly every token.
OVERDUE_AFTER_SECONDS = 1200.0
# An unfinished check whose chance is small stays due while others are worth more, and so does a token that the vendor
# does not know; nothing is wrong then. What a run holds has waited all the same, and so has a token that ran out before
# a run closed it: where nothing refreshes, only that shows it.
WAITED_FOR = ~Q(outcome=Outcome.INVALID) & (Q(unfinished_at__isnull=True) | IS_REPORTED | Q(outcome__in=ANSWERED))


@dataclass(frozen=True)
class Overdue:
    """How many attempts are overdue, counted up to a cap, and when the first of their tokens ends."""

    count: int
    first_end: datetime | None


def waiting(now: datetime) -> AttemptQuerySet:
    """Attempts that wait for a first look, a reported result or their files, the longest first."""
    return VerificationAttempt.objects.due(now).filter(WAITED_FOR)


def oldest_due(now: datetime) -> float:
    """Seconds for which the first of them has waited; 0 where none does. Raises DatabaseError."""
    since = waiting(now).values_list("next_poll_at", flat=True).first()
    return (now - since).total_seconds() if since else 0.0


def overdue(now: datetime) -> AttemptQuerySet:
    """Those that have waited for longer than OLDEST_DUE."""
    return waiting(now).filter(next_poll_at__lt=now - timedelta(seconds=OVERDUE_AFTER_SECONDS))


def count(now: datetime, cap: int) -> Overdue:
    """Count what is overdue, at most `cap` of them. Raises DatabaseError."""
    found = overdue(now)[:cap].aggregate(all=Count("id"), first=Min("expires_at"))
    return Overdue(found["all"], found["first"])
