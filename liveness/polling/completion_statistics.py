"""What this account's own attempts tell about the durations of checks: learned out of band, kept in one row."""

import time
from collections.abc import Sequence
from datetime import datetime, timedelta

from liveness.models import CompletionStatistics, Outcome, VerificationAttempt
from liveness.models.attempt import ANSWERED
from liveness.polling.completion_times import (
    BUCKETS,
    LATEST_COMPLETION_SECONDS,
    CompletionCounts,
    CompletionTimes,
    Interval,
)

UPDATE_INTERVAL = timedelta(minutes=10)
HALF_LIFE = timedelta(days=1)
# The first time there is so much to look back at, and at no time more rows: the newest, so that the key bounds it.
FIRST, REACH, SAMPLE = timedelta(days=1), 250_000, 5_000
# By then what was left open at the end of its window is closed.
UPDATE_LAG = timedelta(minutes=10)
# Seconds for which a process goes on with what it has read.
MAX_AGE_SECONDS = 300.0
ROW_ID = 1
LATEST_AGE = timedelta(seconds=LATEST_COMPLETION_SECONDS)

ClosedCheck = tuple[datetime, datetime | None, datetime | None, str]

_cached: tuple[float, CompletionTimes] | None = None


def completion_times() -> CompletionTimes:
    """The distribution learned so far, mixed with the prior; read again every few minutes."""
    global _cached
    if _cached is None or time.monotonic() - _cached[0] > MAX_AGE_SECONDS:
        _cached = time.monotonic(), _counts(CompletionStatistics.objects.filter(id=ROW_ID).first()).durations()
    return _cached[1]


def update(*, now: datetime) -> bool:
    """Learn from the attempts whose window closed since the last time; False if that was a moment ago.

    Only whole cohorts are looked at: among attempts whose window is open, the quick ones would be too many. Of two
    processes that learn at once, one does.
    """
    row = CompletionStatistics.objects.filter(id=ROW_ID).first()
    since = row.learned_at if row else now - FIRST
    if row and now - since < UPDATE_INTERVAL:
        return False
    seen = _closed(since - UPDATE_LAG, now - UPDATE_LAG)
    counts = _counts(row).faded(0.5 ** ((now - since) / HALF_LIFE)).with_seen(_intervals(seen), _unfinished(seen))
    values = {"learned_at": now, "counts": list(counts.finished), "unfinished": counts.unfinished}
    if row:
        return bool(CompletionStatistics.objects.filter(id=ROW_ID, learned_at=since).update(**values))
    return CompletionStatistics.objects.get_or_create(id=ROW_ID, defaults=values)[1]


def _counts(row: CompletionStatistics | None) -> CompletionCounts:
    # Counts of another shape are those of another version.
    return (
        CompletionCounts(tuple(row.counts), row.unfinished)
        if row and len(row.counts) == BUCKETS
        else CompletionCounts()
    )


def _closed(after: datetime, until: datetime) -> list[ClosedCheck]:
    """The newest attempts whose window closed in this time."""
    newest = VerificationAttempt.objects.order_by("-id").values_list("id", flat=True).first() or 0
    closed = VerificationAttempt.objects.filter(id__gt=newest - REACH, expires_at__gt=after, expires_at__lte=until)
    rows = closed.order_by("-id").values_list("issued_at", "unfinished_at", "finished_at", "outcome")
    return list(rows[:SAMPLE])


def _intervals(rows: Sequence[ClosedCheck]) -> list[Interval]:
    """The ages between which the answered checks ended."""
    return [
        ((unfinished_at - issued_at).total_seconds() if unfinished_at else 0.0, (ended_at - issued_at).total_seconds())
        for issued_at, unfinished_at, ended_at, outcome in rows
        if outcome in ANSWERED and ended_at
    ]


def _unfinished(rows: Sequence[ClosedCheck]) -> int:
    """How many checks were never finished; those that nobody looked at in time tell nothing."""
    return sum(
        outcome == Outcome.EXPIRED and unfinished_at is not None and unfinished_at >= issued_at + LATEST_AGE
        for issued_at, unfinished_at, _, outcome in rows
    )
