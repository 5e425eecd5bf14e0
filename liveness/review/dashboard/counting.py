"""What one event of the audit chain adds to the figures: pure functions of the event, no database.

A figure is a sum, apart from the least margin. A decision that is undone takes away, in the hour of its undoing, what
it had added. One that replaces another takes the verdict of the other away, so that an overturned vendor counts once
for each attempt, and as long as it stays overturned.
"""

from collections import Counter
from collections.abc import Callable, Mapping
from typing import Any

from liveness import audit
from liveness.loss_causes import LossCause
from liveness.review import actions
from liveness.review.policy import APPROVE, ESCALATE, FAILED, PASSED, REJECT, RETRY, is_override

Details = Mapping[str, Any]
Counts = Mapping[str, int]

# Seconds of one step of the margin's histogram, and how many steps there are: the last holds all above.
STEP = 120
STEPS = 60
LEAST = "margin.least"
MARGINS = tuple(f"margin.{step:03}" for step in range(STEPS))
LOSSES = tuple(f"lost.{cause}" for cause in LossCause.values if cause != LossCause.UNREAD)
DECIDED = tuple(f"decided.{outcome}" for outcome in (APPROVE, REJECT, RETRY))
NAMES = (
    *("registered", "refused", "expired.unfinished", "expired.missed"),
    *("answered.passed", "answered.failed", "answered.unknown"),
    *("queued", "queued.complete", LEAST, *MARGINS, *LOSSES, *DECIDED),
    *("escalated", "proposed", "confirmed", "disputed", "undone", "cancelled", "blind.agreed", "blind.disputed"),
    *("judged.vendor_passed", "judged.vendor_failed", "overturned.vendor_passed", "overturned.vendor_failed"),
)


def counts(action: str, details: Details) -> Counts:
    """What the event adds, by figure; nothing for an action that no figure is about."""
    return COUNTERS[action](details) if action in COUNTERS else {}


def combined(name: str, one: int | None, other: int) -> int:
    """Two values of a figure as one."""
    if one is None:
        return other
    return min(one, other) if name == LEAST else one + other


def margin_at(totals: Counts, share: float) -> int | None:
    """The margin to expiry, in seconds, that this share of the captured attempts fell short of; None without any."""
    left = share * sum(totals.get(name, 0) for name in MARGINS)
    if left <= 0:
        return None
    for step, name in enumerate(MARGINS):
        held = totals.get(name, 0)
        if held >= left:
            return round((step + left / held) * STEP)
        left -= held
    return STEP * STEPS


def _queued(details: Details) -> Counts:
    if not details.get("is_complete"):
        return {"queued": 1}
    margin = int(details.get("margin", 0))
    step = min(max(margin // STEP, 0), STEPS - 1)
    return {"queued": 1, "queued.complete": 1, MARGINS[step]: 1, LEAST: margin}


def _made(details: Details) -> Counts:
    if details.get("outcome") == ESCALATE:
        return {"escalated": 1}
    verdict = Counter(_verdict(details))
    verdict.subtract(_verdict(details.get("replaces") or {}))
    return {f"decided.{details.get('outcome')}": 1, **{name: number for name, number in verdict.items() if number}}


def _undone(details: Details) -> Counts:
    undone = details.get("undoes") or {}
    taken_back = counts(str(undone.get("action", "")), undone)
    return {"undone": 1, **{name: -number for name, number in taken_back.items()}}


def _verdict(decision: Details) -> list[str]:
    """The decision beside the vendor's own; nothing where the vendor gave none."""
    vendor, outcome = decision.get("vendor_outcome", ""), decision.get("outcome", "")
    if vendor not in (PASSED, FAILED):
        return []
    overturned = [f"overturned.vendor_{vendor}"] if is_override(vendor, outcome) else []
    return [f"judged.vendor_{vendor}", *overturned]


def _blind(details: Details, name: str) -> Counts:
    return {name: 1} if details.get("is_blind") else {}


COUNTERS: Mapping[str, Callable[[Details], Counts]] = {
    audit.ATTEMPT_REGISTERED: lambda details: {"registered": 1},
    audit.ATTEMPT_ANSWERED: lambda details: {f"answered.{details.get('outcome')}": 1},
    audit.ATTEMPT_EXPIRED: lambda details: {"expired.missed" if details.get("is_missed") else "expired.unfinished": 1},
    audit.ATTEMPT_REFUSED: lambda details: {"refused": 1},
    audit.MEDIA_LOST: lambda details: {f"lost.{LossCause.of(details.get('cause'))}": 1},
    actions.REVIEW_QUEUED: _queued,
    actions.DECISION_MADE: _made,
    actions.DECISION_PROPOSED: lambda details: {"proposed": 1},
    actions.DECISION_CONFIRMED: lambda details: {"confirmed": 1, **_blind(details, "blind.agreed"), **_made(details)},
    actions.DECISION_DISPUTED: lambda details: {"disputed": 1, **_blind(details, "blind.disputed")},
    actions.DECISION_UNDONE: _undone,
    actions.DECISION_CANCELLED: lambda details: {"cancelled": 1},
}
