"""A simulated account: tokens issued at random, checks that end or not, and one policy that gets all calls."""

import random
from bisect import bisect_left
from collections.abc import Callable
from dataclasses import dataclass
from heapq import heappop, heappush
from math import inf, log, pi, sin

from bench.common.policies import WINDOW, Policy

HOUR = 3600.0
# The share of the vendor's limit that the limiter uses.
PACE = 0.94
# Durations of checks in seconds, and the share that never ends.
MEDIAN, SIGMA, SHORTEST, LONGEST, NEVER = 150.0, 0.6, 60.0, 600.0, 0.15


@dataclass(frozen=True)
class World:
    """One day. `load` is tokens issued for each call that may be made; times are hours, `outage` minutes."""

    load: float
    swing: float = 0.0
    outage: float = 0.0
    never: float = NEVER
    reported: float = 0.0
    limit: float = 2.0
    warm_up: float = 3.0
    measured: float = 24.0
    seed: int = 1

    @property
    def calls(self) -> float:
        """Calls a second."""
        return self.limit * PACE


@dataclass(frozen=True)
class Figures:
    """Of the tokens issued while it was measured: seconds from the end of a check until it is fetched, and losses."""

    median: float
    p99: float
    finished: int
    lost: int
    used: float


def simulate(world: World, new_policy: Callable[[], Policy]) -> Figures:
    """Run one policy through the day, and on until the last token measured has run out."""
    issued, done = tokens(world)
    fetched = [inf] * len(issued)
    policy, reports = new_policy(), _reports(world, done)
    arrived = polls = 0
    # In the afternoon.
    outage = (world.warm_up + world.measured / 2) * HOUR
    for slot in range(int(_end(world) * world.calls)):
        now = slot / world.calls
        while arrived < len(issued) and issued[arrived] <= now:
            policy.issue(arrived, issued[arrived])
            arrived += 1
        while reports and reports[0][0] <= now:
            policy.report(heappop(reports)[1], now)
        if outage <= now < outage + world.outage * 60:
            continue
        token = policy.choose(now)
        if token is None:
            continue
        polls += 1
        if done[token] <= now:
            fetched[token] = now
            policy.fetched(token, now)
        else:
            policy.unfinished(token, now)
    return figures(world, issued, done, fetched, polls)


def tokens(world: World) -> tuple[list[float], list[float]]:
    """When each token is issued (Poisson), and when its check ends: lognormal within bounds, or never."""
    dice = random.Random(world.seed)
    issued, done, now = [], [], 0.0
    peak = world.calls * world.load * (1 + world.swing)
    while (now := now + dice.expovariate(peak)) < _end(world):
        rate = 1 + world.swing * sin(2 * pi * (now / HOUR - world.warm_up) / 24)
        if dice.random() * (1 + world.swing) < rate:
            issued.append(now)
            done.append(inf if dice.random() < world.never else now + duration(dice))
    return issued, done


def figures(world: World, issued: list[float], done: list[float], fetched: list[float], polls: int) -> Figures:
    first, last = (bisect_left(issued, hours * HOUR) for hours in (world.warm_up, world.warm_up + world.measured))
    ended = [token for token in range(first, last) if done[token] < inf]
    waits = sorted(fetched[token] - done[token] for token in ended if fetched[token] < inf)
    lost = len(ended) - len(waits)
    return Figures(
        waits[len(waits) // 2], waits[len(waits) * 99 // 100], len(ended), lost, polls / (world.calls * _end(world))
    )


def duration(dice: random.Random) -> float:
    """Seconds that one check takes, of those that end."""
    while not SHORTEST <= (seconds := dice.lognormvariate(log(MEDIAN), SIGMA)) <= LONGEST:
        pass
    return seconds


def _reports(world: World, done: list[float]) -> list[tuple[float, int]]:
    dice, reports = random.Random(world.seed + 1), []
    for token, at in enumerate(done):
        if at < inf and dice.random() < world.reported:
            heappush(reports, (at, token))
    return reports


def _end(world: World) -> float:
    return (world.warm_up + world.measured) * HOUR + WINDOW
