"""The sandbox's own time, which may run faster than the world's."""

import threading
import time


class SandboxClock:
    """Unix time that runs `speed` times as fast as real time from the moment it is made."""

    def __init__(self, speed: float = 1.0) -> None:
        if speed <= 0:
            raise ValueError("The clock's speed must be greater than zero.")
        self.speed = speed
        self._started_at = time.time()
        self._base = time.monotonic()
        self._advanced = 0.0
        self._lock = threading.Lock()

    def now(self) -> float:
        """Unix seconds in the sandbox."""
        return self._started_at + (time.monotonic() - self._base) * self.speed + self._advanced

    def advance(self, seconds: float) -> None:
        """Jump forward (or, with a negative number, back) by so many sandbox seconds."""
        with self._lock:
            self._advanced += seconds
