"""Counting calls by the second, and the body of a process that takes permits (it must import no models)."""

import threading
import time

from liveness.refresh.limiter import Limiter, SQLiteStore


def most_in_a_second(times: list[float]) -> int:
    """The most events in any half-open second."""
    times = sorted(times)
    return max(sum(1 for other in times[index:] if other < start + 1) for index, start in enumerate(times))


def take_permits(path, rate_limit, seconds, results):
    stop, pace, times = threading.Event(), Limiter(SQLiteStore(path), rate_limit), []
    end = time.time() + seconds
    while time.time() < end:
        pace.acquire(stop)
        times.append(time.time())
    results.put(times)
