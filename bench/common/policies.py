"""The polling policies that `bench/policy_sim.py` sets beside ours (`bench/common/ours.py`).

Times are seconds since the start of the simulation, tokens are numbers in the order of their issue. A policy is told of
every token issued, of every poll that found its check unfinished, and of every report of the app; for each call that
may be made it names a token, or none.
"""

from collections import deque
from collections.abc import Callable
from heapq import heappop, heappush
from typing import Protocol

WINDOW = 7200.0
GAP = 3.0
LAST_LOOK = 600.0


class Policy(Protocol):
    def issue(self, token: int, now: float) -> None: ...

    def report(self, token: int, now: float) -> None: ...

    def choose(self, now: float) -> int | None: ...

    def unfinished(self, token: int, now: float) -> None: ...

    def fetched(self, token: int, now: float) -> None: ...


class Timetable:
    """First come, first served by due time: `first` seconds after issue, and after poll n `again(age, n)` more."""

    def __init__(self, first: float, again: Callable[[float, int], float | None]) -> None:
        self._first = first
        self._again = again
        self._due: list[tuple[float, int]] = []
        self._issued: dict[int, float] = {}
        self._polls: dict[int, int] = {}

    def issue(self, token: int, now: float) -> None:
        self._issued[token] = now
        heappush(self._due, (now + self._first, token))

    def report(self, token: int, now: float) -> None:
        """It knows no reports."""

    def choose(self, now: float) -> int | None:
        while self._due and self._due[0][0] <= now:
            _, token = heappop(self._due)
            if now < self._issued[token] + WINDOW:
                return token
        return None

    def unfinished(self, token: int, now: float) -> None:
        self._polls[token] = polls = self._polls.get(token, 0) + 1
        gap = self._again(now - self._issued[token], polls)
        if gap is not None:
            heappush(self._due, (now + gap, token))

    def fetched(self, token: int, now: float) -> None:
        """It is off the timetable already."""


class EarliestDeadline:
    """Always the open token that expires first, but none twice within the gap."""

    def __init__(self) -> None:
        self._open: list[int] = []
        self._resting: deque[tuple[float, int]] = deque()
        self._issued: dict[int, float] = {}

    def issue(self, token: int, now: float) -> None:
        self._issued[token] = now
        heappush(self._open, token)

    def report(self, token: int, now: float) -> None:
        """It knows no reports."""

    def choose(self, now: float) -> int | None:
        while self._resting and self._resting[0][0] <= now:
            heappush(self._open, self._resting.popleft()[1])
        while self._open:
            token = heappop(self._open)
            if now < self._issued[token] + WINDOW:
                return token
        return None

    def unfinished(self, token: int, now: float) -> None:
        self._resting.append((now + GAP, token))

    def fetched(self, token: int, now: float) -> None:
        """It is out of the heap already."""


def fixed() -> Policy:
    """Every 30 s."""
    return Timetable(30, lambda age, polls: 30)


def backoff() -> Policy:
    """After 30 s, and then after twice the pause before, up to half an hour."""
    return Timetable(30, lambda age, polls: min(30.0 * 2**polls, 1800))


def one_shot() -> Policy:
    """Once when every check that will end has ended, and for the others once more before the window closes."""
    return Timetable(610, lambda age, polls: max(WINDOW - LAST_LOOK - age, GAP) if polls == 1 else None)


PEERS: dict[str, Callable[[], Policy]] = {
    "fixed 30 s": fixed,
    "backoff": backoff,
    "deadline": EarliestDeadline,
    "one-shot": one_shot,
}
