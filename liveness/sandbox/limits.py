"""The account's rate limit, and the log of who called when."""

import hashlib
import threading
from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from liveness.sandbox.faults import Fault

WINDOW = 1.0
KEPT = 100_000


class SlidingWindow:
    """At most `limit` accepted calls in any half-open window of one second of real time; None means no limit."""

    def __init__(self, limit: int | None) -> None:
        self.limit = limit
        self.rejected = 0
        self._accepted: deque[float] = deque()
        self._lock = threading.Lock()

    def accept(self, at: float) -> bool:
        """Whether a call that arrived at monotonic time `at` is within the limit; a refused one uses nothing."""
        with self._lock:
            while self._accepted and self._accepted[0] <= at - WINDOW:
                self._accepted.popleft()
            if self.limit is not None and len(self._accepted) >= self.limit:
                self.rejected += 1
                return False
            self._accepted.append(at)
            return True


@dataclass(frozen=True)
class Call:
    """One request.

    `at` is the monotonic time of its arrival, `code` the vendor's error code, `OK`, or an HTTP status, and `faults`
    names the injected faults that spoilt its answer.
    """

    at: float
    action: str
    code: str
    token_digest: str = ""
    faults: tuple[str, ...] = ()


def token_digest(token: str) -> str:
    """A short name for a token that does not give it away."""
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).hexdigest()[:12] if token else ""


class CallLog:
    """The last hundred thousand requests, refused ones included, in the order of their answers."""

    def __init__(self) -> None:
        self._calls: deque[Call] = deque(maxlen=KEPT)

    def add(self, *, at: float, action: str, code: str, token: str, faults: Iterable[Fault] = ()) -> None:
        names = tuple(fault.name for fault in faults)
        self._calls.append(Call(at, action, code, token_digest(token), names))

    def clear(self) -> None:
        self._calls.clear()

    def of(self, token: str) -> list[Call]:
        """The calls about one token."""
        return [call for call in self if call.token_digest == token_digest(token)]

    @property
    def codes(self) -> list[str]:
        return [call.code for call in self]

    def busiest_second(self) -> int:
        """The most arrivals, refused ones included, in any half-open window of one second."""
        window: deque[float] = deque()
        most = 0
        for at in sorted(call.at for call in self):
            window.append(at)
            while window[0] <= at - WINDOW:
                window.popleft()
            most = max(most, len(window))
        return most

    def __iter__(self) -> Iterator[Call]:
        return iter(self._calls.copy())

    def __len__(self) -> int:
        return len(self._calls)
