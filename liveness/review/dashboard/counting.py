"""The figures that events of the audit chain add to; `liveness.review.action_counts` says what each adds.

A figure is a sum, apart from the least margin. A decision that is undone takes away, in the hour of its undoing, what
it had added. One that replaces another takes the verdict of the other away, so that an overturned vendor counts once
for each attempt, and as long as it stays overturned.
"""

from liveness.audit import registry
from liveness.audit.registry import Counts, Details
from liveness.loss_causes import LossCause
from liveness.review.action_counts import LEAST, MARGINS, STEP, STEPS
from liveness.review.policy import APPROVE, REJECT, RETRY

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
    known = registry.get(action)
    return known.counts(details) if known and known.counts else {}


def counted_actions() -> list[str]:
    """The names of the actions that add to a figure."""
    return [action.name for action in registry.all_actions() if action.counts]


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
