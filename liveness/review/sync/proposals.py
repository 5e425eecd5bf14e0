"""A proposal whose evidence changed is no proposal any more."""

from datetime import datetime

from django.contrib.auth.models import AbstractUser

from liveness import audit
from liveness.audit import Actor
from liveness.review import actions
from liveness.review.models import Claim, Decision, DecisionOutcome, Notice, Review, ReviewState
from liveness.review.sync import queue_placement


def cancel(review: Review, *, now: datetime) -> None:
    """Take the pending proposal back and tell whoever made it and whoever was about to second it.

    The caller holds the attempt's lock and saves the review.
    """
    proposal = review.proposal
    if proposal is None:
        return
    withdrawn = withdraw(review, proposal, now=now)
    review.state, review.proposal = ReviewState(proposal.from_state), None
    review.queue_at = queue_placement.queue_time(review, now)
    audit.record(
        actions.DECISION_CANCELLED,
        actor=Actor.system("review"),
        target=review.attempt,
        decision=str(withdrawn.public_id),
        proposal=str(proposal.public_id),
        evidence=review.evidence_digest,
    )
    _tell(review, proposal, now)


def withdraw(review: Review, decision: Decision, *, now: datetime, maker: AbstractUser | None = None) -> Decision:
    """The row that takes `decision` back, by its maker or, without one, by the system."""
    return Decision.objects.create(
        review=review,
        sequence=review.decisions.count() + 1,
        outcome=DecisionOutcome.WITHDRAWN,
        maker_id=maker.pk if maker else None,
        decided_at=now,
        from_state=review.state,
        version=review.version,
        supersedes=decision,
        reasons_version=decision.reasons_version,
        vendor_outcome=review.outcome,
        evidence_digest=review.evidence_digest,
        evidence={},
        seen={},
    )


def _tell(review: Review, proposal: Decision, now: datetime) -> None:
    holders = set(Claim.objects.active().filter(review=review).values_list("holder_id", flat=True))
    for person_id in filter(None, holders | {proposal.maker_id}):
        Notice.objects.create(person_id=person_id, review=review, kind=Notice.Kind.EVIDENCE_CHANGED, created_at=now)
