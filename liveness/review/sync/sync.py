"""Reviews follow their attempts: in the transaction that changes an attempt, its review is brought into step."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils import timezone

from liveness.database.retry import retried
from liveness.database.time_limits import idle_limit
from liveness.models import MediaState, StoredMedia, VerificationAttempt
from liveness.review.models import Review, ReviewState
from liveness.review.sync import duplicates, evidence_snapshot, proposals, queue_placement

REPEATED = 3


def on_attempt_changed(sender: object, attempt: VerificationAttempt, is_new: bool = False, **kwargs: Any) -> None:
    """The receiver of `liveness.signals.attempt_changed`. New attempts have their reviews already."""
    if not is_new:
        sync_review(attempt, now=timezone.now())


def on_attempts_registered(sender: object, attempts: Sequence[VerificationAttempt], **kwargs: Any) -> None:
    """The receiver of `liveness.signals.attempts_registered`."""
    now = timezone.now()
    Review.objects.bulk_create([_begun(attempt, now) for attempt in attempts])


def _begun(attempt: VerificationAttempt, now: datetime) -> Review:
    """The review of an attempt that has no answer and no file yet. The caller saves it."""
    evidence = evidence_snapshot.digest(evidence_snapshot.snapshot(attempt, [], []))
    review = Review(attempt=attempt, outcome=attempt.outcome, version=1, evidence_digest=evidence)
    queue_placement.place(review, [], now=now)
    queue_placement.set_signals(review, [])
    return review


def sync_review(attempt: VerificationAttempt, *, now: datetime) -> Review:
    """Bring the attempt's review into step. Call it with the attempt locked: that lock guards the review too."""
    return _follow(attempt, now)[0]


def catch_up(attempt_id: int, *, now: datetime) -> bool:
    """Bring the review into step with its attempt, in a transaction of its own; True when it was not."""

    def step() -> bool:
        with transaction.atomic():
            attempts = VerificationAttempt.objects.select_for_update().annotate(**idle_limit())
            return _follow(attempts.get(pk=attempt_id), now)[1]

    return retried(step)


def _follow(attempt: VerificationAttempt, now: datetime) -> tuple[Review, bool]:
    """The review, and whether anything about it is new."""
    there = Review.objects.select_related("decision", "proposal").filter(pk=attempt.pk).first()
    review = there or Review(attempt=attempt, version=0)
    before, state_before, digest_before = _values(review), review.state, review.evidence_digest
    review.attempt, review.outcome = attempt, attempt.outcome
    files = list(attempt.media.order_by("id"))
    review.evidence_digest = evidence_snapshot.digest(evidence_snapshot.snapshot(attempt, files))
    is_news = review.evidence_digest != digest_before
    if review.state == ReviewState.PROPOSED and is_news:
        proposals.cancel(review, now=now)
    if review.state in (ReviewState.WAITING, ReviewState.LOST):
        queue_placement.place(review, files, now=now)
    queue_placement.set_signals(review, _signals(attempt, files))
    review.version += is_news or review.state != state_before
    is_changed = there is None or _values(review) != before
    if is_changed:
        review.save(force_insert=there is None)
    if duplicates.SEEN_BEFORE in review.signals:
        duplicates.flag_later(attempt)
    return review, is_changed


def _values(review: Review) -> list[Any]:
    return [getattr(review, field.attname) for field in Review._meta.concrete_fields]


def _signals(attempt: VerificationAttempt, files: Sequence[StoredMedia]) -> list[str]:
    conditions = {
        duplicates.SEEN_BEFORE: duplicates.duplicates(attempt).exists(),
        "diverged": attempt.diverged_at is not None,
        "lost": any(file.state == MediaState.LOST for file in files),
        "damaged": any(file.is_damaged for file in files),
        "unverified": any(file.is_unverified for file in files),
        "repeated": attempt.is_answered and _number_of(attempt) >= REPEATED,
    }
    return [name for name, holds in conditions.items() if holds]


def _number_of(attempt: VerificationAttempt) -> int:
    """Which attempt of its subject this is, counted no further than it matters."""
    earlier = VerificationAttempt.objects.filter(subject_reference=attempt.subject_reference, pk__lte=attempt.pk)
    return earlier[:REPEATED].count()
