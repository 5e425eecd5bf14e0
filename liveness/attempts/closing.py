"""The end of an attempt: its token ran out, and what is still missing is given up."""

from datetime import datetime
from functools import partial

from django.db import transaction

from liveness import audit, counters
from liveness.audit import Actor
from liveness.loss_causes import LossCause
from liveness.media import rows as media_rows
from liveness.models import ClosedBy, Outcome, VerificationAttempt
from liveness.polling import losses


def give_up(attempt: VerificationAttempt, closed_by: ClosedBy, now: datetime, actor: Actor, reason: str) -> None:
    """Close the attempt if it is open, and lose the files that are still wanted. The caller saves the attempt."""
    if attempt.outcome == Outcome.PENDING:
        close(attempt, closed_by, now, actor, reason)
    attempt.next_poll_at, attempt.closed_by = None, closed_by
    media_rows.lose_files(attempt, reason, now=now, actor=actor)


def close(attempt: VerificationAttempt, closed_by: ClosedBy, now: datetime, actor: Actor, reason: str) -> None:
    """The attempt expires. The caller saves it."""
    attempt.outcome, attempt.finished_at, attempt.next_poll_at = Outcome.EXPIRED, now, None
    attempt.closed_by = closed_by
    if losses.is_missed(attempt):
        transaction.on_commit(partial(counters.count, counters.LOST, label=LossCause.UNREAD))
    attempt.last_error = reason[:200]
    audit.record(audit.ATTEMPT_EXPIRED, actor=actor, target=attempt, reason=reason)


def reopen(attempt: VerificationAttempt) -> None:
    """The attempt is pending again. The caller plans its next poll, and saves it."""
    attempt.outcome, attempt.finished_at, attempt.last_error = Outcome.PENDING, None, ""
    attempt.closed_by = ""
