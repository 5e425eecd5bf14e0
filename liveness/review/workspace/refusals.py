"""Why a command cannot be given on a page, in words: whoever presses its key is told, instead of nothing happening."""

from collections.abc import Iterable

from django.utils.translation import gettext as _

from liveness.review.models import Review
from liveness.review.workspace.claim_status import Hold
from liveness.review.workspace.decision_options import Choice, Text


def refusals(
    review: Review, held: Hold, choices: Iterable[Choice], *, is_hidden: bool, may_note: bool
) -> dict[str, Text]:
    """A sentence for each command that the page may lack, by the command's name; "decide" stands for every outcome."""
    decide = _undecidable(review, held)
    told: dict[str, Text] = {
        "claim": decide or _("You hold this review already."),
        "release": _("You do not hold this review."),
        "decide": decide,
        "confirm": decide or _unconfirmable(is_hidden),
        "undo": _("There is nothing that you could undo now."),
        "note": "" if may_note else _("Your account may not write notes."),
    }
    if not decide:
        told |= {choice.outcome.value: choice.obstacle for choice in choices if choice.obstacle}
    return told


def _undecidable(review: Review, held: Hold) -> str:
    if held.why_not:
        return held.why_not
    if held.is_mine:
        return ""
    if not held.may_claim:
        sentence = _("%(name)s works on this review. You can decide once it is released or the claim runs out.")
        return sentence % {"name": held.holder}
    if review.decision:
        return _("This review is decided. Choose “Correct this decision” first.")
    return _("Claim this review first.")


def _unconfirmable(is_hidden: bool) -> str:
    if is_hidden:
        return _("Decide for yourself: the other decision is shown afterwards.")
    return _("There is no proposal to confirm.")
