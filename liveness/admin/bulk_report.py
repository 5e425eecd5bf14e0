"""The report of a bulk action: which records failed or were skipped, and why, as links and as a CSV file."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from django.urls import reverse
from django.utils.translation import gettext as _

from liveness import csv_export
from liveness.access import Person, access_policy
from liveness.models import BulkAction, BulkActionItem, BulkKind, ItemState

PAGE_SIZE = 50
BATCH = 1000
MAX_CURSOR_DIGITS = 18
REPORTED = (ItemState.FAILED, ItemState.SKIPPED)
HEADER = ("record", "subject_reference", "state", "problem")


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
    """One page of the records in one state; `after` is the cursor of the next page, if there is one."""

    state: ItemState
    lines: list[Line]
    after: int | None


def report(action: BulkAction, viewer: Person, state: str, after: str) -> Report:
    """The page that an address asks for; what makes no sense is the first page of those that failed."""
    chosen = ItemState(state) if state in REPORTED else ItemState.FAILED
    is_number = after.isascii() and after.isdecimal() and len(after) <= MAX_CURSOR_DIGITS
    items = action.items.filter(state=chosen, id__gt=int(after) if is_number else 0).order_by("id")
    found = list(items[: PAGE_SIZE + 1])
    shown = found[:PAGE_SIZE]
    return Report(chosen, _lines(action, shown, viewer), shown[-1].pk if len(found) > PAGE_SIZE else None)


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
    page = "verificationattempt" if action.kind == BulkKind.REFRESH else "storedmedia"
    return [_line(item, names.get(item.target_id), f"admin:liveness_{page}_change") for item in items]


def _line(item: BulkActionItem, names: tuple[str, str] | None, page: str) -> Line:
    state = ItemState(item.state).label
    if names is None:
        return Line(_("hidden"), _("hidden"), str(state), "")
    return Line(*names, str(state), item.problem, reverse(page, args=[item.target_id]))


def _names(action: BulkAction, keys: list[int], viewer: Person) -> dict[int, tuple[str, str]]:
    """The id and the subject of each record that may appear before this person."""
    policy = access_policy()
    rows: Any
    if action.kind == BulkKind.REFRESH:
        rows = policy.visible_attempts(viewer).values_list("pk", "public_id", "subject_reference")
    else:
        rows = policy.visible_media(viewer).values_list("pk", "public_id", "attempt__subject_reference")
    return {key: (str(public_id), subject) for key, public_id, subject in rows.filter(pk__in=keys)}
