"""What the events of the review app add to the statistics: pure functions of an event's details, no database."""

from collections import Counter

from liveness.audit import registry
from liveness.audit.registry import Counts, Details
from liveness.review.policy import ESCALATE, FAILED, PASSED, is_override

# Seconds of one step of the margin's histogram, and how many steps there are: the last holds all above.
STEP = 120
STEPS = 60
LEAST = "margin.least"
MARGINS = tuple(f"margin.{step:03}" for step in range(STEPS))


def queued(details: Details) -> Counts:
    if not details.get("is_complete"):
        return {"queued": 1}
    margin = int(details.get("margin", 0))
    step = min(max(margin // STEP, 0), STEPS - 1)
    return {"queued": 1, "queued.complete": 1, MARGINS[step]: 1, LEAST: margin}


def made(details: Details) -> Counts:
    if details.get("outcome") == ESCALATE:
        return {"escalated": 1}
    verdict = Counter(_verdict(details))
    verdict.subtract(_verdict(details.get("replaces") or {}))
    return {f"decided.{details.get('outcome')}": 1, **{name: number for name, number in verdict.items() if number}}


def undone(details: Details) -> Counts:
    taken = details.get("undoes") or {}
    action = registry.get(str(taken.get("action", "")))
    taken_back = action.counts(taken) if action and action.counts else {}
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


def confirmed(details: Details) -> Counts:
    return {"confirmed": 1, **_blind(details, "blind.agreed"), **made(details)}


def disputed(details: Details) -> Counts:
    return {"disputed": 1, **_blind(details, "blind.disputed")}
