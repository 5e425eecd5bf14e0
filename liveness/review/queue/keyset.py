"""Pages of the queue at constant cost: each starts at a place in the queue's order, found by index, never counted."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from django.db.models import BooleanField, F, Func, Value

from liveness.review.models import Review, ReviewQuerySet

ORDER = ("queue_at", "attempt_id")
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
TICK = timedelta(microseconds=1)
# Sixteen digits of microseconds reach to the year 2286, and eighteen fit into any key: no address leads beyond.
WRITTEN = re.compile(r"([0-9]{1,16})~([0-9]{1,18})")


@dataclass(frozen=True)
class Place:
    """A place in the queue's order. It stays where it is when its review moves on."""

    queue_at: datetime
    attempt_id: int

    @classmethod
    def of(cls, review: Review) -> "Place":
        return cls(review.queue_at, review.attempt_id)

    @classmethod
    def parse(cls, text: str) -> "Place | None":
        """The place that `str()` wrote; None for anything else."""
        written = WRITTEN.fullmatch(text)
        return cls(EPOCH + int(written[1]) * TICK, int(written[2])) if written else None

    def __str__(self) -> str:
        return f"{(self.queue_at - EPOCH) // TICK}~{self.attempt_id}"


def with_attempt(reviews: ReviewQuerySet) -> ReviewQuerySet:
    return reviews.select_related("attempt")


@dataclass(frozen=True)
class Page:
    """Reviews in the order of their tab, and the places of the first and the last where neighbours are."""

    rows: list[Review]
    before: Place | None = None
    after: Place | None = None


def page(
    reviews: ReviewQuerySet,
    *,
    is_descending: bool = False,
    after: Place | None = None,
    before: Place | None = None,
    size: int = 50,
    dressed: Callable[[ReviewQuerySet], ReviewQuerySet] = with_attempt,
) -> Page:
    """The page that follows `after`, or that leads up to `before`, or the first one.

    A page up to `before` that would come out short is the first page. `dressed` joins what the rows show.
    """
    if before:
        backwards = between(reviews, is_descending=is_descending, before=before)
        rows = _first(backwards, order(not is_descending), size + 1, dressed)
        if len(rows) >= size:
            return _page(rows[size - 1 :: -1], has_before=len(rows) > size, has_after=True)
        after = None
    forwards = between(reviews, is_descending=is_descending, after=after)
    rows = _first(forwards, order(is_descending), size + 1, dressed)
    return _page(rows[:size], has_before=after is not None, has_after=len(rows) > size)


def between(
    reviews: ReviewQuerySet, *, is_descending: bool, after: Place | None = None, before: Place | None = None
) -> ReviewQuerySet:
    """The reviews after the one place and before the other in the order of their tab, both excluded."""
    if after:
        reviews = reviews.filter(_compared(after, "<" if is_descending else ">"))
    if before:
        reviews = reviews.filter(_compared(before, ">" if is_descending else "<"))
    return reviews


def _first(
    reviews: ReviewQuerySet, by: list[str], count: int, dressed: Callable[[ReviewQuerySet], ReviewQuerySet]
) -> list[Review]:
    """The first so many, by one query in two steps: the keys by index alone, and then what belongs to them.

    In one step a planner that misjudges how many rows a filter leaves joins all of them before it sorts.
    """
    keys = reviews.order_by(*by).values("pk")[:count]
    return list(dressed(Review.objects.filter(pk__in=keys)).order_by(*by))


def _page(rows: list[Review], *, has_before: bool, has_after: bool) -> Page:
    return Page(
        rows,
        before=Place.of(rows[0]) if rows and has_before else None,
        after=Place.of(rows[-1]) if rows and has_after else None,
    )


def order(is_descending: bool) -> list[str]:
    return [f"-{name}" for name in ORDER] if is_descending else list(ORDER)


def _compared(place: Place, sign: str) -> Func:
    """SQL's comparison of rows, (a, b) > (c, d), which an index on the same columns answers by one descent."""
    here, there = _row(*map(F, ORDER)), _row(Value(place.queue_at), Value(place.attempt_id))
    return Func(here, there, template="%(expressions)s", arg_joiner=f" {sign} ", output_field=BooleanField())


def _row(*columns: F | Value) -> Func:
    return Func(*columns, template="(%(expressions)s)", output_field=BooleanField())
