"""The report of a bulk action: which records failed or were skipped, and why, as links and as a CSV file."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from django.urls import reverse
from django.utils.translation import gettext as _

from liveness.access import Person, access_policy, media_of
from liveness.admin.words import ATTEMPT, MEDIA
from liveness.models import BulkAction, BulkActionItem, BulkKind, ItemState
from liveness.web import csv_export

PAGE_SIZE = 50
BATCH = 1000
MAX_CURSOR_DIGITS = 18
REPORTED = (ItemState.FAILED, ItemState.SKIPPED)
HEADER = ("record", "subject_reference", "state", "problem")

# The id, the subject and the page of a record.
Names = tuple[str, str, str]


@dataclass(frozen=True)
class Line:
    """One record. `page` is empty, and the names are "hidden", for a person who may not see it."""

    record: str
    subject: str
    state: str
    problem: str
    page: str = ""


@dataclass(frozen=True)
class Report:
    """One page of the records in one state; `after` is the cursor of the next page, if there is one.

    `is_deleted`: there was a report, and its time is over.
    """

    state: ItemState
    lines: list[Line]
    after: int | None
    is_deleted: bool


def report(action: BulkAction, viewer: Person, state: str, after: str) -> Report:
    """The page that an address asks for; what makes no sense is the first page of those that failed."""
    chosen = ItemState(state) if state in REPORTED else ItemState.FAILED
    is_number = after.isascii() and after.isdecimal() and len(after) <= MAX_CURSOR_DIGITS
    items = action.items.filter(state=chosen, id__gt=int(after) if is_number else 0).order_by("id")
    found = list(items[: PAGE_SIZE + 1])
    shown = found[:PAGE_SIZE]
    return Report(
        chosen,
        _lines(action, shown, viewer),
        after=shown[-1].pk if len(found) > PAGE_SIZE else None,
        is_deleted=bool(action.total) and not action.items.exists(),
    )


def csv_lines(action: BulkAction, viewer: Person) -> Iterator[str]:
    """The whole report as the lines of a CSV file, read in batches."""
    return csv_export.lines(HEADER, _cells(action, viewer))


def _cells(action: BulkAction, viewer: Person) -> Iterator[tuple[str, str, str, str]]:
    for state in REPORTED:
        last = 0
        while items := list(action.items.filter(state=state, id__gt=last).order_by("id")[:BATCH]):
            last = items[-1].pk
            yield from (
                (line.record, line.subject, state.value, line.problem) for line in _lines(action, items, viewer)
            )


def _lines(action: BulkAction, items: Iterable[BulkActionItem], viewer: Person) -> list[Line]:
    items = list(items)
    names = _names(action, [item.target_id for item in items], viewer)
    return [_line(item, names.get(item.target_id)) for item in items]


def _line(item: BulkActionItem, names: Names | None) -> Line:
    state = str(ItemState(item.state).label)
    if names is None:
        return Line(_("hidden"), _("hidden"), state, "")
    record, subject, page = names
    return Line(record, subject, state, item.problem, page)


def _names(action: BulkAction, keys: list[int], viewer: Person) -> dict[int, Names]:
    """The id, the subject and the page of each record that may appear before this person.

    An operator may have files verified and not see them: for them a file goes by the name of its attempt.
    """
    policy = access_policy()
    if action.kind == BulkKind.REFRESH:
        attempts = policy.visible_attempts(viewer).filter(pk__in=keys)
        return _named(attempts.values_list("pk", "pk", "public_id", "subject_reference"), ATTEMPT)
    of_attempts = media_of(policy.visible_attempts(viewer)).filter(pk__in=keys)
    files = policy.visible_media(viewer).filter(pk__in=keys)
    subject = "attempt__subject_reference"
    return {
        **_named(of_attempts.values_list("pk", "attempt_id", "attempt__public_id", subject), ATTEMPT),
        **_named(files.values_list("pk", "pk", "public_id", subject), MEDIA),
    }


def _named(rows: Iterable[tuple[int, int, Any, str]], kind: str) -> dict[int, Names]:
    page = f"admin:{kind.replace('.', '_')}_change"
    return {key: (str(public_id), subject, reverse(page, args=[pk])) for key, pk, public_id, subject in rows}
