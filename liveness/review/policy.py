"""What a decision needs, as pure functions: no clock, no database, no settings of their own."""

import hashlib
import hmac
from collections.abc import Collection
from dataclasses import dataclass

APPROVE, REJECT, RETRY, ESCALATE = "approve", "reject", "retry", "escalate"
PASSED, FAILED = "passed", "failed"
OUTCOMES = frozenset({APPROVE, REJECT, RETRY, ESCALATE})
OVERRIDE, REASON, SAMPLE, CORRECTION = "override", "reason", "sample", "correction"
# The vendor's verdict, and the decision that contradicts it.
CONTRADICTIONS = {(PASSED, REJECT), (FAILED, APPROVE)}
LONGEST_TEXT = 4000


@dataclass(frozen=True)
class Rules:
    """What the settings demand."""

    second_on_override: bool
    second_on_reasons: frozenset[str]
    require_opened: bool
    min_played: float


@dataclass(frozen=True)
class Situation:
    """What a decision is about: the vendor's outcome and what can be shown of the evidence.

    `unopened` counts the files that can be shown and were not opened, `missing` the kinds of which no verified file can
    be shown; `played` is the share of the video that was played, None where it was not measured.
    """

    vendor_outcome: str
    is_answered: bool
    has_video: bool
    missing: int
    unopened: int
    played: float | None


@dataclass(frozen=True)
class Draft:
    """What a person wants to decide."""

    outcome: str
    reasons: tuple[str, ...] = ()
    internal_note: str = ""
    subject_text: str = ""


def is_override(vendor_outcome: str, outcome: str) -> bool:
    """Does the decision contradict the vendor's verdict? An unknown verdict cannot be contradicted."""
    return (vendor_outcome, outcome) in CONTRADICTIONS


def is_sampled(attempt_id: str, share: float, key: bytes) -> bool:
    """Is this attempt in the sample for quality's sake? Always the same answer, and none that can be guessed."""
    digest = hmac.new(key, attempt_id.encode(), hashlib.sha256).digest()
    return int.from_bytes(digest[:8], "big") < share * 2**64


def needs_second(
    draft: Draft, vendor_outcome: str, rules: Rules, *, is_sampled: bool, corrects_two: bool = False
) -> list[str]:
    """Why a second person must agree; empty if nobody must. An escalation only asks for somebody else.

    `corrects_two`: the decision in force was agreed on by two people, whom one must not overrule.
    """
    if draft.outcome == ESCALATE:
        return []
    needs = []
    if rules.second_on_override and is_override(vendor_outcome, draft.outcome):
        needs.append(OVERRIDE)
    if rules.second_on_reasons & set(draft.reasons):
        needs.append(REASON)
    if is_sampled:
        needs.append(SAMPLE)
    if corrects_two:
        needs.append(CORRECTION)
    return needs


def problems(draft: Draft, situation: Situation, rules: Rules, *, allowed: Collection[str]) -> list[str]:
    """The codes of what is wrong with this draft, in the order of the form; `liveness.review.wording` says them."""
    if draft.outcome not in OUTCOMES:
        return ["outcome_missing"]
    found = []
    is_against = is_override(situation.vendor_outcome, draft.outcome)
    if set(draft.reasons) - set(allowed):
        found.append("reason_not_allowed")
    if not draft.reasons and (draft.outcome != APPROVE or is_against):
        found.append("reason_missing")
    if not draft.internal_note.strip() and (is_against or draft.outcome == ESCALATE):
        found.append("note_missing")
    if draft.outcome == RETRY and not draft.subject_text.strip():
        found.append("subject_text_missing")
    if max(len(draft.internal_note), len(draft.subject_text)) > LONGEST_TEXT:
        found.append("text_too_long")
    if draft.outcome == APPROVE:
        found += _unapprovable(situation, rules)
    return found


def _unapprovable(situation: Situation, rules: Rules) -> list[str]:
    if not situation.is_answered:
        return ["no_answer"]
    found = []
    if situation.missing:
        found.append("evidence_missing")
    if rules.require_opened and situation.unopened:
        found.append("not_opened")
    if situation.has_video and rules.min_played > (situation.played or 0.0):
        found.append("not_played")
    return found
