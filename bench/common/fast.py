"""`manage.py` on a clock that runs faster than the world's.

    python -m bench.common.fast SPEED STARTED_AT liveness_refresh --watch

`STARTED_AT` is the moment (Unix seconds) at which all clocks of a run agreed; the sandbox's `--speed` is the same.
"""

import sys
from datetime import timedelta


def hurry(speed: float, started_at: float) -> None:
    """Let Django's clock run `speed` times as fast. To be called before the app is imported."""
    from django.utils import timezone

    real = timezone.now

    def now():
        current = real()
        return current + timedelta(seconds=(current.timestamp() - started_at) * (speed - 1))

    timezone.now = now


def main() -> None:
    speed, started_at = float(sys.argv[1]), float(sys.argv[2])
    hurry(speed, started_at)
    import django
    from django.core.management import execute_from_command_line

    django.setup()
    from liveness.refresh import feed, runs

    feed.IDLE /= speed
    runs.RENEW_EVERY /= speed
    execute_from_command_line(["manage.py", *sys.argv[3:]])


if __name__ == "__main__":
    main()
