"""What an answer of the vendor does to an attempt. The caller holds its lock, and saves it."""

from datetime import datetime

from liveness import audit
from liveness.attempts import closing
from liveness.audit import Actor
from liveness.client.types import LivenessResult
from liveness.media import files as media_files
from liveness.models import ClosedBy, Outcome, VerificationAttempt
from liveness.polling import completion_statistics, policy


def take_unfinished(
    attempt: VerificationAttempt, now: datetime, actor: Actor, threshold: float, may_close: bool
) -> None:
    """The check is not finished: plan the next poll, or close the attempt after its window if the clock `may_close`."""
    if attempt.is_answered:
        return
    if attempt.outcome != Outcome.PENDING and now < attempt.expires_at:
        # Called expired or unknown too early: by a wrong clock, key or region.
        audit.record(audit.ATTEMPT_REOPENED, actor=actor, target=attempt)
        closing.reopen(attempt)
    if attempt.outcome != Outcome.PENDING:
        return
    attempt.failure_count, attempt.last_error, attempt.unfinished_at = 0, "", now
    if now >= attempt.expires_at and may_close:
        closing.close(attempt, ClosedBy.CLOCK, now, actor, "the person never finished the check")
    elif now >= attempt.expires_at:
        attempt.next_poll_at = policy.next_look(now, attempt.expires_at)
    else:
        attempt.next_poll_at = policy.next_poll(
            completion_statistics.completion_times(),
            attempt.issued_at,
            attempt.unfinished_at,
            attempt.expires_at,
            now,
            threshold,
            reported_at=attempt.reported_at,
        )


def take_final(
    attempt: VerificationAttempt, result: LivenessResult, outcome: Outcome, now: datetime, actor: Actor
) -> None:
    """The first final answer."""
    attempt.outcome, attempt.finished_at, attempt.closed_by = outcome, now, ""
    attempt.result_code, attempt.description = result.result, result.description
    attempt.request_id = result.request_id
    attempt.next_poll_at = now
    audit.record(audit.ATTEMPT_ANSWERED, actor=actor, target=attempt, outcome=outcome.value, result_code=result.result)


def differs(attempt: VerificationAttempt, result: LivenessResult) -> bool:
    """Does a later answer say something else than the final one: another code, or another file of a kind?"""
    if not attempt.is_answered or result.result != attempt.result_code:
        return True
    known = set(attempt.media.exclude(declared_md5="").values_list("kind", "declared_md5"))
    sent = {(kind.value, info.md5) for kind, info in media_files.files(result).items() if info and info.md5}
    return any(kind == other and md5 != known_md5 for kind, md5 in sent - known for other, known_md5 in known)


def note_divergence(
    attempt: VerificationAttempt, result: LivenessResult, is_news: bool, now: datetime, actor: Actor
) -> None:
    """The first final answer stands; a different later one is kept in the ledger and flagged for a person."""
    if is_news:
        attempt.diverged_at = now
        audit.record(audit.ATTEMPT_DIVERGED, actor=actor, target=attempt, result_code=result.result)
