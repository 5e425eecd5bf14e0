"""What else goes wrong on the bad day: clocks, a paused process, an unmounted volume, a region that is refused."""

import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from bench.common.rig import Rig

HOUR = 3600.0
# What a media host does that is away: for the first half it answers at once, for the second it does not answer at all.
AWAY = ({"fault": "html", "status": 503, "scope": "media"}, {"fault": "stall", "scope": "media"})
# Seconds of the world for which a process is paused: longer than a lease lasts on the fast clock.
PAUSE_SECONDS = 12.0
REFUSED_REGION = "ap-jakarta"
# When the volume goes and comes back, on a day of three hours.
UNMOUNTED = (5400.0, 6000.0)


@dataclass
class Troubles:
    """Each of them once, at its moment of the day: seconds of the fast clock after the begin of a day of three hours.

    A shorter day has the same troubles at the same shares of its length.
    """

    rig: "Rig"
    done: int = 0
    beside: int = 0
    _paused: tuple[subprocess.Popen[bytes], float] | None = None
    _events: list[tuple[float, Callable[[], object]]] = field(default_factory=list)

    def __post_init__(self) -> None:
        scale = self._scale
        self._events = sorted(((begin * scale, event) for begin, event in self._day()), key=lambda event: event[0])

    def go_on(self, since: float) -> None:
        """Cause what is due."""
        while self._events and self._events[0][0] <= since:
            self._events.pop(0)[1]()
            self.done += 1
        if self._paused and time.monotonic() >= self._paused[1]:
            self._paused[0].send_signal(signal.SIGCONT)
            self._paused = None

    @property
    def unmounted(self) -> tuple[float, float]:
        """From when until when the volume is away."""
        return UNMOUNTED[0] * self._scale, UNMOUNTED[1] * self._scale

    @property
    def _scale(self) -> float:
        return self.rig.course.seconds / (3 * HOUR)

    def _day(self) -> Iterator[tuple[float, Callable[[], object]]]:
        yield 60, self._refuse_a_region
        for begin, seconds in ((600, HOUR), (1200, 0.0), (1500, -HOUR), (2100, 0.0), (7500, HOUR), (7800, 0.0)):
            yield begin, lambda seconds=seconds: self.rig.clock_file(0).write_text(str(seconds))
        for begin, seconds in ((900, HOUR), (1800, -HOUR)):
            yield begin, lambda seconds=seconds: self._run_once_with_a_wrong_clock(seconds)
        yield 5000, self._pause
        yield UNMOUNTED[0], self._unmount
        yield UNMOUNTED[1], self._mount

    def _refuse_a_region(self) -> None:
        for _ in range(5):
            token = self.rig.register("never_finishes", None, region=REFUSED_REGION)
            fault = {"fault": "error", "code": "UnsupportedRegion", "token": token, "times": None}
            self.rig.control("POST", "faults", fault)

    def _run_once_with_a_wrong_clock(self, seconds: float) -> None:
        clock = self.rig.directory / f"clock-of-a-run-{seconds:.0f}"
        clock.write_text(str(seconds))
        self.rig.start("--no-progress", clock=clock)

    def _pause(self) -> None:
        victim = self.rig.workers[-1]
        victim.send_signal(signal.SIGSTOP)
        self._paused = victim, time.monotonic() + PAUSE_SECONDS

    def _unmount(self) -> None:
        self._volume.rename(self._aside)

    def _mount(self) -> None:
        # What was written beside the mount would hide under it.
        if self._volume.exists():
            self.beside += sum(path.is_file() for path in self._volume.rglob("*"))
            self._volume.rename(self._volume.with_name("written-beside-the-mount"))
        self._aside.rename(self._volume)

    @property
    def _volume(self) -> Path:
        return self.rig.directory / "evidence"

    @property
    def _aside(self) -> Path:
        return self.rig.directory / "evidence-of-another-day"
