"""What the page of one review shows to one person."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.contrib.auth.models import AbstractUser
from django.db.models import Exists, OuterRef

from liveness import presentation as attempts
from liveness.access import access_policy
from liveness.models import MediaKind, VerificationAttempt
from liveness.presentation import Row
from liveness.review import access, wording
from liveness.review.app_settings import review_settings
from liveness.review.audit_log import histories
from liveness.review.due_time import age_of
from liveness.review.models import DecisionOutcome, Note, Review
from liveness.review.sync import duplicates
from liveness.review.workspace import decision_options, drafts
from liveness.review.workspace.claim_status import BEATS_PER_LEASE, hold
from liveness.review.workspace.forms import Typed
from liveness.review.workspace.refusals import refusals

# So soon does a person learn that his review was taken over.
GLANCE_SECONDS = 7
TWINS_SHOWN = 6


@dataclass(frozen=True)
class Linked:
    """Another attempt, its review if this person may see it, and the kinds of file that it shares with this one."""

    row: Row
    review: Review | None
    kinds: list[str] = field(default_factory=list)


def workspace(
    review: Review, person: AbstractUser, now: datetime, *, typed: Typed | None = None, draft: Typed | None = None
) -> dict[str, Any]:
    """Everything on the page. `typed` came back from the form just now, `draft` was kept from before."""
    held, is_hidden = hold(review, person, now), histories.is_hidden(review, person)
    if held.is_mine and not typed:
        typed = draft if draft and not draft.note else _taken_back(review, person)
    shown, found = attempts.attempt_context(person, review.attempt), twin_attempts(review.attempt, person)
    form, may_note = decision_form(review, typed or Typed(), is_hidden), access.may(person, "add_note")
    return {
        **shown,
        **form,
        **_decided(review, person),
        "review": review,
        "refusals": refusals(review, held, form["choices"], is_hidden=is_hidden, may_note=may_note),
        "signals": [(code, wording.SIGNALS.get(code, code)) for code in review.signals],
        "age": age_of(review, now),
        "hold": held,
        "beat": max(round(review_settings.LEASE.total_seconds() / BEATS_PER_LEASE), 1),
        "glance": GLANCE_SECONDS,
        "window_left": max(int((review.attempt.expires_at - now).total_seconds()), 0),
        "author": drafts.author(person, review.attempt.public_id),
        "draft": draft,
        "note": draft.note if draft else "",
        "is_hidden": is_hidden,
        "notes": _notes(review, person),
        "may_note": may_note,
        "others": linked(shown["others"], person),
        "twins": found[:TWINS_SHOWN],
        "has_more_twins": len(found) > TWINS_SHOWN,
        # That there is one says nothing of whose it is, and a copied face is news on both sides of a border.
        "is_twin_hidden": duplicates.SEEN_BEFORE in review.signals and not found,
    }


def decision_form(review: Review, typed: Typed, is_hidden: bool) -> dict[str, Any]:
    """What the fields of the decision's form need."""
    return {
        "typed": typed,
        "choices": decision_options.choices(review, typed, is_hidden=is_hidden),
        "reasons": decision_options.reasons(typed, review.outcome),
    }


def linked(rows: Sequence[Row], person: AbstractUser) -> list[Linked]:
    """The rows with their reviews, so that each can lead to its page."""
    reviews = access.visible_reviews(person).in_bulk([row.attempt.pk for row in rows])
    return [Linked(row, reviews.get(row.attempt.pk)) for row in rows]


def twin_attempts(attempt: VerificationAttempt, person: AbstractUser) -> list[Linked]:
    """Other subjects' attempts with a file of this one, the newest first, as far as this person may see them.

    One more than is shown, to tell that there are more.
    """
    visible = access_policy().visible_attempts(person)
    files = duplicates.duplicates(attempt).filter(Exists(visible.filter(pk=OuterRef("attempt"))))[: duplicates.MOST]
    kinds: dict[int, dict[str, None]] = {}
    for file in files:
        kinds.setdefault(file.attempt_id, {})[str(MediaKind(file.kind).label)] = None
    found = visible.filter(pk__in=list(kinds)).order_by("-id")[: TWINS_SHOWN + 1]
    rows = attempts.rows(attempts.with_media(found, person))
    return [Linked(link.row, link.review, list(kinds[link.row.attempt.pk])) for link in linked(rows, person)]


def _decided(review: Review, person: AbstractUser) -> dict[str, Any]:
    """The history and what stands out of it; how much this person has said tells his browser which drafts are done."""
    entries = histories.history(review, person)
    in_force = histories.in_force(entries)
    return {
        "history": entries,
        "proposal": histories.pending(review, entries),
        "in_force": in_force,
        "second": histories.second_of(entries, in_force),
        "decided_before": review.decisions.filter(maker=person.pk).count(),
        "noted_before": review.notes.filter(author=person.pk).count(),
    }


def _notes(review: Review, person: AbstractUser) -> list[Note] | None:
    if not access.may(person, "view_note"):
        return None
    known = access.without(access.hidden_notes(person), review.notes.all())
    return list(known.select_related("author").order_by("id"))


def _taken_back(review: Review, person: AbstractUser) -> Typed | None:
    """What this person decided and then undid: it is what he now wants to correct."""
    newest = review.decisions.select_related("supersedes").order_by("-sequence").first()
    is_own = newest and newest.outcome == DecisionOutcome.WITHDRAWN and newest.maker_id == person.pk
    return Typed.again(newest.supersedes) if newest and is_own and newest.supersedes else None
