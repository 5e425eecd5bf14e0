"""The stretches of time that the dashboard shows, cut into about thirty equal pieces. Pure: the time is passed in."""

from bisect import bisect_right
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

HOURS, QUARTERS, DAYS = "24h", "7d", "30d"
CODES = (HOURS, QUARTERS, DAYS)


@dataclass(frozen=True)
class Period:
    """`starts` are the beginnings of its pieces in the viewer's zone; the last piece still runs at `now`."""

    code: str
    starts: tuple[datetime, ...]
    end: datetime
    now: datetime

    @property
    def start(self) -> datetime:
        return self.starts[0]

    @property
    def before(self) -> datetime:
        """The start of the period before, which is as long and ends where this one starts."""
        return self.start.astimezone(UTC) - (self.end.astimezone(UTC) - self.start.astimezone(UTC))

    def summed(self, hourly: Iterable[tuple[datetime, int]]) -> list[int]:
        """The sum of each piece. More may have been undone in a piece than was done in it; that is shown as none."""
        sums = [0] * len(self.starts)
        for hour, number in hourly:
            sums[bisect_right(self.starts, hour) - 1] += number
        return [max(number, 0) for number in sums]

    def ends(self) -> tuple[datetime, ...]:
        """The ends of its pieces."""
        return (*self.starts[1:], self.end)


def choose(code: str, now: datetime) -> Period:
    """The period of this code, or the first, that ends with the piece in which `now` lies.

    `now` is in the viewer's zone: days and quarters of a day begin by the clock on the wall there, hours in UTC.
    """
    if code == QUARTERS:
        step, count = timedelta(hours=6), 28
        newest = now.replace(hour=now.hour // 6 * 6, minute=0, second=0, microsecond=0, fold=0)
    elif code == DAYS:
        step, count = timedelta(days=1), 30
        newest = now.replace(hour=0, minute=0, second=0, microsecond=0, fold=0)
    else:
        code, step, count = HOURS, timedelta(hours=1), 24
        newest = now.astimezone(UTC).replace(minute=0, second=0, microsecond=0)
    # Arithmetic with a zone goes by the clock on the wall, so a day of 23 or 25 hours is still one day.
    edges = [(newest + step * (1 - back)).astimezone(now.tzinfo) for back in range(count, -1, -1)]
    return Period(code, tuple(edges[:-1]), edges[-1], now)
