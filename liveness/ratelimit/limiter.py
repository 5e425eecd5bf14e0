"""The account's call limit, shared by every process: paced slot reservation.

Each call reserves the next slot of one shared line and sleeps until it comes. There is no burst, so the vendor never
sees a full second's calls meet the next second's. Measured over real HTTP with up to 24 processes this kept to 20
arrivals in any second, where eight of nine set-ups of pyrate-limiter, limits and Celery's rate_limit, at the limit
itself, let more through (`bench/arrivals.py`); that is why it is written by hand.

Some share of the limit has to stay unused, for calls spaced at exactly the limit still meet on their way. At a pace of
0.94 a call may be 64 ms later than the others before 21 of them arrive within a second (`1 / pace - 1`), at 0.95 53 ms;
at 0.93 the first slot that a late sleeper loses brings the use below 93 %.

A process stands in the line once, however many threads it has: so every process gets its turn, and a slow-down reaches
everybody within as many slots as there are processes.
"""

import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from django.core.exceptions import ImproperlyConfigured
from django.db import DEFAULT_DB_ALIAS, connections

from liveness import counters
from liveness.app_settings import app_settings
from liveness.ratelimit import conditions as rate_limit_conditions
from liveness.ratelimit.state import farthest
from liveness.ratelimit.stores import PostgresStore, RedisStore, SQLiteStore, Store

# Seconds. The rest of what a call may be late is left to its way to the vendor.
LATE_SECONDS = 0.030


class SlotTimeoutError(Exception):
    """No slot came free in time."""


class Limiter:
    def __init__(self, store: Store, rate_limit: float, pace: float = 1.0) -> None:
        """`rate_limit` is the vendor's: calls a second for the whole account. `pace` is the share of it that is used.

        Raises ImproperlyConfigured unless the limit is positive and the pace a share.
        """
        if rate_limit <= 0:
            raise ImproperlyConfigured("LIVENESS_RATE_LIMIT must be more than 0 calls a second.")
        if not 0 < pace <= 1:
            raise ImproperlyConfigured("LIVENESS_RATE_LIMIT_SHARE must be more than 0 and at most 1.")
        self._store = store
        self._gap = 1 / (rate_limit * pace)
        self._turn = threading.Lock()

    def acquire(self, stop: threading.Event, timeout: float | None = None) -> bool:
        """Wait for a slot. False when `stop` was set meanwhile.

        Raises SlotTimeoutError after `timeout` seconds in the line or behind this process's other threads, StoreError
        when the store does not answer.
        """
        timeout = farthest(self._gap) if timeout is None else timeout
        with self._in_turn(timeout):
            deadline = time.monotonic() + timeout
            while not stop.is_set():
                wait = self._store.reserve(self._gap)
                woken_at = time.monotonic() + wait
                if woken_at > deadline:
                    raise _timed_out(timeout)
                if stop.wait(max(0.0, wait)):
                    return False
                # Whom the machine woke late would crowd the next slot: he takes a new one instead.
                if time.monotonic() - woken_at <= LATE_SECONDS:
                    return True
                counters.count(counters.SLOTS, label="late")
        return False

    def back_off(self) -> None:
        """The vendor refused a call for its frequency: hold everybody's next slot back, and go slower for a while."""
        self._store.refuse()

    def close(self) -> None:
        self._store.close()

    @contextmanager
    def _in_turn(self, timeout: float) -> Iterator[None]:
        if not self._turn.acquire(timeout=timeout):
            raise _timed_out(timeout)
        try:
            yield
        finally:
            self._turn.release()


def account_limiter() -> Limiter:
    """The limiter of this deployment's vendor account.

    Raises ImproperlyConfigured for a database that has no store, and for settings that name none.
    """
    return Limiter(_store(), app_settings.RATE_LIMIT, app_settings.RATE_LIMIT_SHARE)


def _store() -> Store:
    vendor = connections[DEFAULT_DB_ALIAS].vendor
    if app_settings.REDIS_URL:
        return _redis(app_settings.REDIS_URL)
    if app_settings.RATE_LIMIT_FILE or vendor == "sqlite":
        return _opened(app_settings.RATE_LIMIT_FILE or _beside_database())
    if vendor == "postgresql":
        return PostgresStore()
    raise ImproperlyConfigured(
        f"The call limit has no store on {vendor}; set LIVENESS_REDIS_URL, or LIVENESS_RATE_LIMIT_FILE to a path that "
        "all processes share."
    )


def _redis(url: str) -> RedisStore:
    try:
        return RedisStore(url)
    except ValueError:
        raise ImproperlyConfigured(
            "LIVENESS_REDIS_URL is no address of a Redis; it looks like redis://host:6379/0."
        ) from None


def _opened(path: Path) -> SQLiteStore:
    try:
        return SQLiteStore(path)
    except (OSError, sqlite3.Error) as problem:
        found = rate_limit_conditions.look_at_store()
        text = found.text if found else f"The call limit's file cannot be written ({type(problem).__name__})."
        raise ImproperlyConfigured(
            f"{text} Or set LIVENESS_RATE_LIMIT_FILE to another path that all processes share and may write."
        ) from None


def _beside_database() -> Path:
    name = str(connections[DEFAULT_DB_ALIAS].settings_dict["NAME"])
    if name.startswith(":memory:") or "mode=memory" in name:
        return Path(app_settings.MEDIA_ROOT).parent / "pace.sqlite3"
    return Path(name + "-pace")


def _timed_out(timeout: float) -> SlotTimeoutError:
    return SlotTimeoutError(f"no call slot came free within {timeout:.0f} s")
