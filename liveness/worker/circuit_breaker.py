"""What the calls of one account and region say about the vendor, and when a call makes sense again.

A circuit breaker (M. Nygard, "Release It!"). It opens only when several different attempts agree, so that one attempt
that always fails stops nothing but itself. While it is open no call is made; then one caller at a time probes, less and
less often and each time with another attempt. The first answer closes it.
"""

import threading
import time
from collections.abc import Callable

from liveness.app_settings import app_settings
from liveness.client.errors import FaceIdError

# Failed calls in a row that mean an outage, and unknown tokens in a row that mean a wrong account or region.
OUTAGE_FAILURES = 8
UNKNOWN_TOKENS = 10
# Different attempts that must agree before anything but themselves is held back.
AGREEING_ATTEMPTS = 3
# Seconds between two probes, at first and at most.
FIRST_PAUSE_SECONDS = 5.0
LONGEST_PAUSE_SECONDS = 60.0
WAIT_SECONDS = 0.2

MonotonicClock = Callable[[], float]


class CircuitBreaker:
    """Counts what happens in a row with one account and region, over all threads and runs of a process."""

    def __init__(self, region: str = "", clock: MonotonicClock = time.monotonic) -> None:
        self.region = region
        self._clock = clock
        self._state = threading.Condition()
        self._failures = 0
        self._failing: set[int] = set()
        self._refusing: set[int] = set()
        self._refusal_code = ""
        self._unknown: set[int] = set()
        self.has_answered = False
        self._in_flight = 0
        self._pause = FIRST_PAUSE_SECONDS
        self._next_probe = 0.0
        self.problem: FaceIdError | None = None

    @property
    def is_outage(self) -> bool:
        """Do several attempts agree that the vendor cannot be reached?"""
        return self._failures >= OUTAGE_FAILURES and len(self._failing) >= AGREEING_ATTEMPTS

    @property
    def refused_attempts(self) -> frozenset[int]:
        """The attempts whose calls were refused, if the last call was."""
        with self._state:
            return frozenset(self._refusing)

    @property
    def is_refused(self) -> bool:
        """Do several attempts agree that the vendor refuses this account in this region?"""
        return len(self._refusing) >= AGREEING_ATTEMPTS

    @property
    def is_open(self) -> bool:
        return self.is_outage or self.is_refused

    @property
    def is_blocked(self) -> bool:
        """Is no call to be made now, not even a probe?"""
        return self.is_open and self._clock() < self._next_probe

    @property
    def is_doubtful(self) -> bool:
        """Has the vendor known none of so many tokens that the account or the region may be wrong?"""
        return len(self._unknown) >= UNKNOWN_TOKENS and not self.has_answered

    def wait_until_allowed(self, stop: threading.Event) -> bool:
        """May a call be made now? A caller that gets True calls `leave` when its call is over.

        After a first refusal one call at a time is made, until it is clear whether others are refused too.
        """
        with self._state:
            while self._refusing and not self.is_open and self._in_flight and not stop.is_set():
                self._state.wait(WAIT_SECONDS)
            if stop.is_set() or self.is_blocked:
                return False
            if self.is_open:
                # This caller probes; the others wait for what it finds.
                self._pause = min(2 * self._pause, LONGEST_PAUSE_SECONDS)
                self._next_probe = self._clock() + self._pause
            self._in_flight += 1
        return True

    def leave(self) -> None:
        """The admitted call is over, whatever came of it."""
        with self._state:
            self._in_flight -= 1
            self._state.notify_all()

    def record_failure(self, attempt_id: int, problem: FaceIdError) -> None:
        """The network or the vendor failed the call."""
        with self._state:
            self._failures += 1
            self._failing.add(attempt_id)
            self._note(problem, self.is_outage, FIRST_PAUSE_SECONDS)

    def record_refusal(self, attempt_id: int, problem: FaceIdError) -> None:
        """The vendor refused the key, the permission or the region: an operator must act."""
        with self._state:
            self._failures, self._failing = 0, set()
            if self._refusal_code != problem.code:
                self._refusing.clear()
            self._refusal_code = problem.code
            self._refusing.add(attempt_id)
            self._note(problem, self.is_refused, LONGEST_PAUSE_SECONDS)

    def record_unknown(self, attempt_id: int) -> None:
        """The vendor does not know the token."""
        with self._state:
            self._close()
            self._unknown.add(attempt_id)

    def record_answer(self) -> None:
        """The vendor answered about a token."""
        with self._state:
            self._close()
            self._unknown.clear()
            self.has_answered = True

    def record_contact(self) -> None:
        """The vendor responded, though not with an answer: it is reachable."""
        with self._state:
            self._failures, self._failing = 0, set()

    def _note(self, problem: FaceIdError, is_open: bool, pause: float) -> None:
        self.problem = problem
        if is_open:
            # Calls that were under way when it opened are no probes, and make none rarer.
            self._next_probe = max(self._next_probe, self._clock() + pause)

    def _close(self) -> None:
        self._failures, self._failing, self._refusing = 0, set(), set()
        self._pause, self._next_probe, self.problem = FIRST_PAUSE_SECONDS, 0.0, None


class CircuitBreakers:
    """One breaker for each API key and region, kept by a process from one run to the next."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._all: dict[tuple[str, str], CircuitBreaker] = {}

    def of(self, region: str) -> CircuitBreaker:
        key = (app_settings.SECRET_ID, region)
        with self._lock:
            return self._all.setdefault(key, CircuitBreaker(region))

    def current(self) -> list[CircuitBreaker]:
        """Those of the API key that is in use."""
        with self._lock:
            return [one for (secret_id, _), one in self._all.items() if secret_id == app_settings.SECRET_ID]

    def blocked_regions(self) -> set[str]:
        """The regions in which no call is to be made now."""
        return {one.region for one in self.current() if one.is_blocked}
