"""How long people take for their checks: the share finished by each age, and the share never finished.

Pure: no clock, no I/O, no Django. An age is the seconds since the token's issue. A check must be started within ten
minutes of that (ApplyLivenessToken) and takes a minute or so, so the histogram ends at eleven.

What a poll tells is an interval: unfinished at one age, finished at a later one. Its weight of 1 is spread over the
interval as the distribution known so far has it, which is one step of Turnbull's self-consistent estimate for
interval-censored data. Old counts fade, and a prior stands in for what was not seen.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import accumulate, pairwise
from math import log
from statistics import NormalDist

BUCKET_SECONDS = 5
LATEST_COMPLETION_SECONDS = 660
EARLIEST_COMPLETION_SECONDS = 45
BUCKETS = LATEST_COMPLETION_SECONDS // BUCKET_SECONDS

PRIOR_MEDIAN, PRIOR_SIGMA, PRIOR_NEVER = 180.0, 0.8, 0.15
# The prior counts for as much as so many checks.
PRIOR_WEIGHT = 200.0

Interval = tuple[float, float]


@dataclass(frozen=True)
class CompletionTimes:
    """`edges[i]` is the share of all checks that are finished by an age of `i * BUCKET` seconds."""

    edges: tuple[float, ...]

    def finished_by(self, age: float) -> float:
        """The share of all checks, the abandoned ones among them, that are finished by this age."""
        if age >= LATEST_COMPLETION_SECONDS:
            return self.edges[-1]
        if age <= 0:
            return 0.0
        bucket = int(age / BUCKET_SECONDS)
        before = self.edges[bucket]
        return before + (self.edges[bucket + 1] - before) * (age / BUCKET_SECONDS - bucket)

    def chance(self, seen: float, age: float) -> float:
        """The probability that a check which was unfinished at the age `seen` is finished at `age`."""
        before = self.finished_by(seen)
        return max(0.0, (self.finished_by(age) - before) / (1.0 - before)) if before < 1.0 else 0.0


@dataclass(frozen=True)
class CompletionCounts:
    """What was seen: how many checks ended in each bucket, and how many had not ended by LATEST."""

    finished: tuple[float, ...] = (0.0,) * BUCKETS
    unfinished: float = 0.0

    def faded(self, factor: float) -> "CompletionCounts":
        """The same counts with less weight."""
        return CompletionCounts(tuple(count * factor for count in self.finished), self.unfinished * factor)

    def durations(self) -> CompletionTimes:
        """The distribution that these counts and the prior give together."""
        prior = lognormal()
        masses = [later - sooner for sooner, later in pairwise(prior.edges)]
        total = sum(self.finished) + self.unfinished + PRIOR_WEIGHT
        shares = ((count + PRIOR_WEIGHT * mass) / total for count, mass in zip(self.finished, masses, strict=True))
        return CompletionTimes(tuple(accumulate(shares, initial=0.0)))

    def with_seen(self, intervals: Iterable[Interval], unfinished: int) -> "CompletionCounts":
        """These counts and new ones: the ages between which checks ended, and how many had not ended by LATEST.

        An interval that cannot be, because a time of issue was wrong, tells nothing and is left out.
        """
        known, finished = self.durations(), list(self.finished)
        late = 0
        for low, high in intervals:
            if low >= LATEST_COMPLETION_SECONDS:
                late += 1
            elif high > max(low, 0.0):
                _spread(finished, known, max(low, 0.0), min(high, float(LATEST_COMPLETION_SECONDS)))
        return CompletionCounts(tuple(finished), self.unfinished + unfinished + late)


def _spread(finished: list[float], known: CompletionTimes, low: float, high: float) -> None:
    mass = known.finished_by(high) - known.finished_by(low)
    if mass <= 0.0:
        return
    first, last = int(low // BUCKET_SECONDS), min(int(high // BUCKET_SECONDS), BUCKETS - 1)
    for bucket in range(first, last + 1):
        start, end = max(low, bucket * BUCKET_SECONDS), min(high, (bucket + 1) * BUCKET_SECONDS)
        finished[bucket] += (known.finished_by(end) - known.finished_by(start)) / mass


@cache
def lognormal(
    median: float = PRIOR_MEDIAN,
    sigma: float = PRIOR_SIGMA,
    *,
    earliest: float = EARLIEST_COMPLETION_SECONDS,
    latest: float = LATEST_COMPLETION_SECONDS,
    never: float = PRIOR_NEVER,
) -> CompletionTimes:
    """Durations of which those that end are lognormal between `earliest` and `latest`; by default the prior."""
    normal = NormalDist(log(median), sigma)
    low, high = normal.cdf(log(earliest)), normal.cdf(log(latest))
    ages: Sequence[float] = [min(max(number * BUCKET_SECONDS, earliest), latest) for number in range(BUCKETS + 1)]
    return CompletionTimes(tuple((1.0 - never) * (normal.cdf(log(age)) - low) / (high - low) for age in ages))
