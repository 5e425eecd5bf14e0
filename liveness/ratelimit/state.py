"""The arithmetic of the shared pace: when the next call may go out, and how a refusal by the vendor slows all callers.

Slots lie `interval = gap / share` seconds apart, without any burst. `share` is the part of the configured pace in use.
A refusal multiplies it by 0.7, at most once a second, and puts a pause of one second behind the slots already given;
then it grows by 1 % of the configured pace a second (additive increase, multiplicative decrease: Chiu and Jain, 1989).
It never falls below 0.3, so that a minute after the last refusal at least 90 % are used again.

`now` is the store's clock, in seconds since the epoch, which may be set back or forward at any time: a slot that lies
absurdly far ahead is forgotten, and the time since a refusal is taken without its sign, so that a step ends a slow-down
early or holds it twice as long at worst. `liveness.ratelimit.stores` says the same in SQL and Lua, and a test holds the
three together.
"""

from dataclasses import dataclass, replace

SHARE_AFTER_REFUSAL = 0.7
RECOVERY_PER_SECOND = 0.01
LOWEST_SHARE = 0.3
REFUSAL_PAUSE_SECONDS = 1.0
# Seconds ahead beyond which a slot cannot be meant: the clock was set back, or a crowd of waiters died.
FARTHEST_SECONDS = 60.0
FARTHEST_SLOTS = 20


@dataclass(frozen=True)
class RateLimitState:
    """What all processes share: the next free slot, and the share of the pace at the last refusal."""

    next_at: float
    share: float = 1.0
    refused_at: float | None = None

    def share_at(self, now: float) -> float:
        """The share of the configured pace that may be used at `now`."""
        if self.refused_at is None:
            return 1.0
        return min(1.0, self.share + RECOVERY_PER_SECOND * abs(now - self.refused_at))

    def reserved(self, gap: float, now: float) -> tuple[float, "RateLimitState"]:
        """The slot that a caller gets at `now`, and the pace after it. `gap` is the interval at full pace."""
        slot = self.next_at if now < self.next_at <= now + farthest(gap) else now
        return slot, replace(self, next_at=slot + gap / self.share_at(now))

    def refused(self, now: float) -> "RateLimitState":
        """The pace after the vendor refused a call for its frequency; further refusals within a second add nothing."""
        if self.refused_at is not None and abs(now - self.refused_at) < REFUSAL_PAUSE_SECONDS:
            return self
        return RateLimitState(
            max(self.next_at, now) + REFUSAL_PAUSE_SECONDS,
            max(LOWEST_SHARE, SHARE_AFTER_REFUSAL * self.share_at(now)),
            now,
        )


def farthest(gap: float) -> float:
    """How many seconds ahead a slot may lie: a minute, or more where calls are rarer than that."""
    return max(FARTHEST_SECONDS, FARTHEST_SLOTS * gap)
