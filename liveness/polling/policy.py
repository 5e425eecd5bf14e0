"""When is an attempt next worth a call, and which of many first? Pure: no clock, no I/O, no Django.

The vendor gives so many calls a second for the whole account, and an answer can be read for two hours from issue. Most
polls find an unfinished check, and abandoned checks would take the most of them; so each poll goes where it saves the
most waiting. With `seen` the age at which a check was last found unfinished (0 if never) and `age` its age now:

    chance p = P(finished by age | unfinished at seen) = (G(age) - G(seen)) / (1 - G(seen))
    delay  d = age - max(seen, 45 s): since when it can have been waiting; nobody finishes sooner
    polls  n = 1 + (1 - p) before 660 s, as one that fails must be followed by another; 1 from then on
    score    = p * d / n, the seconds of waiting that each poll saves

G is the share of checks finished by an age (`liveness.polling.completion_times`). Taking the best scores is an index
policy for a restless bandit: each attempt is judged by itself, as with Whittle's index, and against a threshold that
clears the market, which is the score of the least urgent poll still made. p * d without n was measured as well: n
makes the slow tenth faster, and wastes fewer polls where there are too few. An attempt is planned for the moment at
which its score will reach the threshold, so that an index on that column finds the best without a look at all others.
As the threshold rises, the one poll after 660 s is all that is left: in overload no poll is wasted, and the oldest go
first.

Two kinds go before the score: those whose result is known to be there, and those that would soon be lost, with a share
kept for them. Those whose window has closed cost no call; `liveness.polling.selection` lets them wait for a free
moment. A check that was unfinished after 660 s gets one more look, ten minutes before its window closes, if polls are
cheap then. A failed call is no look.
"""

from bisect import bisect_left
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import Enum, auto
from math import inf
from operator import itemgetter

from liveness.polling.completion_times import EARLIEST_COMPLETION_SECONDS, LATEST_COMPLETION_SECONDS, CompletionTimes

# No attempt is polled twice within this time.
MIN_POLL_GAP = timedelta(seconds=3)
# The least threshold, in seconds: a poll that saves less is not planned, even if nothing else is to do.
LOWEST_THRESHOLD_SECONDS = 1.0
# A process's threshold follows its batches by this share at each. It stays below what the least urgent poll was worth,
# so that somewhat more attempts are due than can be polled, and none of the calls is left over.
WEIGHT, MARGIN = 0.1, 0.4
# Each download counts by this share in the rate of those that succeed.
RATE_WEIGHT = 0.1
# With less of a chance a check is only looked at when its time has passed.
LEAST_CHANCE, TINY = 0.02, 1e-6
EXPIRING_WITHIN = timedelta(minutes=20)
# One of so many polls is kept for what would soon be lost, however many results are known to be there.
EXPIRING_SHARE = 4
LAST_LOOK, LAST_LOOK_SCORE, LAST_LOOK_AGAIN = timedelta(minutes=10), 20.0, timedelta(minutes=1)
# For so long after the app's report the vendor's answer may come at any moment.
REPORT_HOLDS = timedelta(minutes=2)
CLOSING_GRACE = timedelta(minutes=5)
FIRST_RETRY_DELAY = timedelta(seconds=5)
LONGEST_RETRY_DELAY = timedelta(minutes=2)
SHORTEST, LONGEST = timedelta(seconds=30), timedelta(minutes=10)


@dataclass(frozen=True, slots=True)
class Candidate:
    """A due attempt as the policy sees it. One that was answered, but lacks media, counts as reported when it was."""

    id: int
    issued_at: datetime
    unfinished_at: datetime | None
    expires_at: datetime
    reported_at: datetime | None = None


class PollClass(Enum):
    """What decides about a candidate: the first three go before any score."""

    EXPIRED = auto()
    RESULT_READY = auto()
    EXPIRING = auto()
    UNCERTAIN = auto()


@dataclass
class PriorityThreshold:
    """What a poll must be worth in seconds of waiting: a moving average over the batches of one process.

    It counts for the moment alone. A process that was idle since a busy hour would otherwise put polls off, although
    calls have long been cheap again.
    """

    value: float = LOWEST_THRESHOLD_SECONDS
    used_at: datetime | None = None

    def relax(self, now: datetime) -> None:
        """Fall as fast as with a batch a second that finds nothing, for the time in which the process had no batch."""
        idle = (now - self.used_at).total_seconds() if self.used_at else 0.0
        self.value = max(LOWEST_THRESHOLD_SECONDS, self.value * (1.0 - WEIGHT) ** max(0.0, idle - 1.0))
        self.used_at = now

    def update(self, priorities: Sequence[float], count: int) -> None:
        """Follow a batch of polls with these priorities, of which `count` could be made; a spare call counts 0."""
        marginal = MARGIN * min(priorities) if priorities and len(priorities) >= count else 0.0
        if marginal < inf:
            self.value = max(LOWEST_THRESHOLD_SECONDS, self.value + WEIGHT * (marginal - self.value))


