"""Attempts whose review is missing or out of step: those that were there before the app, or changed without it."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import islice

from django.db import DataError, IntegrityError
from django.db.models import Exists, OuterRef
from django.utils import timezone

from liveness.models import AttemptQuerySet, VerificationAttempt
from liveness.review.models import Review
from liveness.review.sync import sync

BATCH = 1000


@dataclass
class Tally:
    """How many attempts were looked at, how many reviews changed, and the keys of the attempts that failed."""

    checked: int = 0
    changed: int = 0
    failed: list[int] = field(default_factory=list)


def attempts(*, is_all: bool, after: int = 0) -> AttemptQuerySet:
    """The attempts without a review, or all of them, with a key above `after`."""
    found = VerificationAttempt.objects.filter(pk__gt=after)
    if is_all:
        return found
    # The bound on both sides lets the database begin in the middle of both indexes.
    return found.filter(~Exists(Review.objects.filter(pk=OuterRef("pk"), pk__gt=after)))


def catch_up(*, is_all: bool, limit: int | None = None) -> Iterator[Tally]:
    """Bring the reviews of these attempts into step, each in a transaction of its own; yield the running totals.

    What is done stays done, whenever the run ends. Raises ChainError and OperationalError, after which no other attempt
    would fare better.
    """
    tally = Tally()
    yield tally
    for attempt_id in islice(_keys(is_all), limit):
        try:
            tally.changed += sync.catch_up(attempt_id, now=timezone.now())
        except (DataError, IntegrityError):
            tally.failed.append(attempt_id)
        tally.checked += 1
        yield tally


def _keys(is_all: bool) -> Iterator[int]:
    """The keys in ascending order, read in batches: what failed is passed over, and no query stays open meanwhile."""
    last = 0
    while batch := list(attempts(is_all=is_all, after=last).order_by("pk").values_list("pk", flat=True)[:BATCH]):
        yield from batch
        last = batch[-1]
