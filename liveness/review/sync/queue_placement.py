"""Where a review stands: its state as its attempt has it, its place in the queue, and its signals."""

from collections.abc import Iterable, Sequence
from datetime import datetime

from django.db.models import Q

from liveness import audit
from liveness.audit import Actor
from liveness.models import MediaState, Outcome, StoredMedia, VerificationAttempt
from liveness.review import actions
from liveness.review.app_settings import review_settings
from liveness.review.models import Decision, Review, ReviewState

CHANGED = "changed"


def place(review: Review, files: Sequence[StoredMedia], *, now: datetime) -> None:
    """Put a review that nobody has decided on where its attempt and its `files` belong. The caller saves it."""
    attempt, before = review.attempt, review.state
    review.state = _state(attempt, files)
    if review.state == ReviewState.WAITING:
        review.queue_at, review.ready_at, review.due_at = attempt.expires_at, None, None
    elif review.state != before:
        is_open = review.state == ReviewState.OPEN
        review.ready_at, review.due_at = now, now + review_settings.SLA if is_open else None
        review.queue_at = review.due_at or now
        if is_open:
            _tell_ready(review, files)


def queue_time(review: Review, now: datetime) -> datetime:
    """The place of a review in its tab: when it is late while somebody must act, when it was settled afterwards."""
    if review.state == ReviewState.LOST:
        return review.ready_at or now
    if review.state == ReviewState.DECIDED and review.decision:
        return _settled_at(review.decision)
    return review.due_at or now


def set_signals(review: Review, signals: Iterable[str]) -> None:
    """Set what the list shows beside the review; "changed" is worked out here. The caller saves it."""
    kept = [signal for signal in signals if signal != CHANGED]
    decision = review.decision if review.state == ReviewState.DECIDED else None
    if decision and decision.evidence_digest != review.evidence_digest:
        kept.append(CHANGED)
    review.signals, review.is_flagged = kept, bool(kept)


def _state(attempt: VerificationAttempt, files: Sequence[StoredMedia]) -> ReviewState:
    if attempt.is_answered:
        is_wanting = any(file.state == MediaState.WANTED for file in files)
        return ReviewState.WAITING if is_wanting else ReviewState.OPEN
    # A token that the vendor does not know is asked about until its window closes.
    is_final = attempt.outcome != Outcome.PENDING and attempt.next_poll_at is None
    return ReviewState.LOST if is_final else ReviewState.WAITING


def _settled_at(decision: Decision) -> datetime:
    """When a decision came into force: with the second person's, if it needed one."""
    rows = Decision.objects.filter(Q(pk=decision.pk) | Q(proposal=decision)).order_by("-sequence")
    return rows.values_list("decided_at", flat=True)[0]


def _tell_ready(review: Review, files: Sequence[StoredMedia]) -> None:
    """`margin`: the seconds that were left of the readable window when the last file was there or given up."""
    ends = [review.attempt.finished_at, *(time for file in files for time in (file.stored_at, file.closed_at))]
    captured_at = max(end for end in ends if end)
    audit.record(
        actions.REVIEW_QUEUED,
        actor=Actor.system("review"),
        target=review.attempt,
        margin=int((review.attempt.expires_at - captured_at).total_seconds()),
        is_complete=all(file.state not in (MediaState.LOST, MediaState.UNVERIFIED) for file in files),
    )
