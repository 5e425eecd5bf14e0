"""`manage.py` on a clock that runs faster than the world's, and that may be set while it runs.

    python -m bench.common.fast SPEED STARTED_AT liveness_refresh --watch

`STARTED_AT` is the moment (Unix seconds) at which all clocks of a run agreed; the sandbox's `--speed` is the same. The
file that BENCH_CLOCK_FILE names holds the seconds by which this machine's clock is wrong.
"""

import os
import sys
import time
from datetime import UTC, datetime, timedelta
from math import inf
from pathlib import Path

# A busy machine answers within so many seconds of the world.
SLACK_SECONDS = 5.0
# Seconds of the world between two looks at the file.
CLOCK_FILE_SECONDS = 0.2


def hurry(speed: float, started_at: float) -> None:
    """Let the clocks of Django and of the app run `speed` times as fast. To be called before Django is set up."""
    from django.utils import timezone

    from liveness import clock
    from liveness.client.faceid import FaceIdClient

    def fast(unix: float) -> float:
        return started_at + (unix - started_at) * speed

    def slow(unix: float) -> float:
        return started_at + (unix - started_at) / speed

    def unix(_: object = None) -> float:
        return fast(time.time()) + _wrong_by()

    observe, make_client = clock.CheckedClock.observe, FaceIdClient.__init__
    timezone.now = lambda: datetime.fromtimestamp(unix(), UTC)
    clock.SystemClock.unix = unix
    clock.SystemClock.monotonic = lambda _: time.monotonic() * speed
    # The sandbox dates its answers, and checks signatures, by the world's clock.
    clock.CheckedClock.observe = lambda self, vendor_unix, **more: observe(self, fast(vendor_unix), **more)
    FaceIdClient.__init__ = lambda self, *args, clock=time.time, **more: make_client(
        self, *args, clock=lambda: slow(clock()), **more
    )
    clock.TOLERANCE_SECONDS = max(clock.TOLERANCE_SECONDS, SLACK_SECONDS * speed)


class _WrongClock:
    """By how many seconds this machine's clock is wrong, read from the file now and then: each look costs time."""

    seconds = 0.0
    read_at = -inf


def _wrong_by() -> float:
    now = time.monotonic()
    if now - _WrongClock.read_at >= CLOCK_FILE_SECONDS:
        _WrongClock.read_at = now
        try:
            _WrongClock.seconds = float(Path(os.environ["BENCH_CLOCK_FILE"]).read_text())
        except (KeyError, OSError, ValueError):
            _WrongClock.seconds = 0.0
    return _WrongClock.seconds


def main() -> None:
    speed, started_at = float(sys.argv[1]), float(sys.argv[2])
    hurry(speed, started_at)
    import django
    from django.core.management import execute_from_command_line

    django.setup()
    from liveness.models import run
    from liveness.polling import leases
    from liveness.worker import heartbeat, work_queue

    heartbeat.socket.gethostname = lambda: os.environ.get("BENCH_HOST", "host")
    work_queue.IDLE_SECONDS /= speed
    # As rare as a busy machine can keep: a run must not seem dead because it did not get a processor.
    heartbeat.SIGN_OF_LIFE_SECONDS = max(1.0, heartbeat.SIGN_OF_LIFE_SECONDS / speed)
    run.SILENT_AFTER = timedelta(seconds=max(SLACK_SECONDS, run.SILENT_AFTER.total_seconds() / speed))
    leases.SILENT_NEAR_END_AFTER = timedelta(seconds=max(2.5, leases.SILENT_NEAR_END_AFTER.total_seconds() / speed))
    execute_from_command_line(["manage.py", *sys.argv[3:]])


if __name__ == "__main__":
    main()