@dataclass
class SuccessRate:
    """The share of the latest downloads that brought their files: a moving average of one process."""

    value: float = 1.0

    @property
    def is_good(self) -> bool:
        """Will the next download rather succeed than fail?"""
        return self.value > 0.5

    def update(self, *, is_success: bool) -> None:
        self.value += RATE_WEIGHT * (is_success - self.value)


@dataclass
class PollerState:
    """What the calls and downloads of one process say of those to come. It outlives a run, which may be short."""

    threshold: PriorityThreshold = field(default_factory=PriorityThreshold)
    downloads: SuccessRate = field(default_factory=SuccessRate)


def score(durations: CompletionTimes, issued_at: datetime, unfinished_at: datetime | None, now: datetime) -> float:
    """Seconds of waiting that each poll saves, if one is made at `now`; 0 where a result is too unlikely."""
    return _score(durations, _seen(issued_at, unfinished_at), (now - issued_at).total_seconds())


def priority(durations: CompletionTimes, candidate: Candidate, now: datetime) -> float:
    """The score of a candidate, or infinity for one that goes before any score."""
    if poll_class(durations, candidate, now) != PollClass.UNCERTAIN:
        return inf
    return score(durations, candidate.issued_at, candidate.unfinished_at, now)


def poll_class(durations: CompletionTimes, candidate: Candidate, now: datetime) -> PollClass:
    """What decides about a candidate at `now`."""
    seen_at, reported_at = candidate.unfinished_at, candidate.reported_at
    if not is_readable(candidate.expires_at, now):
        return PollClass.EXPIRED
    if reported_at and (seen_at is None or seen_at < reported_at + REPORT_HOLDS):
        return PollClass.RESULT_READY
    left, seen = candidate.expires_at - now, _seen(candidate.issued_at, seen_at)
    if left > EXPIRING_WITHIN or seen >= LATEST_COMPLETION_SECONDS:
        return PollClass.UNCERTAIN
    is_closing = left <= LAST_LOOK or durations.chance(seen, LATEST_COMPLETION_SECONDS) >= LEAST_CHANCE
    return PollClass.EXPIRING if is_closing else PollClass.UNCERTAIN


def first_poll(durations: CompletionTimes, issued_at: datetime, expires_at: datetime, now: datetime) -> datetime:
    """Time of the first poll of a new attempt by the lowest threshold. The engine's threshold may put it off."""
    return max(now, _planned(durations, issued_at, 0.0, expires_at, LOWEST_THRESHOLD_SECONDS))


def next_poll(
    durations: CompletionTimes,
    issued_at: datetime,
    unfinished_at: datetime | None,
    expires_at: datetime,
    now: datetime,
    threshold: float,
    *,
    reported_at: datetime | None = None,
) -> datetime:
    """The moment at which the score reaches the threshold; later a last look; and then the end, which costs no call."""
    seen = _seen(issued_at, unfinished_at)
    if seen >= LATEST_COMPLETION_SECONDS:
        planned = _last_look(unfinished_at, expires_at, now)
    elif _score(durations, seen, (now - issued_at).total_seconds()) >= threshold:
        return now + MIN_POLL_GAP
    else:
        planned = max(_planned(durations, issued_at, seen, expires_at, threshold), now + MIN_POLL_GAP)
    if reported_at and now < reported_at + REPORT_HOLDS:
        # The report may come before the vendor's answer: ask again soon, then less and less often.
        planned = min(planned, now + max(now - reported_at, MIN_POLL_GAP))
    return planned


def _last_look(unfinished_at: datetime | None, expires_at: datetime, now: datetime) -> datetime:
    """Ten minutes before the end; if it was put off then, again every minute; and once it was made, after the end."""
    last_look = expires_at - LAST_LOOK
    if now < last_look:
        return last_look
    was_made = unfinished_at is not None and unfinished_at >= last_look
    return max(expires_at + CLOSING_GRACE, now) if was_made or now >= expires_at else now + LAST_LOOK_AGAIN


