"""The figures: the audit chain, folded into sums by the hour.

The chain is the log of all that happened, in sequence, so the figures are exact, cost the same however many attempts
there are, and can be folded again from the start at any time.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial

from django.db import transaction
from django.db.models import Min, Sum

from liveness import audit
from liveness.audit import rows
from liveness.database.retry import retried
from liveness.database.time_limits import idle_limit
from liveness.models import AuditEvent
from liveness.polling import losses
from liveness.review.action_counts import LEAST
from liveness.review.dashboard import counting
from liveness.review.models import HourlyStatistic, StatisticsCursor

BATCH = 5_000

Hourly = dict[tuple[datetime, str], int]


@dataclass(frozen=True)
class StatisticsState:
    """How far the figures reach: the last event in them, its time, and how many events came after it.

    `waits_since` is the time of the first that came after it, None when there is none.
    """

    sequence: int
    at: datetime | None
    behind: int
    waits_since: datetime | None


def state() -> StatisticsState:
    """How far the figures reach now."""
    reached = _reached()
    at = rows.time_of_first(AuditEvent.objects.filter(sequence=reached))
    later = AuditEvent.objects.filter(sequence__gt=reached).order_by("sequence")
    return StatisticsState(reached, at, max(_newest() - reached, 0), rows.time_of_first(later))


def update(limit: int | None = None, *, progress: Callable[[int], None] = lambda done: None) -> int:
    """Add the next events, at most `limit`, to the figures; return how many there were.

    Each batch is a transaction of its own that holds the lock on the row `StatisticsCursor`, so several processes share
    the work, and one that is killed leaves the rest to the next. `progress` is told the number of events after each
    batch.
    """
    done = 0
    while _newest() > _reached() and (limit is None or done < limit):
        done += retried(partial(_fold_batch, BATCH if limit is None else min(BATCH, limit - done)))
        progress(done)
    return done


def forget() -> None:
    """Drop all figures, so that the next `fold` makes them again from the first event."""
    with transaction.atomic():
        StatisticsCursor.objects.select_for_update().annotate(**idle_limit()).get_or_create(id=1)
        HourlyStatistic.objects.all().delete()
        StatisticsCursor.objects.filter(id=1).update(sequence=0)


def totals(start: datetime, end: datetime) -> dict[str, int]:
    """Each figure over the hours from `start` to before `end`; those of which there is nothing are left out."""
    found = (
        HourlyStatistic.objects.filter(name__in=counting.NAMES, hour__gte=start, hour__lt=end)
        .values("name")
        .annotate(sum=Sum("count"), least=Min("count"))
    )
    # PostgreSQL sums big integers into decimals.
    return {row["name"]: int(row["least" if row["name"] == LEAST else "sum"]) for row in found}


def by_hour(names: Iterable[str], start: datetime, end: datetime) -> list[tuple[str, datetime, int]]:
    """Name, hour and value of these figures for the hours from `start` to before `end`."""
    figures = HourlyStatistic.objects.filter(name__in=list(names), hour__gte=start, hour__lt=end)
    return list(figures.values_list("name", "hour", "count"))


def _reached() -> int:
    return StatisticsCursor.objects.filter(id=1).values_list("sequence", flat=True).first() or 0


def _newest() -> int:
    return AuditEvent.objects.order_by("-sequence").values_list("sequence", flat=True).first() or 0


def _fold_batch(most: int) -> int:
    with transaction.atomic():
        reached, _ = StatisticsCursor.objects.select_for_update().annotate(**idle_limit()).get_or_create(id=1)
        last = min(_newest(), reached.sequence + most)
        if last <= reached.sequence:
            return 0
        _add(_counted(reached.sequence, last))
        StatisticsCursor.objects.filter(id=1).update(sequence=last)
    return last - reached.sequence


def _counted(after: int, last: int) -> Hourly:
    counted = AuditEvent.objects.filter(sequence__gt=after, sequence__lte=last, action__in=counting.counted_actions())
    # What cannot be read counts for nothing. The verifier names it.
    events = [event for event in rows.to_show(counted.order_by("sequence")) if event.at]
    missed = losses.missed({event.object_id for event in events if event.action == audit.ATTEMPT_EXPIRED})
    found: Hourly = {}
    for event in events:
        hour = event.at.astimezone(UTC).replace(minute=0, second=0, microsecond=0)
        details = event.data | {"is_missed": event.object_id in missed}
        for name, number in counting.counts(event.action, details).items():
            found[hour, name] = counting.combined(name, found.get((hour, name)), number)
    return found


def _add(found: Mapping[tuple[datetime, str], int]) -> None:
    """Add to what is there. Read and written again, because the caller's lock keeps everybody else out."""
    if not found:
        return
    hours, names = zip(*found, strict=True)
    there = HourlyStatistic.objects.filter(name__in=set(names), hour__gte=min(hours), hour__lte=max(hours))
    before = {(hour, name): count for hour, name, count in there.values_list("hour", "name", "count")}
    rows = [
        HourlyStatistic(hour=hour, name=name, count=counting.combined(name, before.get((hour, name)), number))
        for (hour, name), number in found.items()
    ]
    HourlyStatistic.objects.bulk_create(
        rows, update_conflicts=True, unique_fields=["name", "hour"], update_fields=["count"]
    )
