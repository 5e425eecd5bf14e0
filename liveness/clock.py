"""What time it is, and who confirms it.

Schedules and expiries read one clock object that is passed in. A run uses a `CheckedClock`: it compares this machine's
clock with the `Date` header of the vendor's answers (RFC 9110, section 6.6.1). A token's two hours are counted by the
vendor, so where both clocks differ by more than a minute, the vendor's counts. Between two answers the monotonic clock
shows whether this machine's clock was set.
"""

import time
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Protocol

# Clocks that differ by less agree. A `Date` header has whole seconds, and an answer takes up to ten.
TOLERANCE_SECONDS = 60.0


class Clock(Protocol):
    def unix(self) -> float:
        """Seconds since the epoch."""

    def monotonic(self) -> float:
        """Seconds of a clock that nobody can set."""


class SystemClock:
    """This machine's own clocks."""

    def unix(self) -> float:
        return time.time()

    def monotonic(self) -> float:
        return time.monotonic()


@dataclass(frozen=True)
class _Reading:
    """Both clocks at one moment: `skew` is ours minus the vendor's, in seconds.

    `is_believed` is False for a `Date` that contradicts what the vendor did.
    """

    skew: float
    unix: float
    monotonic: float
    is_believed: bool


class CheckedClock:
    """This machine's clock, checked against the vendor's. Threads may share it."""

    def __init__(self, system: Clock | None = None) -> None:
        self._system = system or SystemClock()
        self._reading: _Reading | None = None

    def observe(self, vendor_unix: float, *, is_believed: bool = True) -> None:
        """Take over the time of the vendor's answer that has just arrived, in Unix seconds.

        One that is not believed confirms nothing, and this machine's own time is used.
        """
        unix = self._system.unix()
        self._reading = _Reading(unix - vendor_unix, unix, self._system.monotonic(), is_believed)

    def unix(self) -> float:
        """Unix seconds: by the vendor's clock where this machine's is known to be wrong."""
        return self._system.unix() - (self.wrong_by or 0.0)

    def now(self) -> datetime:
        return datetime.fromtimestamp(self.unix(), UTC)

    def monotonic(self) -> float:
        return self._system.monotonic()

    @property
    def has_stepped(self) -> bool:
        """Was this machine's clock set since the vendor's last answer? Then only the next answer shows the time."""
        reading = self._reading
        if reading is None:
            return False
        passed = self._system.monotonic() - reading.monotonic
        return abs(self._system.unix() - reading.unix - passed) > TOLERANCE_SECONDS

    @property
    def wrong_by(self) -> float | None:
        """By how many seconds this machine's clock is ahead of the vendor's (negative: behind); None when they agree,
        or when that is not known."""
        reading = self._reading
        return self.differs_by if reading and reading.is_believed else None

    @property
    def differs_by(self) -> float | None:
        """The same by any `Date`, also by one that is not believed."""
        reading = self._reading
        if reading is None or abs(reading.skew) <= TOLERANCE_SECONDS or self.has_stepped:
            return None
        return reading.skew

    def is_known(self, since: float) -> bool:
        """Has an answer of the vendor shown the time, at the monotonic second `since` or later?"""
        reading = self._reading
        return bool(reading and reading.is_believed and reading.monotonic >= since and not self.has_stepped)

    def is_confirmed(self, since: float) -> bool:
        """Has an answer of the vendor agreed with this machine's clock, at the monotonic second `since` or later?"""
        return self.is_known(since) and self.differs_by is None
