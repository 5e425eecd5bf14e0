"""Processes that call as often as their limiter lets them, over kept connections, with a few threads each."""

import threading
import time
from collections.abc import Callable
from http.client import HTTPConnection
from multiprocessing import get_context
from multiprocessing.synchronize import Barrier
from pathlib import Path
from typing import Any

from bench.common.clients import HOST
from bench.common.endings import deaf_children

THREADS = 2
PATIENCE = 120.0
# Wait for a permit, and say that the call was refused.
Permits = tuple[Callable[[], Any], Callable[[], Any]]


def call_together(kind: str, address: str, *, limit: int, pace: float, callers: int, port: int, seconds: float) -> None:
    """Let so many processes call for so long, all from the same moment on."""
    context = get_context("spawn")
    ready = context.Barrier(callers + 1)
    arguments = (kind, address, limit, pace, port, seconds, ready)
    processes = [context.Process(target=_call, args=(number, *arguments)) for number in range(callers)]
    try:
        with deaf_children():
            for process in processes:
                process.start()
        ready.wait(PATIENCE)
        for process in processes:
            process.join()
    finally:
        for process in processes:
            process.terminate()


def _call(
    number: int, kind: str, address: str, limit: int, pace: float, port: int, seconds: float, ready: Barrier
) -> None:
    stop = threading.Event()
    acquire, refused = KINDS[kind](address, limit, pace, stop)
    # A library's wait cannot be cancelled: such a thread ends with the process.
    threads = [
        threading.Thread(target=_loop, args=(number, port, acquire, refused, stop), daemon=True) for _ in range(THREADS)
    ]
    ready.wait(PATIENCE)
    for thread in threads:
        thread.start()
    time.sleep(seconds)
    stop.set()


def _loop(number: int, port: int, acquire: Callable, refused: Callable, stop: threading.Event) -> None:
    connection = HTTPConnection(HOST, port)
    connection.connect()
    while acquire() is not False and not stop.is_set():
        connection.request("GET", f"/{number}")
        response = connection.getresponse()
        response.read()
        if response.status == 429:
            refused()


def _ours(store: Any, limit: int, pace: float, stop: threading.Event) -> Permits:
    from liveness.ratelimit.limiter import Limiter

    limiter = Limiter(store, limit, pace)
    return lambda: limiter.acquire(stop), limiter.back_off


def _set_up(database: str = "sqlite://:memory:") -> None:
    """The app as a host has it. The limiter counts into its tables, though only an engine's run writes them."""
    import django
    import environ
    from django.conf import settings

    apps = ["django.contrib.auth", "django.contrib.contenttypes", "liveness"]
    settings.configure(DATABASES={"default": environ.Env.db_url_config(database)}, INSTALLED_APPS=apps)
    django.setup()


def _sqlite(address: str, *rest: Any) -> Permits:
    _set_up()
    from liveness.ratelimit.stores import SQLiteStore

    return _ours(SQLiteStore(Path(address)), *rest)


def _postgres(address: str, *rest: Any) -> Permits:
    _set_up(address)
    from liveness.ratelimit.stores import PostgresStore

    return _ours(PostgresStore(), *rest)


def _redis(address: str, *rest: Any) -> Permits:
    _set_up()
    from liveness.ratelimit.stores import RedisStore

    return _ours(RedisStore(address), *rest)


def _pyrate(address: str, limit: int, pace: float, stop: threading.Event) -> Permits:
    from pyrate_limiter import Duration, Limiter, Rate, RedisBucket
    from redis import Redis

    bucket = RedisBucket.init([Rate(limit, Duration.SECOND)], Redis.from_url(address), "pyrate")
    limiter = Limiter(bucket)
    return lambda: limiter.try_acquire("faceid"), lambda: None


def _limits(address: str, limit: int, pace: float, stop: threading.Event) -> Permits:
    from limits import RateLimitItemPerSecond
    from limits.storage import RedisStorage
    from limits.strategies import MovingWindowRateLimiter

    limiter, item = MovingWindowRateLimiter(RedisStorage(address)), RateLimitItemPerSecond(limit)

    def acquire() -> None:
        while not limiter.hit(item, "faceid"):
            time.sleep(max(0.001, limiter.get_window_stats(item, "faceid").reset_time - time.time()))

    return acquire, lambda: None


KINDS = {"SQLite": _sqlite, "PostgreSQL": _postgres, "Redis": _redis, "pyrate-limiter": _pyrate, "limits": _limits}
