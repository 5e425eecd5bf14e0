"""The steps that every decision is made of: check the draft, write the row, move the review on, record the event.

All of it runs inside the caller's transaction, under the locks of the attempt and of its evidence.
"""

import hashlib
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.contrib.auth.models import AbstractUser

from liveness import audit
from liveness.audit import Actor, canonical
from liveness.review import actions, policy, wording
from liveness.review.app_settings import review_settings
from liveness.review.decisions import viewing_proof
from liveness.review.decisions.viewing_proof import Seen
from liveness.review.exceptions import RefusedError, StaleError
from liveness.review.models import Claim, Decision, Review, ReviewState
from liveness.review.policy import Draft, Rules
from liveness.review.sync import queue_placement


@dataclass(frozen=True)
class DecisionAct:
    """One person's decision while it is made. `evidence` is what the page showed, as it stands under the lock."""

    review: Review
    claim: Claim
    draft: Draft
    shown: Seen
    evidence: dict[str, Any]
    person: AbstractUser
    now: datetime


def rules() -> Rules:
    """The rules that the settings make."""
    return Rules(
        second_on_override=review_settings.SECOND_ON_OVERRIDE,
        second_on_reasons=review_settings.SECOND_ON_REASONS,
        require_opened=review_settings.REQUIRE_OPENED,
        min_played=review_settings.MIN_PLAYED,
    )


def check(act: DecisionAct, draft: Draft, *, allowed: Collection[str]) -> list[dict[str, Any]]:
    """The files with when this person opened them. Raises RefusedError with everything that is wrong with the draft."""
    attempt = act.review.attempt
    opened = viewing_proof.files(attempt, act.person)
    found = policy.problems(draft, viewing_proof.situation(attempt, act.shown, opened), rules(), allowed=allowed)
    if found:
        raise RefusedError([str(wording.PROBLEMS[code]) for code in found])
    return opened


def write(
    act: DecisionAct, draft: Draft, opened: list[dict[str, Any]], *, reasons_version: int, **more: Any
) -> Decision:
    """The row that is never changed again."""
    review = act.review
    return Decision.objects.create(
        review=review,
        sequence=review.decisions.count() + 1,
        outcome=draft.outcome,
        maker_id=act.person.pk,
        decided_at=act.now,
        from_state=review.state,
        claim=act.claim,
        version=review.version,
        reasons=list(draft.reasons),
        reasons_version=reasons_version,
        internal_note=draft.internal_note,
        subject_text=draft.subject_text,
        vendor_outcome=review.outcome,
        evidence_digest=review.evidence_digest,
        evidence=act.evidence,
        seen=viewing_proof.describe(act.shown, opened),
        **more,
    )


def settle(review: Review, decision: Decision, now: datetime) -> None:
    """Let `decision` be in force."""
    review.state, review.decision, review.queue_at = ReviewState.DECIDED, decision, now
    queue_placement.set_signals(review, review.signals)


def advance(review: Review) -> None:
    """Save under the condition that the version is still the one read: the lock's promise, checked by the database."""
    names = ("state", "decision", "proposal", "queue_at", "ready_at", "due_at", "signals", "is_flagged")
    values = {name: getattr(review, name) for name in names}
    moved = Review.objects.filter(pk=review.pk, version=review.version).update(version=review.version + 1, **values)
    if not moved:
        raise StaleError("version", str(wording.STALE["version"]))
    review.version += 1


def action_of(decision: Decision) -> str:
    """The audit action of a decision that somebody made."""
    if decision.proposal:
        is_agreed = decision.outcome == decision.proposal.outcome
        return actions.DECISION_CONFIRMED if is_agreed else actions.DECISION_DISPUTED
    return actions.DECISION_PROPOSED if decision.needs_second else actions.DECISION_MADE


def verdict(decision: Decision) -> dict[str, Any]:
    """What the audit event says of a decision in clear: codes alone, because texts may name people."""
    replaced = (decision.proposal or decision).supersedes
    return {
        "outcome": decision.outcome,
        "vendor_outcome": decision.vendor_outcome,
        "is_blind": (decision.proposal or decision).is_blind,
        "replaces": {"outcome": replaced.outcome, "vendor_outcome": replaced.vendor_outcome} if replaced else None,
    }


def record_event(action: str, decision: Decision, person: AbstractUser, **more: Any) -> None:
    """Record the event of a row, with a digest of its texts, so that the chain vouches for them too."""
    texts = {"internal_note": decision.internal_note, "subject_text": decision.subject_text, "seen": decision.seen}
    audit.record(
        action,
        actor=Actor.user(person),
        target=decision.review.attempt,
        decision=str(decision.public_id),
        stage=decision.stage,
        reasons=decision.reasons,
        needs_second=decision.needs_second,
        evidence=decision.evidence_digest,
        content=hashlib.sha256(canonical(texts).encode()).hexdigest(),
        **verdict(decision),
        **more,
    )
