"""The decision form as it is offered: what each outcome needs and brings, as far as the server knows beforehand."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _

from liveness.review import policy, wording
from liveness.review.app_settings import review_settings
from liveness.review.decisions import decide, viewing_proof
from liveness.review.decisions.viewing_proof import Seen
from liveness.review.models import DecisionOutcome, Review, ReviewState
from liveness.review.policy import Draft
from liveness.review.reasons import catalogue
from liveness.review.workspace.forms import Typed

Text = str | Promise
OFFERED = (DecisionOutcome.APPROVE, DecisionOutcome.REJECT, DecisionOutcome.RETRY, DecisionOutcome.ESCALATE)
# What stands against an outcome whatever a person types; everything else can still be done.
OBSTACLES = ("no_answer", "evidence_missing")
NEEDS = {
    "reason_missing": _("a reason"),
    "note_missing": _("an internal note"),
    "subject_text_missing": _("a text for the subject"),
}


@dataclass(frozen=True)
class Choice:
    """One outcome: what it needs, what follows from it, and what stands against it."""

    outcome: DecisionOutcome
    needs: Sequence[Text]
    consequence: Text
    obstacle: Text
    is_chosen: bool


@dataclass(frozen=True)
class Box:
    """One reason, with the outcomes that it can stand for."""

    code: str
    label: Text
    outcomes: str
    needs_second: bool
    is_chosen: bool


def choices(review: Review, typed: Typed, *, is_hidden: bool) -> list[Choice]:
    """The four outcomes. `is_hidden`: nothing may tell what a blind proposal says."""
    situation = viewing_proof.situation(review.attempt, Seen(), [])
    offered = []
    for outcome in OFFERED:
        draft = Draft(outcome)
        codes = policy.problems(draft, situation, decide.rules(), allowed=())
        obstacle = next((wording.PROBLEMS[code] for code in codes if code in OBSTACLES), "")
        needs = [] if _confirms(review, outcome, is_hidden) else [NEEDS[code] for code in codes if code in NEEDS]
        consequence = _consequence(review, draft, is_hidden)
        offered.append(Choice(outcome, needs, consequence, obstacle, typed.outcome == outcome))
    return offered


def reasons(typed: Typed, vendor_outcome: str) -> dict[str, list[Box]]:
    """The reasons of the newest catalogue that fit this verdict of the vendor, by group."""
    groups: dict[str, list[Box]] = {}
    for reason in catalogue().current:
        outcomes = [outcome for outcome in OFFERED if reason.fits(outcome, vendor_outcome)]
        if not outcomes:
            continue
        box = Box(
            reason.code,
            reason.label,
            " ".join(sorted(outcomes)),
            reason.code in review_settings.SECOND_ON_REASONS,
            reason.code in typed.reasons,
        )
        groups.setdefault(str(reason.group), []).append(box)
    return groups


def _confirms(review: Review, outcome: DecisionOutcome, is_hidden: bool) -> bool:
    return not is_hidden and review.proposal is not None and review.proposal.outcome == outcome


def _consequence(review: Review, draft: Draft, is_hidden: bool) -> Text:
    if draft.outcome == policy.ESCALATE:
        return _("A supervisor decides.")
    if review.state == ReviewState.PROPOSED:
        return _of_second(review, draft, is_hidden)
    # Whether this review was drawn for a second look stays unknown until it is decided.
    corrects_two = bool(review.decision and review.decision.needs_second)
    rules = decide.rules()
    needs = policy.needs_second(draft, review.outcome, rules, is_sampled=False, corrects_two=corrects_two)
    if needs:
        return format_lazy(_("A second person has to agree, because {why}."), why=wording.SECONDS[needs[0]])
    if draft.outcome == policy.RETRY:
        return _("Decides the review. The subject needs a new attempt.")
    return _("Decides the review. A quality check may follow.") if review_settings.SAMPLE else _("Decides the review.")


def _of_second(review: Review, draft: Draft, is_hidden: bool) -> Text:
    if is_hidden:
        return _("Decides the review if the first person chose the same. If not, a supervisor decides.")
    if _confirms(review, DecisionOutcome(draft.outcome), is_hidden):
        return _("Confirms the proposal and decides the review.")
    return _("Contradicts the proposal. A supervisor decides.")
