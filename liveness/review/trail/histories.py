"""What has been decided on a review, as its page tells it to one person.

While a blind proposal is pending, nobody but its maker is shown anything of it: whoever looks may be the second person.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.utils.functional import Promise
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
PENDING, IN_FORCE, WITHDRAWN, REPLACED = _("Waits for a second person"), _("In force"), _("Withdrawn"), _("Superseded")


@dataclass(frozen=True)
class Look:
    """One file and when the person who decided had last opened it, None if never."""

    kind: Text
    opened_at: datetime | None


@dataclass(frozen=True)
class Entry:
    """One decision; `standing` says what became of it and `relation` how a second one answered its proposal."""

    decision: Decision
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


def _entry(row: Decision, review: Review, withdrawn: set[int | None], hides: bool) -> Entry:
    return Entry(
        decision=row,
        words=DONE[DecisionOutcome(row.outcome)],
        standing=_standing(row, review, withdrawn),
        relation="" if hides else _relation(row),
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


def _relation(row: Decision) -> Text:
    if row.proposal is None:
        return ""
    return _("agrees with the proposal") if row.outcome == row.proposal.outcome else _("decides otherwise")


def _look(file: dict[str, Any]) -> Look:
    opened = file.get("opened_at")
    kind = file.get("kind", "")
    label = MediaKind(kind).label if kind in MediaKind.values else kind
    return Look(label, datetime.fromisoformat(opened) if opened else None)
