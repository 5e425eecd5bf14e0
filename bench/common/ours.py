"""Our polling policy as the engine runs it, for `bench/policy_sim.py`: the same functions, window and order.

What the engine does beside results, fetching files again and closing what ran out, is not here but in
`bench/chaos.py`.
"""

from collections import deque
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from heapq import heappop, heappush

from bench.common.policies import WINDOW
from liveness.polling import policy
from liveness.polling.completion_times import LATEST_COMPLETION_SECONDS, CompletionCounts, lognormal
from liveness.polling.policy import Candidate, PriorityThreshold

EPOCH = datetime(2026, 1, 1, tzinfo=UTC)
# As in the engine, four candidates for each call, and a batch that is polled in a second.
BATCH, BREADTH = 2, 4
# As in the engine, but a sample is enough here.
LEARN_EVERY, LEARN_LAG, HALF_LIFE, SAMPLE = 600.0, 600.0, 86_400.0, 4


class Ours:
    def __init__(self, *, is_learning: bool = True) -> None:
        self._durations = lognormal()
        self._price = PriorityThreshold()
        self._open: dict[int, Candidate] = {}
        self._due: dict[int, datetime] = {}
        self._queue: list[tuple[datetime, int]] = []
        self._reported: list[tuple[datetime, int]] = []
        self._ages: deque[int] = deque()
        self._chosen: deque[int] = deque()
        self._lessons = Lessons() if is_learning else None

    def issue(self, token: int, now: float) -> None:
        issued_at, expires_at = _at(now), _at(now + WINDOW)
        self._open[token] = Candidate(token, issued_at, None, expires_at)
        self._plan(token, policy.first_poll(self._durations, issued_at, expires_at, issued_at))
        self._ages.append(token)
        if self._lessons:
            self._lessons.issued.append((token, now))

    def report(self, token: int, now: float) -> None:
        if token in self._open:
            self._open[token] = replace(self._open[token], reported_at=_at(now))
            if token not in self._chosen:
                self._plan(token, _at(now))

    def choose(self, now: float) -> int | None:
        if self._lessons and self._lessons.are_due(now):
            self._durations = self._lessons.learn(now).durations()
        if not self._chosen:
            self._choose(_at(now))
        return self._chosen.popleft() if self._chosen else None

    def unfinished(self, token: int, now: float) -> None:
        one = self._open[token] = replace(self._open[token], unfinished_at=_at(now))
        if self._lessons:
            self._lessons.unfinished[token] = (one.unfinished_at - one.issued_at).total_seconds()
        self._plan(token, self._next(one, _at(now)))

    def fetched(self, token: int, now: float) -> None:
        one = self._open.pop(token)
        self._due.pop(token, None)
        if self._lessons:
            self._lessons.finished[token] = (_at(now) - one.issued_at).total_seconds()

    def _choose(self, now: datetime) -> None:
        taken = self._taken(now)
        closing = [token for token in self._closing(now) if token not in taken]
        window = [self._open[token] for token in (*taken, *closing)]
        among = policy.choose(window, BATCH, durations=self._durations, now=now, threshold=self._price.value)
        self._price.update([policy.priority(self._durations, one, now) for one in among], BATCH)
        self._chosen.extend(one.id for one in among)
        for one in window:
            if one.id in self._chosen:
                del self._due[one.id]
            elif (planned := self._next(one, now)) > now + policy.MIN_POLL_GAP:
                self._plan(one.id, planned)
            elif one.id in taken:
                self._plan(one.id, taken[one.id])

    def _taken(self, now: datetime) -> dict[int, datetime]:
        """The most overdue of the reported ones and of all, taken off their queues, with their due times."""
        taken: dict[int, datetime] = {}
        for queue, most in ((self._reported, BATCH), (self._queue, BREADTH * BATCH)):
            end = len(taken) + most
            while len(taken) < end and queue and queue[0][0] <= now:
                due, token = heappop(queue)
                if self._due.get(token) == due and now < self._open[token].expires_at:
                    taken[token] = due
        return taken

    def _closing(self, now: datetime) -> list[int]:
        """The due ones that expire first, of those that nobody has looked at after the last could have ended."""
        while self._ages and self._is_settled(self._ages[0], now):
            self._ages.popleft()
        edge, closing = now + policy.EXPIRING_WITHIN, []
        for token in self._ages:
            one = self._open.get(token)
            if len(closing) == BATCH or (one and one.expires_at > edge):
                break
            if one and not self._is_settled(token, now) and self._due.get(token, edge) <= now:
                closing.append(token)
        return closing

    def _is_settled(self, token: int, now: datetime) -> bool:
        one = self._open.get(token)
        if one is None or now >= one.expires_at:
            return True
        return one.unfinished_at is not None and one.unfinished_at - one.issued_at >= timedelta(
            seconds=LATEST_COMPLETION_SECONDS
        )

    def _next(self, one: Candidate, now: datetime) -> datetime:
        return policy.next_poll(
            self._durations,
            one.issued_at,
            one.unfinished_at,
            one.expires_at,
            now,
            self._price.value,
            reported_at=one.reported_at,
        )

    def _plan(self, token: int, due: datetime) -> None:
        self._due[token] = due
        queue = self._reported if self._open[token].reported_at else self._queue
        heappush(queue, (due, token))


class Lessons:
    """What `liveness.polling.completion_statistics` would take from the table: every few minutes, whole cohorts."""

    def __init__(self) -> None:
        self.issued: deque[tuple[int, float]] = deque()
        self.unfinished: dict[int, float] = {}
        self.finished: dict[int, float] = {}
        self._counts = CompletionCounts()
        self._next_at = LEARN_EVERY

    def are_due(self, now: float) -> bool:
        return now >= self._next_at

    def learn(self, now: float) -> CompletionCounts:
        self._next_at = now + LEARN_EVERY
        intervals, unfinished = [], 0
        while self.issued and self.issued[0][1] + WINDOW + LEARN_LAG <= now:
            token = self.issued.popleft()[0]
            seen, ended = self.unfinished.pop(token, 0.0), self.finished.pop(token, None)
            if token % SAMPLE == 0 and ended is not None:
                intervals.append((seen, ended))
            elif token % SAMPLE == 0:
                unfinished += seen >= LATEST_COMPLETION_SECONDS
        faded = self._counts.faded(0.5 ** (LEARN_EVERY / HALF_LIFE))
        self._counts = faded.with_seen(intervals, unfinished)
        return self._counts


def _at(now: float) -> datetime:
    return EPOCH + timedelta(seconds=now)
