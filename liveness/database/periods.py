"""The rows of a period at constant cost, from a time that grows with the key: no index on the time is needed."""

from contextlib import suppress
from datetime import date, datetime, time, timedelta
from typing import Any

from django.db.models import Model, QuerySet
from django.utils import timezone

from liveness.database.errors import VALUE_ERRORS

# Two hosts' clocks, and transactions that overlap, put rows out of order by less than this.
DISORDER = timedelta(hours=1)
# Years that every database and time zone can express.
FIRST_YEAR, LAST_YEAR = 1970, 2200
DAY = timedelta(days=1)


def day(text: str) -> date | None:
    """A date like 2026-01-31; None for any other text and for years that nobody means."""
    try:
        parsed = date.fromisoformat(text) if len(text) == 10 else None
    except ValueError:
        return None
    return parsed if parsed and FIRST_YEAR <= parsed.year <= LAST_YEAR else None


def midnight(of: date) -> datetime:
    """The first moment of a day in the current time zone."""
    return timezone.make_aware(datetime.combine(of, time.min))


def within(rows: QuerySet[Any], field: str, first: date | None, last: date | None) -> QuerySet[Any]:
    """The rows whose `field` is on one of the days from `first` to `last`, both included; None is no limit.

    `field` must hold a time that grows with the primary key, apart from `DISORDER`.
    """
    if first is not None:
        start = midnight(first)
        key = _key_from(rows.model, field, start - DISORDER)
        rows = rows.filter(**{"pk__gte": key, f"{field}__gte": start})
    if last is not None:
        end = midnight(last + DAY)
        key = _key_from(rows.model, field, end + DISORDER)
        rows = rows.filter(**{"pk__lt": key, f"{field}__lt": end})
    return rows


def _first_from(rows: QuerySet[Any, Any], key: int) -> tuple[int, datetime] | None:
    """The first row from this key on. One whose time somebody made unreadable is passed over."""
    while True:
        found = rows.filter(pk__gte=key)
        with suppress(*VALUE_ERRORS):
            first: tuple[int, datetime] | None = found.first()
            if first is None or isinstance(first[1], datetime):
                return first
        key = found.values_list("pk", flat=True)[0] + 1


def _key_from(model: type[Model], field: str, moment: datetime) -> int:
    """The first key whose row is not before `moment`, by bisection: twenty looks at the key for a million rows."""
    rows = model._default_manager.order_by("pk").values_list("pk", field)
    last: int | None = rows.values_list("pk", flat=True).last()
    low, high = 0, last + 1 if last is not None else 0
    while low < high:
        middle = (low + high) // 2
        found = _first_from(rows, middle)
        if found is None or found[1] >= moment:
            high = middle
        else:
            low = found[0] + 1
    return low
