"""Taking a decision back: a row that supersedes it, written within the undo window by whoever made it."""

from datetime import datetime

from django.contrib.auth.models import AbstractUser
from django.db import transaction
from django.utils.translation import gettext as _

from liveness.database.retry import retried
from liveness.review import actions, locking
from liveness.review.app_settings import review_settings
from liveness.review.claims import claims
from liveness.review.decisions import decision_record
from liveness.review.exceptions import RefusedError
from liveness.review.models import Claim, Decision, DecisionOutcome, Notice, Review, ReviewState
from liveness.review.sync import proposals, queue_placement


def undo(decision: Decision, *, person: AbstractUser, now: datetime) -> Claim:
    """Take one's own newest decision back within the undo window; the review is held again as before.

    Raises RefusedError when it is too late or somebody else went on from it.
    """

    def take_back() -> Claim:
        with transaction.atomic():
            review = locking.lock(decision.review_id)
            refusal = why_not_undo(review, decision, person, now)
            if refusal:
                raise RefusedError([refusal])
            withdrawn = proposals.withdraw(review, decision, now=now, maker=person)
            undone = {"decision": str(decision.public_id), "action": decision_record.action_of(decision)}
            decision_record.record_event(
                actions.DECISION_UNDONE, withdrawn, person, undoes=undone | decision_record.verdict(decision)
            )
            _put_back(review, decision, now)
            decision_record.advance(review)
            disagreed = Notice.objects.filter(review=review, kind=Notice.Kind.DISAGREED)
            disagreed.filter(created_at=decision.decided_at).delete()
            return claims.hand_back(review, person=person, now=now)

    return retried(take_back)


def why_not_undo(review: Review, decision: Decision, person: AbstractUser, now: datetime) -> str:
    """Why this person may not take the decision back, as a sentence; empty if he may."""
    newest = review.decisions.order_by("-sequence").values_list("pk", flat=True).first()
    is_own = decision.maker_id == person.pk and decision.outcome != DecisionOutcome.WITHDRAWN
    if not is_own or newest != decision.pk:
        return _("Only the newest decision can be undone, and only by whoever made it.")
    if decision.proposal and decision.proposal.is_blind:
        return _("A blind second decision stands: after it both are shown.")
    if now > decision.decided_at + review_settings.UNDO:
        return _("It is too late to undo this decision. Correct it with a new one.")
    if Claim.objects.active().filter(review=review).exclude(holder=person.pk).exists():
        return _("Somebody already works on this review. Ask them, or correct it afterwards.")
    return ""


def _put_back(review: Review, decision: Decision, now: datetime) -> None:
    """The review as it was before the decision, but in step with what its attempt has become since."""
    review.state, review.proposal = ReviewState(decision.from_state), decision.proposal
    review.decision = (decision.proposal or decision).supersedes
    review.queue_at = queue_placement.queue_time(review, now)
    if review.proposal and review.proposal.evidence_digest != review.evidence_digest:
        proposals.cancel(review, now=now)
    if review.state == ReviewState.LOST:
        queue_placement.place(review, list(review.attempt.media.all()), now=now)
    queue_placement.set_signals(review, review.signals)
