"""What one hook was last sent of one danger, and whether it is time to send again. Pure: no database, no clock."""

from dataclasses import asdict, dataclass, field, fields, replace
from datetime import datetime, timedelta
from typing import Any, Self

from liveness.monitoring.alert_rules import Alert

# A danger that is gone for so long is over. One that comes back sooner never went: attempts come and go by the minute.
REST = timedelta(minutes=10)
# Seconds. While more time is left than until the hourly message, that one is soon enough; with less than a minute
# left, another message would come too late.
HALVES_FROM, HALVES_UNTIL = 3600.0, 60.0


@dataclass(frozen=True)
class Notified:
    """Times are seconds since the epoch. `sent_at` is None while nothing of the danger was delivered yet.

    `size` is as in the last message, `peak` and `headline` are as when it was largest since then. `seconds_left` is
    the most since then: when the first to run out are gone, the time of the next ones counts. `causes` were named in
    messages within the last repeat. `lost` counts the losses since the first message.
    """

    sent_at: float | None = None
    size: int = 0
    seconds_left: float | None = None
    stood_at: float = 0.0
    peak: int = 0
    headline: str = ""
    lost: int = 0
    causes: list[str] = field(default_factory=list)

    @classmethod
    def parse(cls, stored: object) -> Self:
        """What `as_json` gave. Earlier versions kept only the time of the message."""
        if isinstance(stored, int | float):
            return cls(sent_at=float(stored), stood_at=float(stored))
        known = stored if isinstance(stored, dict) else {}
        return cls(**{field.name: known[field.name] for field in fields(cls) if field.name in known})

    @property
    def as_json(self) -> dict[str, Any]:
        return asdict(self)

    def is_news(self, danger: Alert, now: datetime) -> bool:
        """Is it time for another message about this danger?"""
        if self.sent_at is None or _is_past(self.sent_at, danger.repeat, now):
            return True
        has_grown = danger.size >= 2 * self.size or not set(danger.causes) <= set(self.causes)
        return has_grown or self._has_halved(danger.seconds_left)

    def is_over(self, now: datetime) -> bool:
        """Has a danger that does not exist now been gone for long enough?"""
        return _is_past(self.stood_at, REST, now)

    def seen(self, danger: Alert, now: datetime) -> Self:
        """The danger exists, whether or not a message about it is delivered."""
        seen = replace(self, stood_at=now.timestamp(), seconds_left=_most(self.seconds_left, danger.seconds_left))
        return replace(seen, peak=danger.size, headline=danger.headline) if danger.size >= self.peak else seen

    def sent(self, danger: Alert, now: datetime) -> Self:
        """A message about the danger was delivered."""
        is_fresh = self.sent_at is not None and not _is_past(self.sent_at, danger.repeat, now)
        causes = sorted({*danger.causes, *(self.causes if is_fresh else ())})
        last = replace(self, sent_at=now.timestamp(), size=danger.size, seconds_left=danger.seconds_left, causes=causes)
        return replace(last, peak=danger.size, headline=danger.headline)

    def _has_halved(self, left: float | None) -> bool:
        if left is None:
            return False
        before = HALVES_FROM if self.seconds_left is None else min(self.seconds_left, HALVES_FROM)
        return before > HALVES_UNTIL and left <= before / 2


def _most(before: float | None, left: float | None) -> float | None:
    return before if before is None or left is None else max(before, left)


def _is_past(since: float, wait: timedelta, now: datetime) -> bool:
    """Has it been so long? A time that is as far in the future says that the clock was set back, not how long."""
    return abs(now.timestamp() - since) >= wait.total_seconds()
