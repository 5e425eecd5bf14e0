"""How long it takes after a SIGKILL until another worker goes on with what the dead one held.

    .venv/bin/python bench/recovery.py [--kills 50] [--workers 5]

Real processes (`liveness_refresh --watch`), PostgreSQL and the sandbox, on the world's clock. Media are slow, so that
every worker always holds some attempts. A worker is killed, and another takes its place; for each attempt that the dead
worker held, the time is measured until another run has leased it. The floor is the half minute of silence after which a
run counts as dead, less the age of its last sign of life. Needs PostgreSQL; about six minutes. Exit 1 when an aim is
missed by a factor of 2 or more.
"""

import argparse
import random
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from statistics import quantiles

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from bench.common.course import SCENARIOS, Course
from bench.common.databases import fresh
from bench.common.endings import end_cleanly
from bench.common.report import Line, at_most, beside, progress, report
from bench.common.rig import Rig

SILENT_SECONDS = 30.0
# Seconds of the world between two kills.
PAUSE_SECONDS = 5.0
# Seconds after which an attempt counts as never taken.
PATIENCE_SECONDS = 120.0
# Seconds between two attempts that come, and since each of their tokens was issued.
ARRIVAL_SECONDS, ISSUED_AGO = 0.9, 400.0
SLOW = {"fault": "delay", "scope": "media", "seconds": 6.0}
P95, LONGEST = at_most(45.0 / SILENT_SECONDS), at_most(60.0 / SILENT_SECONDS)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kills", type=int, default=50)
    parser.add_argument("--workers", type=int, default=5)
    options = parser.parse_args()
    end_cleanly()
    course = Course(load=0.4, speed=1.0, workers=options.workers, faults=(SLOW,))
    with tempfile.TemporaryDirectory(prefix="bench-rig-") as directory, fresh("postgres") as url:
        rig = Rig(course, url, Path(directory))
        with rig.running():
            waits = list(Killing(rig, options.kills).waits())
    p95, longest = quantiles(waits, n=20)[-1], max(waits)
    return report(
        [
            Line("attempts that dead workers held", len(waits), ""),
            beside("until another worker has it, p95 / silence", p95, SILENT_SECONDS, "s", P95),
            beside("until another worker has it, longest / silence", longest, SILENT_SECONDS, "s", LONGEST),
        ]
    )


class Killing:
    """Kills workers one after the other, and watches what becomes of the attempts that each of them held."""

    def __init__(self, rig: Rig, kills: int) -> None:
        self._rig = rig
        self._left = kills
        self._random = random.Random(rig.course.seed)
        self._watched: dict[int, tuple[str, float]] = {}

    def waits(self) -> Iterator[float]:
        """Seconds from each kill until another run has each of the attempts."""
        self._rig.begin()
        next_kill, next_arrival = time.monotonic() + 2 * PAUSE_SECONDS, time.monotonic()
        while self._left or self._watched:
            if self._left and time.monotonic() >= next_arrival:
                # Somebody who has finished already, so that there are files to fetch.
                self._rig.register(SCENARIOS[0], 0.0, issued_ago=ISSUED_AGO)
                next_arrival += ARRIVAL_SECONDS
            if self._left and time.monotonic() >= next_kill:
                self._kill()
                next_kill = time.monotonic() + PAUSE_SECONDS
            yield from self._taken()
            time.sleep(0.1)

    def _kill(self) -> None:
        from liveness.models import VerificationAttempt, WorkerRun

        killed = self._rig.kill(self._random.randrange(len(self._rig.workers)))
        self._left -= 1
        dead = WorkerRun.objects.filter(host=killed).values_list("id", flat=True).first()
        held = VerificationAttempt.objects.filter(lease_run=dead or "none").values_list("id", flat=True)
        self._watched |= {id_: (str(dead), time.monotonic()) for id_ in held}
        progress(f"{self._left} kills to go; {len(self._watched)} attempts wait for another worker")

    def _taken(self) -> Iterator[float]:
        from liveness.models import VerificationAttempt

        now = time.monotonic()
        rows = VerificationAttempt.objects.filter(id__in=self._watched).values_list("id", "lease_run")
        for id_, run in rows:
            dead, killed_at = self._watched[id_]
            if run != dead or now - killed_at > PATIENCE_SECONDS:
                del self._watched[id_]
                yield now - killed_at


if __name__ == "__main__":
    sys.exit(main())
