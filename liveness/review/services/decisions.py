"""Decisions: made on exactly the evidence that was shown, by whoever holds the claim, once.

`decide` is the only way in. It refuses a stale page, asks `liveness.review.policy` what the decision needs, writes the
immutable row, moves the review on and records the event, all in one transaction.
"""

import hashlib
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.contrib.auth.models import AbstractUser
from django.db import transaction
from django.utils.crypto import salted_hmac
from django.utils.translation import gettext as _

from liveness.review import policy, wording
from liveness.review.app_settings import review_settings
from liveness.review.exceptions import RefusedError, StaleError
from liveness.review.models import Claim, ClaimEnding, Decision, Notice, Review, ReviewState, Stage
from liveness.review.policy import Draft, Rules
from liveness.review.reasons import catalogue
from liveness.review.services import actions, claims, dossier, proposals, seen
from liveness.review.services.seen import Seen
from liveness.services import audit
from liveness.services.audit import Actor, canonical
from liveness.services.retry import retried


@dataclass(frozen=True)
class Stand:
    """What the page was made of: the claim it was shown under, the review's version and the evidence's digest."""

    claim: UUID
    version: int
    evidence_digest: str


def decide(review: Review, draft: Draft, stand: Stand, shown: Seen, *, person: AbstractUser, now: datetime) -> Decision:
    """Decide, propose, or second a proposal, whichever the review's state and the rules make of it.

    The same decision sent twice is one. Raises StaleError when the claim, the version or the evidence is no longer
    what the page showed, and RefusedError with what to correct.
    """

    def commit() -> Decision:
        with transaction.atomic():
            locked = claims.lock(review.pk)
            again = Decision.objects.filter(review=locked, claim__public_id=stand.claim, maker_id=person.pk).first()
            if again and again.outcome == draft.outcome:
                return again
            held = _held(locked, stand, person)
            _refuse_stale(locked, stand)
            made = _second if locked.state == ReviewState.PROPOSED else _first
            decision = made(locked, held, draft, shown, person, now)
            claims.end(held, ClaimEnding.DECIDED, now)
            return decision

    return retried(commit)


def undo(decision: Decision, *, person: AbstractUser, now: datetime) -> Claim:
    """Take one's own newest decision back within the undo window; the review is held again as before.

    Raises RefusedError when it is too late or somebody else went on from it.
    """

    def take_back() -> Claim:
        with transaction.atomic():
            locked = claims.lock(decision.review_id)
            refusal = why_not_undo(locked, decision, person, now)
            if refusal:
                raise RefusedError([refusal])
            withdrawn = proposals.withdraw(locked, decision, now=now, maker=person)
            locked.state, locked.proposal = decision.from_state, decision.proposal
            locked.decision = (decision.proposal or decision).supersedes
            locked.queue_at = locked.due_at or now
            _advance(locked)
            Notice.objects.filter(review=locked, created_at=decision.decided_at).delete()
            _tell(actions.DECISION_UNDONE, locked, withdrawn, person)
            return claims.hand_back(locked, person=person, now=now)

    return retried(take_back)


def why_not_undo(review: Review, decision: Decision, person: AbstractUser, now: datetime) -> str:
    """Why this person may not take the decision back, as a sentence; empty if he may."""
    newest = review.decisions.order_by("-sequence").values_list("pk", flat=True).first()
    if decision.maker_id != person.pk or newest != decision.pk:
        return _("Only the newest decision can be undone, and only by whoever made it.")
    if now > decision.decided_at + review_settings.UNDO:
        return _("It is too late to undo this decision. Correct it with a new one.")
    if Claim.objects.active().filter(review=review).exists():
        return _("Somebody already works on this review. Ask them, or correct it afterwards.")
    return ""


def rules() -> Rules:
    """The rules that the settings make."""
    return Rules(
        second_on_override=review_settings.SECOND_ON_OVERRIDE,
        second_on_reasons=review_settings.SECOND_ON_REASONS,
        require_opened=review_settings.REQUIRE_OPENED,
        min_played=review_settings.MIN_PLAYED,
    )


def is_drawn(review: Review) -> bool:
    """Was this review drawn for a blind second look that it has not had yet?"""
    key = salted_hmac("liveness.review", "sample", algorithm="sha256").digest()
    is_sampled = policy.is_sampled(str(review.attempt.public_id), review_settings.SAMPLE, key)
    return is_sampled and not review.decisions.filter(stage=Stage.SECOND, proposal__is_blind=True).exists()


def _held(review: Review, stand: Stand, person: AbstractUser) -> Claim:
    held = Claim.objects.active().filter(review=review, public_id=stand.claim, holder=person.pk).first()
    if held is None:
        raise StaleError("claim", str(wording.STALE["claim"]))
    return held


def _refuse_stale(review: Review, stand: Stand) -> None:
    if review.evidence_digest != stand.evidence_digest or _digest_now(review) != stand.evidence_digest:
        raise StaleError("evidence", str(wording.STALE["evidence"]))
    if review.version != stand.version:
        raise StaleError("version", str(wording.STALE["version"]))


