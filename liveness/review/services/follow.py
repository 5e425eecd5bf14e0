"""Reviews follow their attempts: in the transaction that changes an attempt, its review is brought into step."""

from datetime import datetime
from typing import Any

from django.utils import timezone

from liveness.models import MediaState, Outcome, VerificationAttempt
from liveness.review.app_settings import review_settings
from liveness.review.models import Review, ReviewState
from liveness.review.services import actions, dossier, proposals, twins
from liveness.services import audit
from liveness.services.audit import Actor

ACTOR = Actor.system("review")
REPEATED = 3
CHANGED = "changed"


def on_attempt_changed(sender: object, attempt: VerificationAttempt, **kwargs: Any) -> None:
    """The receiver of `liveness.signals.attempt_changed`."""
    follow(attempt, now=timezone.now())


def follow(attempt: VerificationAttempt, *, now: datetime) -> Review:
    """Bring the attempt's review into step. Call it with the attempt locked: that lock guards the review too."""
    review = Review.objects.filter(pk=attempt.pk).first() or Review(attempt=attempt, version=0)
    evidence = dossier.digest(dossier.describe(attempt))
    is_news = evidence != review.evidence_digest
    review.attempt, review.outcome, review.evidence_digest = attempt, attempt.outcome, evidence
    if review.state in (ReviewState.WAITING, ReviewState.LOST):
        _place(review, _state_of(attempt), now)
    elif review.state == ReviewState.PROPOSED and is_news:
        proposals.cancel(review, now=now)
    _note_signals(review, is_news)
    review.version += is_news
    review.save()
    return review


def _state_of(attempt: VerificationAttempt) -> ReviewState:
    if attempt.is_answered:
        is_wanting = attempt.media.filter(state=MediaState.WANTED).exists()
        return ReviewState.WAITING if is_wanting else ReviewState.OPEN
    # A token that the vendor does not know is asked about until its window closes.
    is_final = attempt.outcome != Outcome.PENDING and attempt.next_poll_at is None
    return ReviewState.LOST if is_final else ReviewState.WAITING


def _place(review: Review, state: ReviewState, now: datetime) -> None:
    is_new_there = review.state != state
    review.state = state
    if state == ReviewState.WAITING:
        review.queue_at, review.ready_at, review.due_at = review.attempt.expires_at, None, None
    elif is_new_there:
        review.ready_at = review.queue_at = now
        if state == ReviewState.OPEN:
            review.due_at = review.queue_at = now + review_settings.SLA
            _tell(review, now)


def _tell(review: Review, now: datetime) -> None:
    margin = int((review.attempt.expires_at - now).total_seconds())
    is_complete = not review.attempt.media.filter(state=MediaState.LOST).exists()
    audit.record(actions.REVIEW_QUEUED, actor=ACTOR, target=review.attempt, margin=margin, is_complete=is_complete)


def _note_signals(review: Review, is_news: bool) -> None:
    found = _signals(review)
    if review.state == ReviewState.DECIDED and (is_news or CHANGED in review.signals):
        found.append(CHANGED)
    review.signals, review.is_flagged = found, bool(found)
    if twins.SEEN_BEFORE in found:
        twins.flag_later(review.attempt)


def _signals(review: Review) -> list[str]:
    attempt, media = review.attempt, list(review.attempt.media.all())
    conditions = {
        twins.SEEN_BEFORE: twins.twins(attempt).exists(),
        "diverged": attempt.diverged_at is not None,
        "lost": any(file.state == MediaState.LOST for file in media),
        "damaged": any(file.damaged_at or file.flaw for file in media),
        "repeated": attempt.is_answered and _count_of(attempt) >= REPEATED,
    }
    return [name for name, holds in conditions.items() if holds]


def _count_of(attempt: VerificationAttempt) -> int:
    return VerificationAttempt.objects.filter(subject_reference=attempt.subject_reference)[:REPEATED].count()
