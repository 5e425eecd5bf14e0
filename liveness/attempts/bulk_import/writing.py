"""The rows of a file, registered in batches: few statements for each token, and short turns at the audit chain."""

import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from zoneinfo import ZoneInfo

from django.db import connection
from django.utils import timezone

from liveness.attempts import life_cycle, new_attempts
from liveness.attempts.bulk_import.records import Line, Records
from liveness.attempts.bulk_import.rows import registration_of
from liveness.attempts.validation import Registration
from liveness.audit import Actor
from liveness.exceptions import RegistrationError

# Rows in one transaction. Other writers wait for the audit chain, or on SQLite for the database, as long as it takes.
FEWEST_ROWS, FIRST_ROWS, MOST_ROWS = 25, 50, 200
SLOW_SECONDS, QUICK_SECONDS = 0.1, 0.06
# PostgreSQL lets writers have the chain in the order in which they came. SQLite gives its lock to whichever writer
# happens to look for it, and one that waits looks every 25 ms in its first 200 ms, and every 100 ms later: the pause
# after a batch is longer than that.
SHORTEST_PAUSE_SECONDS, LONGEST_PAUSE_SECONDS = 0.03, 0.11

Checked = tuple[int, Registration]


@dataclass
class ImportResult:
    """What became of a file's rows."""

    registered: int = 0
    duplicates: int = 0
    rejected: list[tuple[int, str]] = field(default_factory=list)

    @property
    def total(self) -> int:
        return self.registered + self.duplicates + len(self.rejected)


@dataclass
class BatchSize:
    """Rows for the next batch, by the time that the last one took."""

    value: int = FIRST_ROWS

    def follow(self, seconds: float) -> None:
        if seconds > SLOW_SECONDS:
            self.value = max(FEWEST_ROWS, self.value // 2)
        elif seconds < QUICK_SECONDS:
            self.value = min(MOST_ROWS, self.value * 5 // 4)


def register(records: Records, *, actor: Actor, zone: ZoneInfo | None = None) -> Iterator[ImportResult]:
    """Register every row, yielding the running totals after each batch so that a caller can show progress.

    A time without an offset is taken in `zone`. Each batch is committed by itself: after an end at any point the same
    file registers the rest. Raises ChainError, or an OperationalError when the database stays away.
    """
    result, size, start = ImportResult(), BatchSize(), 0
    while start < len(records.lines):
        batch = records.lines[start : start + size.value]
        begun = time.monotonic()
        _register(batch, result, actor, zone)
        took = time.monotonic() - begun
        size.follow(took)
        start += len(batch)
        yield result
        if start < len(records.lines) and connection.vendor == "sqlite":
            time.sleep(min(max(took / 2, SHORTEST_PAUSE_SECONDS), LONGEST_PAUSE_SECONDS))


def _register(lines: list[Line], result: ImportResult, actor: Actor, zone: ZoneInfo | None) -> None:
    now = timezone.now()
    checked = list(_checked(lines, result, now, zone))
    admissions = new_attempts.admit([one for _, one in checked], now=now, actor=actor)
    for (number, wanted), admission in zip(checked, admissions, strict=True):
        try:
            if isinstance(admission, RegistrationError):
                raise admission
            attempt, is_new = admission
            if not is_new:
                life_cycle.register_again(attempt, wanted, now=now, actor=actor)
        except RegistrationError as problem:
            result.rejected.append((number, str(problem)))
        else:
            result.registered += is_new
            result.duplicates += not is_new
    result.rejected.sort()


def _checked(lines: list[Line], result: ImportResult, now: datetime, zone: ZoneInfo | None) -> Iterator[Checked]:
    """The rows that may be registered; the others are added to the rejected ones."""
    for number, row in lines:
        try:
            if isinstance(row, RegistrationError):
                raise row
            yield number, registration_of(row, now=now, zone=zone)
        except RegistrationError as problem:
            result.rejected.append((number, str(problem)))