def _digest_now(review: Review) -> str:
    return dossier.digest(dossier.describe(review.attempt))


def _first(review: Review, held: Claim, draft: Draft, shown: Seen, person: AbstractUser, now: datetime) -> Decision:
    opened = _checked(review, draft, shown, person)
    is_sampled = is_drawn(review)
    needs = policy.needs_second(draft, review.outcome, rules(), is_sampled=is_sampled)
    decision = _write(
        review,
        draft,
        _seen(shown, opened),
        claim=held,
        maker_id=person.pk,
        decided_at=now,
        supersedes=review.decision,
        needs_second=needs,
        is_blind=policy.SAMPLE in needs,
    )
    if needs:
        review.state, review.proposal, review.queue_at = ReviewState.PROPOSED, decision, review.due_at or now
    elif draft.outcome == policy.ESCALATE:
        review.state, review.queue_at = ReviewState.ESCALATED, review.due_at or now
    else:
        _settle(review, decision, now)
    _advance(review)
    _tell(actions.DECISION_PROPOSED if needs else actions.DECISION_MADE, review, decision, person)
    return decision


def _second(review: Review, held: Claim, draft: Draft, shown: Seen, person: AbstractUser, now: datetime) -> Decision:
    proposal = review.proposal
    if proposal is None or proposal.maker_id in (None, person.pk):
        raise RefusedError([_("You made this proposal, so somebody else has to approve it.")])
    agrees = draft.outcome == proposal.outcome
    if agrees and not proposal.is_blind:
        # Whoever confirms what he was shown stands on its reasons.
        draft = Draft(
            draft.outcome, tuple(proposal.reasons), draft.internal_note or proposal.internal_note, proposal.subject_text
        )
    opened = _checked(review, draft, shown, person)
    decision = _write(
        review,
        draft,
        _seen(shown, opened),
        claim=held,
        maker_id=person.pk,
        decided_at=now,
        stage=Stage.SECOND,
        proposal=proposal,
    )
    review.proposal = None
    if agrees:
        _settle(review, proposal, now)
    else:
        review.state, review.queue_at = ReviewState.ESCALATED, review.due_at or now
        Notice.objects.create(person_id=proposal.maker_id, review=review, kind=Notice.Kind.DISAGREED, created_at=now)
    _advance(review)
    _tell(actions.DECISION_CONFIRMED if agrees else actions.DECISION_DISPUTED, review, decision, person)
    return decision


def _checked(review: Review, draft: Draft, shown: Seen, person: AbstractUser) -> list[dict[str, Any]]:
    """The files with when this person opened them. Raises RefusedError with everything that is wrong with the draft."""
    opened = seen.files(review.attempt, person)
    situation = seen.situation(review.attempt, shown, opened)
    found = policy.problems(draft, situation, rules(), allowed=catalogue().allowed(draft.outcome))
    if found:
        raise RefusedError([str(wording.PROBLEMS[code]) for code in found])
    return opened


def _seen(shown: Seen, opened: list[dict[str, Any]]) -> dict[str, Any]:
    marks = [{"at": at, "text": text} for at, text in shown.marks[: seen.MOST_MARKS]]
    return {"files": opened, "played": shown.played, "marks": marks}


def _write(review: Review, draft: Draft, seen_then: dict[str, Any], **more: Any) -> Decision:
    return Decision.objects.create(
        review=review,
        sequence=review.decisions.count() + 1,
        outcome=draft.outcome,
        from_state=review.state,
        version=review.version,
        reasons=list(draft.reasons),
        reasons_version=catalogue().version,
        internal_note=draft.internal_note,
        subject_text=draft.subject_text,
        vendor_outcome=review.outcome,
        evidence_digest=review.evidence_digest,
        evidence=dossier.describe(review.attempt),
        seen=seen_then,
        **more,
    )


def _settle(review: Review, decision: Decision, now: datetime) -> None:
    review.state, review.decision, review.queue_at = ReviewState.DECIDED, decision, now
    review.signals = [signal for signal in review.signals if signal != "changed"]
    review.is_flagged = bool(review.signals)


def _advance(review: Review) -> None:
    """Save under the condition that the version is still the one read: the lock's promise, checked by the database."""
    values = {
        name: getattr(review, name) for name in ("state", "decision", "proposal", "queue_at", "signals", "is_flagged")
    }
    moved = Review.objects.filter(pk=review.pk, version=review.version).update(version=review.version + 1, **values)
    if not moved:
        raise StaleError("version", str(wording.STALE["version"]))
    review.version += 1


def _tell(action: str, review: Review, decision: Decision, person: AbstractUser) -> None:
    texts = {"internal_note": decision.internal_note, "subject_text": decision.subject_text, "seen": decision.seen}
    audit.record(
        action,
        actor=Actor.user(person),
        target=review.attempt,
        decision=str(decision.public_id),
        outcome=decision.outcome,
        vendor_outcome=decision.vendor_outcome,
        stage=decision.stage,
        reasons=decision.reasons,
        needs_second=decision.needs_second,
        evidence=decision.evidence_digest,
        content=hashlib.sha256(canonical(texts).encode()).hexdigest(),
    )