def choose(
    candidates: Iterable[Candidate], count: int, *, durations: CompletionTimes, now: datetime, threshold: float
) -> list[Candidate]:
    """Up to `count` of the due candidates, the most urgent first.

    Give it several times as many. What it leaves out stays due while it is worth the threshold, or is planned anew.
    """
    lanes: dict[PollClass, list[Candidate]] = {name: [] for name in PollClass}
    for one in sorted(candidates, key=lambda one: one.expires_at):
        if one.unfinished_at is None or now - one.unfinished_at >= MIN_POLL_GAP:
            lanes[poll_class(durations, one, now)].append(one)
    # Where there are fewer places than that, one is kept in some of the seconds only.
    kept = count // EXPIRING_SHARE or int(now.timestamp()) % EXPIRING_SHARE < count
    closing = lanes[PollClass.EXPIRING]
    first = lanes[PollClass.EXPIRED] + closing[:kept] + lanes[PollClass.RESULT_READY]
    return [*first, *_by_score(closing[kept:] + lanes[PollClass.UNCERTAIN], durations, now, threshold)][:count]


def _by_score(
    candidates: Iterable[Candidate], durations: CompletionTimes, now: datetime, threshold: float
) -> list[Candidate]:
    scored = [(score(durations, one.issued_at, one.unfinished_at, now), one) for one in candidates]
    # A last look is only taken while polls are cheap, even if a call is left over.
    worthy = [pair for pair in scored if pair[0] > 0 and (pair[0] != LAST_LOOK_SCORE or threshold <= LAST_LOOK_SCORE)]
    return [one for _, one in sorted(worthy, key=itemgetter(0), reverse=True)]


def _score(durations: CompletionTimes, seen: float, age: float) -> float:
    if seen >= LATEST_COMPLETION_SECONDS:
        return LAST_LOOK_SCORE
    chance = durations.chance(seen, age)
    saved = chance * (age - max(seen, EARLIEST_COMPLETION_SECONDS))
    if age >= LATEST_COMPLETION_SECONDS:
        return saved
    return saved / (2.0 - chance) if chance >= LEAST_CHANCE else 0.0


def _planned(
    durations: CompletionTimes, issued_at: datetime, seen: float, expires_at: datetime, threshold: float
) -> datetime:
    """The moment at which the score reaches the threshold, while there is time: nobody waits for it until too late."""
    chance = durations.chance(seen, LATEST_COMPLETION_SECONDS)
    latest = expires_at - (EXPIRING_WITHIN if chance >= LEAST_CHANCE else LAST_LOOK)
    ages = range(int(seen), LATEST_COMPLETION_SECONDS)
    index = bisect_left(ages, threshold, key=lambda age: _score(durations, seen, age))
    # A chance of nothing would put the moment beyond the calendar.
    waited = max(seen, EARLIEST_COMPLETION_SECONDS) + threshold / max(chance, TINY)
    age = ages[index] if index < len(ages) else max(LATEST_COMPLETION_SECONDS, waited)
    return min(issued_at + timedelta(seconds=age), latest)


def _seen(issued_at: datetime, unfinished_at: datetime | None) -> float:
    """The age at which the check was last found unfinished, in seconds."""
    return max(0.0, (unfinished_at - issued_at).total_seconds()) if unfinished_at else 0.0


def next_try(now: datetime, expires_at: datetime, failures: int) -> datetime:
    """Time of the next call after `failures` failed ones in a row (a call or a download that went wrong)."""
    delay = min(FIRST_RETRY_DELAY * 2 ** min(failures - 1, 10), LONGEST_RETRY_DELAY)
    last_chance = expires_at - FIRST_RETRY_DELAY
    return last_chance if now < last_chance < now + delay else now + delay


def next_check(now: datetime, expires_at: datetime) -> datetime:
    """Time of the next call after a failure that somebody must put right, as a full disk: rarely, sooner at the end."""
    return now + min(LONGEST, max(SHORTEST, (expires_at - now) / 2))


def next_look(now: datetime, expires_at: datetime) -> datetime:
    """Time of the next call where hardly anything is to be expected: rarely, and once before the end."""
    last_chance = expires_at - LAST_LOOK
    return last_chance if now < last_chance < now + LONGEST else now + LONGEST


def is_readable(expires_at: datetime, now: datetime) -> bool:
    """Is asking the vendor still worth a call? A grace after the window allows for an inexact time of issue."""
    return now < expires_at + CLOSING_GRACE
