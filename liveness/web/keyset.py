"""Pages of a list at constant cost: each page starts where the one before ended, found by index, never counted."""

from dataclasses import dataclass

from liveness.models import AttemptQuerySet, VerificationAttempt
from liveness.web.search import as_uuid


@dataclass(frozen=True)
class Page:
    """Attempts, the newest first. `newer` and `older` are cursors (public ids) to the neighbours, None at the ends."""

    rows: list[VerificationAttempt]
    newer: str | None = None
    older: str | None = None


def page(attempts: AttemptQuerySet, *, before: str = "", after: str = "", size: int = 50) -> Page:
    """The page of attempts older than `before`, or newer than `after`, or the first one.

    A cursor that names no attempt of `attempts` gives the first page. A page towards the newest that would come out
    short is the first page too.
    """
    start = _id_of(attempts, before)
    if start is not None:
        return _older(attempts.filter(id__lt=start), size, is_first=False)
    end = _id_of(attempts, after)
    if end is not None:
        rows = list(attempts.filter(id__gt=end).order_by("id")[: size + 1])
        if len(rows) > size:
            rows = rows[size - 1 :: -1]
            return Page(rows, _cursor(rows[0]), _cursor(rows[-1]))
    return _older(attempts, size, is_first=True)


def _older(attempts: AttemptQuerySet, size: int, *, is_first: bool) -> Page:
    rows = list(attempts.order_by("-id")[: size + 1])
    has_more, rows = len(rows) > size, rows[:size]
    newer = _cursor(rows[0]) if rows and not is_first else None
    return Page(rows, newer, _cursor(rows[-1]) if has_more else None)


def _id_of(attempts: AttemptQuerySet, cursor: str) -> int | None:
    public_id = as_uuid(cursor) if cursor else None
    if public_id is None:
        return None
    return attempts.filter(public_id=public_id).values_list("id", flat=True).first()


def _cursor(attempt: VerificationAttempt) -> str:
    return str(attempt.public_id)
