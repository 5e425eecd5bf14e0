"""The rolling check: stored files are read again, the oldest check first, to find damage while it can be mended.

A file younger than two hours is due an hour after its last check, because the vendor may still have it. Any other is
due after a day. A sound file is no event of the audit chain: its row keeps the time of its last check. Damage is.
A check in the future was made by a wrong clock, and the file is due at once.
"""

import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta
from typing import Any

from django.db.models import QuerySet
from django.utils import timezone

from liveness.audit import Actor
from liveness.exceptions import MediaError
from liveness.media import integrity, media_root
from liveness.media.integrity import Verdict
from liveness.media.ownership import UnreadableError
from liveness.models import HELD, MediaState, StoredMedia

# The vendor keeps a file for about so long.
YOUNG = timedelta(hours=2)
YOUNG_EVERY, EVERY = timedelta(hours=1), timedelta(days=1)
# Clocks of two hosts that differ by less agree.
CLOCK_TOLERANCE = timedelta(minutes=1)
BATCH = 50
# So many files are named one by one.
NAMED = 20


@dataclass(frozen=True)
class Damage:
    """One damaged file: its id, its attempt's, what was found, and whether it will be fetched again."""

    file: str
    attempt: str
    kind: str
    found: str
    is_wanted_again: bool

    def __str__(self) -> str:
        end = "it will be fetched again" if self.is_wanted_again else "the vendor no longer has it"
        return f"{self.kind} {self.file} of attempt {self.attempt} is {self.found}; {end}"


@dataclass
class Report:
    """What one pass found. `problem` says why it could not go on; `is_complete` is False when time ran out."""

    checked: int = 0
    damaged: list[Damage] = field(default_factory=list)
    unreadable: Counter[str] = field(default_factory=Counter)
    # What to do about each reason, with the path of the first such file.
    advice: dict[str, str] = field(default_factory=dict)
    problem: str = ""
    is_complete: bool = True

    @property
    def is_clean(self) -> bool:
        return not (self.damaged or self.unreadable or self.problem)

    @property
    def denied(self) -> int:
        """How many files could not be read."""
        return sum(self.unreadable.values())

    def as_dict(self) -> dict[str, Any]:
        return {
            "checked": self.checked,
            "damaged": len(self.damaged),
            "wanted_again": sum(damage.is_wanted_again for damage in self.damaged),
            "unreadable": self.denied,
            "is_complete": self.is_complete,
            "problem": self.problem,
            "files": [asdict(damage) for damage in self.damaged],
        }

    def lines(self) -> list[str]:
        """One line for each damaged file up to a number, and for each reason why files cannot be read.

        Without `problem`, which an exit code or a page says in its own way.
        """
        named = [str(damage) for damage in self.damaged[:NAMED]]
        if len(self.damaged) > NAMED:
            named.append(f"{len(self.damaged) - NAMED} more files are damaged")
        return named + [f"{count} files: {self.advice[reason]}" for reason, count in self.unreadable.items()]


@dataclass(frozen=True)
class DamagedFiles:
    """Stored files that are damaged now and that the vendor no longer has: how many, and the ids of the first few."""

    count: int
    files: list[str]
    attempts: list[str]


def check_some(
    budget_seconds: float | None,
    *,
    actor: Actor,
    is_everything: bool = False,
    should_stop: Callable[[], bool] = lambda: False,
    clock: Callable[[], datetime] = timezone.now,
) -> Report:
    """Check the files that are due (or each once) for so many seconds, one at least; None: until all are checked.

    Two passes at once read some files twice, which does no harm. Raises DatabaseError and ChainError.
    """
    report = Report(problem=media_root.advice(is_reading=True))
    if report.problem:
        return report
    end = None if budget_seconds is None else time.monotonic() + budget_seconds
    for batch in _batches(clock(), is_everything):
        sound = []
        for file in batch:
            if should_stop() or (end is not None and report.checked and time.monotonic() >= end):
                report.is_complete = False
                break
            if _check(file, report, actor, clock):
                sound.append(file.id)
        _note(sound, clock())
        if report.problem or not report.is_complete:
            break
    return report


def damaged_files(limit: int = 3) -> DamagedFiles:
    """The damage that is not handled: neither mended, nor given up."""
    rows = StoredMedia.objects.filter(state__in=HELD, damaged_at__isnull=False)
    found = list(rows.order_by("damaged_at").values_list("public_id", "attempt__public_id")[:limit])
    return DamagedFiles(rows.count(), [str(file) for file, _ in found], sorted({str(attempt) for _, attempt in found}))


def _check(file: StoredMedia, report: Report, actor: Actor, clock: Callable[[], datetime]) -> bool:
    """Check one file and add what was found to the report; True when it is sound."""
    report.checked += 1
    try:
        verdict = integrity.check(file, now=clock(), actor=actor, is_asked=False)
    except UnreadableError as problem:
        report.unreadable[problem.message] += 1
        report.advice.setdefault(problem.message, problem.advice)
        return False
    except MediaError as problem:
        # The volume has gone meanwhile.
        report.checked -= 1
        report.problem = media_root.advice(is_reading=True) or str(problem)
        return False
    if verdict is Verdict.SOUND:
        return True
    is_wanted = file.state == MediaState.WANTED
    attempt = str(file.attempt.public_id)
    report.damaged.append(Damage(str(file.public_id), attempt, file.kind, verdict.value, is_wanted))
    return False


def _note(sound: list[int], now: datetime) -> None:
    rows = StoredMedia.objects.filter(id__in=sound, state__in=HELD, damaged_at__isnull=True)
    rows.update(verified_at=now)


def _batches(now: datetime, is_everything: bool) -> Iterator[list[StoredMedia]]:
    """The files to check, each once, in the order of their last checks; the young that are due come first."""
    # Each state by itself, in the order of the index.
    held = [StoredMedia.objects.filter(state=state) for state in HELD]
    for rows in held:
        # A file is checked when it is stored, so the young that are due lie in one small range of the index.
        due = rows.filter(verified_at__gt=now - YOUNG, verified_at__lte=now - YOUNG_EVERY)
        yield from _pages(rows.filter(verified_at__isnull=True), "id")
        yield from _pages(due.filter(stored_at__gt=now - YOUNG))
        yield from _pages(rows.filter(verified_at__gt=now + CLOCK_TOLERANCE))
    for rows in held:
        yield from _pages(rows.filter(verified_at__lt=now if is_everything else now - EVERY))


def _pages(rows: QuerySet[StoredMedia], first: str = "verified_at") -> Iterator[list[StoredMedia]]:
    """Pages by position and not by offset, because a file that was checked has left the range."""
    rows = rows.order_by(first, "id")
    page = list(rows[:BATCH])
    while page:
        # What the caller does to a row must not move the position.
        last, key = page[-1].verified_at, page[-1].id
        yield page
        after = rows.filter(id__gt=key) if last is None else rows.filter(verified_at__gte=last)
        page = list(after.exclude(verified_at=last, id__lte=key)[:BATCH] if last else after[:BATCH])
