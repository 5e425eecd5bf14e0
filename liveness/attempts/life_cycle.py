"""Attempts: register a token, record what the vendor says of it, close it when nothing more will come."""

from datetime import datetime

from django.db import transaction

from liveness import audit
from liveness.attempts import answers, closing, ledger, new_attempts, validation
from liveness.attempts.validation import Registration
from liveness.audit import Actor
from liveness.client.results import explain
from liveness.client.types import LivenessResult
from liveness.database.retry import retried
from liveness.database.time_limits import idle_limit
from liveness.exceptions import LeaseLostError, RegistrationError
from liveness.media import rows as media_rows
from liveness.models import ClosedBy, MediaState, Outcome, VerificationAttempt
from liveness.polling import policy
from liveness.scheduling import wake_ups
from liveness.signals import attempt_changed

REFUSED = "the vendor does not know this token; check its region and the account's key"


def register(
    sdk_token: str,
    *,
    subject_reference: str,
    now: datetime,
    actor: Actor,
    issued_at: datetime | None = None,
    region: str = "",
    is_finished: bool = False,
) -> tuple[VerificationAttempt, bool]:
    """Register a token once; a second time returns the attempt that is there, and False.

    Without `issued_at` the token counts as issued now. `is_finished`: the app says that the check is done. A second
    time may correct the region of a token that the vendor has not answered for. Raises RegistrationError with what to
    correct, and an OperationalError only when the database stays away.
    """
    wanted = validation.check(
        sdk_token,
        subject_reference=subject_reference,
        issued_at=issued_at,
        region=region,
        is_finished=is_finished,
        now=now,
    )
    result = new_attempts.admit([wanted], now=now, actor=actor)[0]
    if isinstance(result, RegistrationError):
        raise result
    attempt, created = result
    return attempt if created else register_again(attempt, wanted, now=now, actor=actor), created


def register_again(
    attempt: VerificationAttempt, wanted: Registration, *, now: datetime, actor: Actor
) -> VerificationAttempt:
    """Take over what a further registration of a token may add: another region, and the report that it is finished."""
    if not validation.is_same_subject(attempt.subject_reference, wanted.subject_reference):
        raise RegistrationError("this token is registered for another subject; correct the subject reference")
    with new_attempts.refusals():
        if wanted.is_region_given and wanted.region != attempt.region:
            attempt = retried(lambda: _correct_region(attempt.id, wanted.region, now, actor))
        if wanted.is_finished:
            attempt = retried(lambda: report_finished(attempt.id, now=now, actor=actor))
    return attempt


def record(
    attempt_id: int,
    result: LivenessResult,
    *,
    now: datetime,
    actor: Actor,
    threshold: float = policy.LOWEST_THRESHOLD_SECONDS,
    run: str = "",
    may_close: bool = False,
) -> VerificationAttempt:
    """Record an answer: the ledger entry, the outcome if it is the first final one, and the media it names.

    An unfinished check is polled again when a poll is worth the `threshold` (see `liveness.polling.policy`). After its
    window it is closed if the clock `may_close` it. Raises LeaseLostError if `run` no longer holds the attempt.
    """
    with transaction.atomic():
        attempt = _locked(attempt_id, run)
        attempt.poll_count += 1
        attempt.last_polled_at = now
        before = attempt.outcome
        outcome = Outcome(explain(result.result).outcome.value)
        is_news = ledger.append(attempt, result, now=now) and answers.differs(attempt, result)
        if outcome == Outcome.PENDING:
            answers.take_unfinished(attempt, now, actor, threshold, may_close)
        elif attempt.is_answered:
            answers.note_divergence(attempt, result, is_news, now, actor)
        elif outcome == Outcome.EXPIRED:
            closing.close(attempt, ClosedBy.VENDOR, now, actor, "the vendor says that the token ran out")
        else:
            answers.take_final(attempt, result, outcome, now, actor)
        if outcome not in (Outcome.PENDING, Outcome.EXPIRED):
            media_rows.want_files(attempt, result, now=now, actor=actor)
            if not _lacks_files(attempt):
                attempt.next_poll_at, attempt.failure_count, attempt.last_error = None, 0, ""
        attempt.save()
        # An unfinished check that is still unfinished is no news, and most polls are just that.
        if {before, attempt.outcome} != {Outcome.PENDING}:
            _announce(attempt)
    return attempt


def report_finished(attempt_id: int, *, now: datetime, actor: Actor) -> VerificationAttempt:
    """The app says that the check is done: the vendor is asked next. It is a hint only, and never a result.

    Before a report was followed by a poll, and once there is an answer, another report changes nothing.
    """
    with transaction.atomic():
        attempt = _locked(attempt_id)
        reported_at, seen_at = attempt.reported_at, attempt.unfinished_at
        is_news = reported_at is None or (seen_at is not None and seen_at > reported_at)
        if attempt.outcome == Outcome.PENDING and is_news:
            attempt.reported_at = now
            attempt.next_poll_at = max(now, seen_at + policy.MIN_POLL_GAP) if seen_at else now
            attempt.save(update_fields=["reported_at", "next_poll_at"])
            audit.record(audit.ATTEMPT_REPORTED, actor=actor, target=attempt)
            _announce(attempt)
            wake_ups.wake()
    return attempt


