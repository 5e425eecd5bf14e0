"""A stretch of time that comes round again and again."""

import time


class Interval:
    """So many seconds, over and over."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self.restart()

    @property
    def is_over(self) -> bool:
        return time.monotonic() - self._begun > self._seconds

    def restart(self) -> None:
        self._begun = time.monotonic()
