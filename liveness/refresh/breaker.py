"""What the calls of one run say about the vendor as a whole, and when a call makes sense again.

A circuit breaker (M. Nygard, "Release It!"): after so many failed calls in a row nobody calls, so that an outage burns
few slots and puts off only the attempts whose calls failed; then one caller at a time probes, less and less often and
each time for another attempt, lest one that always fails keep it open. The first answer closes it.
"""

import threading
import time
from collections.abc import Callable

from liveness.client.errors import FaceIdError
from liveness.exceptions import AccountError, OutageError

# So many failed calls in a row mean an outage, so many refused tokens in a row a wrong account or region.
OUTAGE = 8
ALL_REFUSED = 10
# Seconds between two probes, at first and at most.
FIRST_PAUSE = 5.0
LONGEST_PAUSE = 60.0
TICK = 0.2


class Breaker:
    """Counts what happens in a row, over all threads of a run.

    `is_patient`: an outage is waited out. Otherwise it raises OutageError, for a run that somebody starts again anyway.
    `is_wary`: the last run ended by an outage, so that this one begins with a probe.
    """

    def __init__(
        self, *, is_patient: bool = False, is_wary: bool = False, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._is_patient = is_patient
        self._clock = clock
        self._lock = threading.Lock()
        self._failures = OUTAGE if is_wary else 0
        self._refusals = 0
        self._answers = 0
        self._pause = FIRST_PAUSE
        self._next_probe = 0.0

    @property
    def is_open(self) -> bool:
        """Is the vendor held to be out of reach?"""
        return self._failures >= OUTAGE

    def admit(self, stop: threading.Event) -> bool:
        """Wait until a call makes sense; False when `stop` was set meanwhile."""
        while not stop.is_set():
            wait = self._wait()
            if wait <= 0:
                return True
            stop.wait(min(wait, TICK))
        return False

    def failed(self, problem: FaceIdError) -> None:
        """A call that the network or the vendor failed. Raises OutageError when there were too many in a row."""
        with self._lock:
            self._failures += 1
            if not self.is_open:
                return
            # Calls that were under way when it opened are no probes, and make none rarer.
            self._next_probe = max(self._next_probe, self._clock() + FIRST_PAUSE)
        if not self._is_patient:
            raise OutageError(f"the vendor is out of reach ({problem.code}, {OUTAGE} calls in a row)")

    def refused(self) -> None:
        """A token that the vendor does not know. Raises AccountError when it has known none so far."""
        with self._lock:
            self._close()
            self._refusals += 1
            if self._refusals >= ALL_REFUSED and not self._answers:
                raise AccountError(
                    f"the vendor knows none of {self._refusals} tokens; check LIVENESS_REGION and the account's key"
                )

    def answered(self) -> None:
        """A call that brought an answer about a token."""
        with self._lock:
            self._close()
            self._answers += 1

    def reached(self) -> None:
        """A call that brought something else of the vendor's: he is there."""
        with self._lock:
            self._close()

    def _close(self) -> None:
        self._failures, self._pause, self._next_probe = 0, FIRST_PAUSE, 0.0

    def _wait(self) -> float:
        with self._lock:
            if not self.is_open:
                return 0.0
            wait = self._next_probe - self._clock()
            if wait <= 0:
                # This caller probes; the others wait for what it finds.
                self._pause = min(2 * self._pause, LONGEST_PAUSE)
                self._next_probe = self._clock() + self._pause
            return wait
