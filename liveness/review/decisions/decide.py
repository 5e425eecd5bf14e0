"""Decisions: made on exactly the evidence that was shown, by whoever holds the claim, once.

`decide` is the only way in. It refuses a stale page, asks `liveness.review.policy` what the decision needs, writes the
immutable row, moves the review on and records the event, all in one transaction.
"""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from django.contrib.auth.models import AbstractUser
from django.db import transaction
from django.utils.crypto import salted_hmac

from liveness.database.retry import retried
from liveness.review import access, locking, policy, wording
from liveness.review.app_settings import review_settings
from liveness.review.claims import claims
from liveness.review.decisions import decision_record, second_approval
from liveness.review.decisions.decision_record import DecisionAct, rules
from liveness.review.decisions.undo import undo, why_not_undo
from liveness.review.decisions.viewing_proof import Seen
from liveness.review.exceptions import RefusedError, StaleError
from liveness.review.models import Claim, ClaimEnding, Decision, Review, ReviewState, Stage
from liveness.review.policy import Draft
from liveness.review.reasons import catalogue
from liveness.review.sync import evidence_snapshot, queue_placement, sync

__all__ = ["PageVersion", "decide", "is_drawn", "rules", "undo", "why_not_undo"]


@dataclass(frozen=True)
class PageVersion:
    """What the page was made of: the claim it was shown under, the review's version and the evidence's digest."""

    claim: UUID
    version: int
    evidence_digest: str


def decide(
    review: Review, draft: Draft, stand: PageVersion, shown: Seen, *, person: AbstractUser, now: datetime
) -> Decision:
    """Decide, propose, or second a proposal, whichever the review's state and the rules make of it.

    The same decision sent twice is one. Raises StaleError when the claim, the version or the evidence is no longer
    what the page showed, and RefusedError with what to correct.
    """
    draft = _cleaned(draft)

    def commit() -> Decision:
        with transaction.atomic():
            locked = locking.lock(review.pk, with_evidence=True)
            again = _again(locked, draft, stand, person)
            if again:
                return again
            held = _held(locked, stand, person)
            evidence = _evidence(locked, stand)
            refusal = access.why_not_claim(person, locked)
            if refusal:
                raise RefusedError([refusal])
            act = DecisionAct(locked, held, draft, shown, evidence, person, now)
            decision = second_approval.decide(act) if locked.state == ReviewState.PROPOSED else _first(act)
            claims.end(held, ClaimEnding.DECIDED, now)
            return decision

    try:
        return retried(commit)
    except StaleError as stale:
        if stale.what == "evidence":
            # A run that was killed before it told anybody must not leave the page stale for ever.
            sync.catch_up(review.pk, now=now)
        raise


def is_drawn(review: Review) -> bool:
    """Was this review drawn for a blind second look that it has not had yet?"""
    key = salted_hmac("liveness.review", "sample", algorithm="sha256").digest()
    if not policy.is_sampled(str(review.attempt.public_id), review_settings.SAMPLE, key):
        return False
    return not review.decisions.filter(stage=Stage.SECOND, proposal__is_blind=True).exists()


def _cleaned(draft: Draft) -> Draft:
    """Each reason once, texts without blank ends and without NUL, which PostgreSQL cannot store."""
    texts = {name: getattr(draft, name).replace("\0", "").strip() for name in ("internal_note", "subject_text")}
    return replace(draft, reasons=tuple(dict.fromkeys(draft.reasons)), **texts)


def _again(review: Review, draft: Draft, stand: PageVersion, person: AbstractUser) -> Decision | None:
    """The decision that was made under this claim, if this is it once more."""
    made = Decision.objects.filter(review=review, claim__public_id=stand.claim, maker_id=person.pk)
    decision = made.select_related("proposal").first()
    if decision is None:
        return None
    kept = (decision.outcome, tuple(decision.reasons), decision.internal_note, decision.subject_text)
    sent = second_approval.adopted(draft, decision.proposal)
    is_same = kept == (sent.outcome, sent.reasons, sent.internal_note, sent.subject_text)
    if not is_same or decision.superseded_by.exists():
        raise StaleError("version", str(wording.STALE["version"]))
    return decision


def _held(review: Review, stand: PageVersion, person: AbstractUser) -> Claim:
    held = Claim.objects.active().filter(review=review, public_id=stand.claim, holder=person.pk).first()
    if held is None:
        raise StaleError("claim", str(wording.STALE["claim"]))
    return held


def _evidence(review: Review, stand: PageVersion) -> dict[str, Any]:
    """What the decision stands on. Raises StaleError unless it is exactly what the page showed."""
    evidence = evidence_snapshot.snapshot(review.attempt)
    if not review.evidence_digest == stand.evidence_digest == evidence_snapshot.digest(evidence):
        raise StaleError("evidence", str(wording.STALE["evidence"]))
    if review.version != stand.version:
        raise StaleError("version", str(wording.STALE["version"]))
    return evidence


def _first(act: DecisionAct) -> Decision:
    review, draft, reasons = act.review, act.draft, catalogue()
    opened = decision_record.check(act, draft, allowed=reasons.allowed(draft.outcome, review.outcome))
    needs = policy.needs_second(
        draft,
        review.outcome,
        rules(),
        is_sampled=is_drawn(review),
        corrects_two=bool(review.decision and review.decision.needs_second),
    )
    decision = decision_record.write(
        act,
        draft,
        opened,
        reasons_version=reasons.version,
        supersedes=review.decision,
        needs_second=needs,
        is_blind=policy.SAMPLE in needs,
    )
    _move_on(review, decision, act.now)
    decision_record.advance(review)
    decision_record.record_event(decision_record.action_of(decision), decision, act.person)
    return decision


def _move_on(review: Review, decision: Decision, now: datetime) -> None:
    if decision.needs_second:
        review.state, review.proposal = ReviewState.PROPOSED, decision
    elif decision.outcome == policy.ESCALATE:
        review.state = ReviewState.ESCALATED
    else:
        decision_record.settle(review, decision, now)
        return
    review.queue_at = queue_placement.queue_time(review, now)
    queue_placement.set_signals(review, review.signals)
