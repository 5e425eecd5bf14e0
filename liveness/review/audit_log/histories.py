"""What has been decided on a review, as its page tells it to one person.

While a blind proposal is pending, nobody but its maker is shown anything of it: whoever looks may be the second person.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.utils.functional import Promise
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _

from liveness.models import MediaKind
from liveness.review import access, wording
from liveness.review.access import Person
from liveness.review.models import Decision, DecisionOutcome, Review, ReviewState, Stage
from liveness.review.reasons import catalogue

Text = str | Promise
DONE = {
    DecisionOutcome.APPROVE: _("Approved"),
    DecisionOutcome.REJECT: _("Rejected"),
    DecisionOutcome.RETRY: _("Asked to retry"),
    DecisionOutcome.ESCALATE: _("Escalated"),
    DecisionOutcome.WITHDRAWN: _("Withdrawn"),
}
DISAGREED = _("Disagreement: escalated to a third person")
PENDING, IN_FORCE, WITHDRAWN, REPLACED = _("Waits for a second person"), _("In force"), _("Withdrawn"), _("Superseded")


@dataclass(frozen=True)
class Look:
    """One file and when the person who decided had last opened it, None if never."""

    kind: Text
    opened_at: datetime | None


@dataclass(frozen=True)
class Entry:
    """One decision; `standing` says what became of it and `relation` how a second one answered its proposal.

    `symbol` is the icon that goes with `words`.
    """

    decision: Decision
    symbol: str
    words: Text
    standing: Text
    relation: Text
    reasons: list[Text]
    needs: list[Text]
    looks: list[Look]
    played: int | None
    marks: list[dict[str, Any]]

    @property
    def is_in_force(self) -> bool:
        return self.standing == IN_FORCE

    @property
    def maker(self) -> Text:
        return self.decision.maker.get_username() if self.decision.maker else _("The system")


def is_hidden(review: Review, person: Person) -> bool:
    """Must the pending proposal stay unknown to this person, so that the second decision is made blindly?"""
    proposal = review.proposal
    return proposal is not None and proposal.is_blind and proposal.maker_id != person.pk


def history(review: Review, person: Person) -> list[Entry]:
    """Every decision that this person may know of, the newest first."""
    if not access.may(person, "view_decision"):
        return []
    known = access.without(access.hidden_decisions(person), review.decisions.all())
    rows = list(known.select_related("maker", "proposal", "supersedes").order_by("-sequence"))
    withdrawn = {row.supersedes_id for row in rows if row.outcome == DecisionOutcome.WITHDRAWN}
    hides = is_hidden(review, person)
    return [_entry(row, review, withdrawn, hides) for row in rows]


def in_force(entries: list[Entry]) -> Entry | None:
    """The decision that holds now."""
    return next((entry for entry in entries if entry.is_in_force), None)


def second_of(entries: list[Entry], first: Entry | None) -> Entry | None:
    """The second person's answer to this proposal."""
    if first is None:
        return None
    return next((entry for entry in entries if entry.decision.proposal_id == first.decision.pk), None)


def pending(review: Review, entries: list[Entry]) -> Entry | None:
    """The proposal that waits for a second person, where it may be shown."""
    if review.state != ReviewState.PROPOSED:
        return None
    return next((entry for entry in entries if entry.decision.pk == review.proposal_id), None)


def disputes(decision: Decision) -> bool:
    """Did a second person decide otherwise than the proposal says? That decides nothing, but calls for a third."""
    return decision.proposal is not None and decision.outcome != decision.proposal.outcome


def words_of(decision: Decision) -> Text:
    """What the decision came to."""
    return DISAGREED if disputes(decision) else DONE[DecisionOutcome(decision.outcome)]


def symbol_of(decision: Decision) -> str:
    """The icon that goes with those words."""
    return DecisionOutcome.ESCALATE.value if disputes(decision) else decision.outcome


def _entry(row: Decision, review: Review, withdrawn: set[int | None], hides: bool) -> Entry:
    return Entry(
        decision=row,
        symbol=row.outcome if hides else symbol_of(row),
        words=DONE[DecisionOutcome(row.outcome)] if hides else words_of(row),
        standing=_standing(row, review, withdrawn),
        relation="" if hides else relation(row),
        reasons=catalogue().labels(row.reasons, row.reasons_version),
        needs=[wording.SECONDS.get(need, need) for need in row.needs_second],
        looks=[_look(file) for file in row.seen.get("files", [])],
        played=None if row.seen.get("played") is None else round(100 * row.seen["played"]),
        marks=row.seen.get("marks", []),
    )


def _standing(row: Decision, review: Review, withdrawn: set[int | None]) -> Text:
    if row.outcome == DecisionOutcome.WITHDRAWN:
        return ""
    if row.pk == review.proposal_id:
        return PENDING
    if row.pk in withdrawn:
        return WITHDRAWN
    if row.pk == review.decision_id:
        return IN_FORCE
    is_verdict = row.stage == Stage.FIRST and row.outcome != DecisionOutcome.ESCALATE
    return REPLACED if is_verdict and not row.needs_second else ""


def relation(row: Decision) -> Text:
    """How a second person answered the proposal; empty for anybody else's decision."""
    if row.proposal is None:
        return ""
    if disputes(row):
        return format_lazy(_("chose: {outcome}"), outcome=DecisionOutcome(row.outcome).label)
    return _("agrees with the proposal")


def _look(file: dict[str, Any]) -> Look:
    opened = file.get("opened_at")
    kind = file.get("kind", "")
    label = MediaKind(kind).label if kind in MediaKind.values else kind
    return Look(label, datetime.fromisoformat(opened) if opened else None)