def postpone(
    attempt_id: int,
    reason: str,
    *,
    now: datetime,
    actor: Actor,
    is_passing: bool = True,
    run: str = "",
    may_close: bool = False,
) -> VerificationAttempt:
    """Note a failed call or download and plan the next.

    After the window what is still open is closed, if the clock `may_close` it. `is_passing` is False for a failure that
    the same call is likely to meet again: the next is then far off. Raises LeaseLostError if `run` no longer holds the
    attempt.
    """
    with transaction.atomic():
        attempt = _locked(attempt_id, run)
        attempt.failure_count += 1
        attempt.last_polled_at, attempt.last_error = now, reason[:200]
        if attempt.next_poll_at is None:
            pass
        elif may_close and not policy.is_readable(attempt.expires_at, now):
            closing.give_up(attempt, ClosedBy.CLOCK, now, actor, f"its readable window closed; last problem: {reason}")
        elif is_passing:
            attempt.next_poll_at = policy.next_try(now, attempt.expires_at, attempt.failure_count)
        else:
            attempt.next_poll_at = policy.next_check(now, attempt.expires_at)
        attempt.save()
        if attempt.next_poll_at is None:
            _announce(attempt)
    return attempt


def expire(
    attempt_id: int, reason: str, *, now: datetime, actor: Actor, closed_by: ClosedBy = ClosedBy.VENDOR, run: str = ""
) -> VerificationAttempt:
    """The token can no longer be read: an open attempt expires, and media that were still wanted are lost.

    Raises LeaseLostError if `run` no longer holds the attempt.
    """
    with transaction.atomic():
        attempt = _locked(attempt_id, run)
        closing.give_up(attempt, closed_by, now, actor, reason)
        attempt.save()
        _announce(attempt)
    return attempt


def refuse(
    attempt_id: int, *, now: datetime, actor: Actor, run: str = "", may_close: bool = False
) -> VerificationAttempt:
    """The vendor does not know the token: wrong token, account or region.

    A key or region that is put right makes it known, so it is asked about now and then until its window closes, and
    the clock `may_close` it. Raises LeaseLostError if `run` no longer holds the attempt.
    """
    with transaction.atomic():
        attempt = _locked(attempt_id, run)
        attempt.last_polled_at, attempt.last_error = now, REFUSED
        if attempt.outcome == Outcome.PENDING:
            attempt.outcome, attempt.finished_at = Outcome.INVALID, now
            audit.record(audit.ATTEMPT_REFUSED, actor=actor, target=attempt)
        if attempt.next_poll_at and (now < attempt.expires_at or not may_close):
            attempt.next_poll_at = policy.next_look(now, attempt.expires_at)
        else:
            closing.give_up(attempt, ClosedBy.CLOCK, now, actor, REFUSED)
        attempt.save()
        _announce(attempt)
    return attempt


def settle(attempt_id: int, *, now: datetime, run: str = "") -> VerificationAttempt:
    """After a download round: an answered attempt leaves the schedule once none of its media is wanted.

    Raises LeaseLostError if `run` no longer holds the attempt.
    """
    with transaction.atomic():
        attempt = _locked(attempt_id, run)
        if attempt.outcome != Outcome.PENDING:
            attempt.next_poll_at = policy.next_look(now, attempt.expires_at) if _lacks_files(attempt) else None
            # Not with each answer that names files: a download that keeps failing must be tried less and less often.
            attempt.failure_count, attempt.last_error = 0, ""
            attempt.save(update_fields=["next_poll_at", "failure_count", "last_error"])
            _announce(attempt)
    return attempt


def _locked(attempt_id: int, run: str = "") -> VerificationAttempt:
    """The attempt with its media rows, locked before the audit chain's head: one order for all prevents deadlocks.

    A `run` of the refresh gets only what it still holds; an empty one stands for a person or a command.
    """
    rows = VerificationAttempt.objects.select_for_update().annotate(**idle_limit()).filter(id=attempt_id)
    attempt = (rows.held_by(run) if run else rows).first()
    if attempt is None:
        raise LeaseLostError("another run may work on this attempt now")
    list(attempt.media.select_for_update().order_by("id").values_list("id"))
    return attempt


def _correct_region(attempt_id: int, region: str, now: datetime, actor: Actor) -> VerificationAttempt:
    with transaction.atomic():
        attempt = _locked(attempt_id)
        if attempt.is_answered:
            raise RegistrationError(f"this token was answered in {attempt.region}; its region cannot change any more")
        audit.record(audit.ATTEMPT_CORRECTED, actor=actor, target=attempt, region=region)
        attempt.region = region
        if policy.is_readable(attempt.expires_at, now):
            closing.reopen(attempt)
            attempt.next_poll_at = now
        attempt.save()
        _announce(attempt)
    return attempt


def _announce(attempt: VerificationAttempt) -> None:
    attempt_changed.send(VerificationAttempt, attempt=attempt)


def _lacks_files(attempt: VerificationAttempt) -> bool:
    return attempt.media.filter(state=MediaState.WANTED).exists()
