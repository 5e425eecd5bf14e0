"""One common end for everything an HTTP exchange does: name look-up, connect, TLS, headers and body."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Self

from liveness.client.errors import DeadlineError

_end: ContextVar[float | None] = ContextVar("total_deadline", default=None)


@dataclass(frozen=True)
class Deadline:
    """A moment on the monotonic clock, or None for never."""

    end: float | None

    @classmethod
    def current(cls) -> Self:
        """The deadline of the enclosing `total_deadline`, if there is one."""
        return cls(_end.get())

    def is_over(self) -> bool:
        return self.end is not None and time.monotonic() >= self.end

    def bound(self, seconds: float | None) -> float | None:
        """`seconds` (None: for ever) cut down to what is left; raises DeadlineError when nothing is."""
        if self.end is None:
            return seconds
        left = self.end - time.monotonic()
        if left <= 0:
            raise deadline_error()
        return left if seconds is None else min(seconds, left)


@contextmanager
def total_deadline(seconds: float) -> Iterator[None]:
    """Every exchange begun inside ends within `seconds`, its body included. Nested, the earlier end counts.

    It bounds the sessions of `build_session`; an answer keeps its deadline when its body is read later.
    """
    end, outer = time.monotonic() + seconds, _end.get()
    reset = _end.set(end if outer is None else min(end, outer))
    try:
        yield
    finally:
        _end.reset(reset)


def deadline_error() -> DeadlineError:
    return DeadlineError("Network.Deadline", "the exchange was cut at its total deadline; try again later.")
