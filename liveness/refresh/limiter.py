"""The account's call limit, shared by every process: paced slot reservation.

Each call reserves the next slot of one shared row, `gap` seconds after the one before, and sleeps until it comes. There
is no burst, so the vendor never sees a full second's calls meet the next second's. Measured over real HTTP with up to
24 processes this kept to 20 arrivals in any second, where eleven of fourteen library set-ups (pyrate-limiter, limits,
throttled-py, Celery's rate_limit) let more through; that is why it is written by hand.

The clock is the store's own (PostgreSQL's, or this host's for SQLite), read inside the lock. A slot that lies
absurdly far ahead, after a clock step or a crowd of dead waiters, is forgotten.
"""

import sqlite3
import threading
import time
from contextlib import closing
from pathlib import Path
from typing import Protocol

from django.core.exceptions import ImproperlyConfigured
from django.db import DEFAULT_DB_ALIAS, DatabaseError, connections

from liveness.app_settings import app_settings

ACCOUNT = "faceid"
# The share of the limit that is used. Strict spacing at the limit itself still lets 21 calls meet in a second.
PACE = 0.93
# Seconds ahead beyond which a slot cannot be meant: the clock was set back, or a crowd of waiters died.
FARTHEST = 60.0
FARTHEST_SLOTS = 20
LATE = 0.030
BUSY_TIMEOUT = 20.0


class Store(Protocol):
    def reserve(self, gap: float) -> float:
        """Take the next slot; return the seconds until it comes."""

    def push_back(self, seconds: float) -> None:
        """Let no slot come within `seconds` from now."""

    def close(self) -> None:
        """Let go of the store's connection."""


class SlotTimeoutError(Exception):
    """No slot came free in time."""


class Limiter:
    def __init__(self, store: Store, rate_limit: float) -> None:
        """`rate_limit` is the vendor's: calls a second for the whole account. ImproperlyConfigured unless positive."""
        if rate_limit <= 0:
            raise ImproperlyConfigured("LIVENESS_RATE_LIMIT must be more than 0 calls a second.")
        self._store = store
        self._gap = 1 / (rate_limit * PACE)

    def acquire(self, stop: threading.Event, timeout: float | None = None) -> bool:
        """Wait for a slot. False when `stop` was set meanwhile; raises SlotTimeoutError after `timeout` seconds."""
        timeout = farthest(self._gap) if timeout is None else timeout
        deadline = time.monotonic() + timeout
        while True:
            wait = self._store.reserve(self._gap)
            if time.monotonic() + wait > deadline:
                raise SlotTimeoutError(f"no call slot came free within {timeout:.0f} s")
            woken_at = time.monotonic() + wait
            if stop.wait(wait):
                return False
            # A sleeper that the machine woke late would crowd the next slot: it takes a new one instead.
            if time.monotonic() - woken_at <= LATE:
                return True

    def back_off(self, seconds: float = 1.0) -> None:
        """The vendor refused a call for its frequency: hold everybody's next slot back."""
        self._store.push_back(seconds)

    def close(self) -> None:
        self._store.close()


class SQLiteStore:
    """One row in a small file of its own, so that the wait for a slot never holds the database's write lock."""

    def __init__(self, path: Path) -> None:
        self._path = path
        path.parent.mkdir(parents=True, exist_ok=True)
        with closing(self._connect()) as connection:
            # Not in WAL mode: several processes that switch a new file to it at once fail, whatever their time-out.
            connection.execute("CREATE TABLE IF NOT EXISTS slot (account TEXT PRIMARY KEY, next_at REAL NOT NULL)")

    def reserve(self, gap: float) -> float:
        with closing(self._connect()) as connection:
            connection.execute("BEGIN IMMEDIATE")
            now = time.time()
            row = connection.execute("SELECT next_at FROM slot WHERE account = ?", (ACCOUNT,)).fetchone()
            slot = _slot(row[0] if row else now, now, gap)
            connection.execute("REPLACE INTO slot VALUES (?, ?)", (ACCOUNT, slot + gap))
            connection.execute("COMMIT")
        return slot - now

    def push_back(self, seconds: float) -> None:
        with closing(self._connect()) as connection:
            connection.execute(
                "UPDATE slot SET next_at = max(next_at, ?) WHERE account = ?",
                (time.time() + seconds, ACCOUNT),
            )

    def close(self) -> None:
        """Nothing is held between reservations."""

    def _connect(self) -> sqlite3.Connection:
        connection = sqlite3.connect(self._path, timeout=BUSY_TIMEOUT, isolation_level=None)
        # A slot lost in a power cut costs nothing, so no sync to disk.
        connection.execute("PRAGMA synchronous=OFF")
        return connection


class PostgresStore:
    """One row, on a connection of its own: the row lock must end with the reservation, not the caller's commit.

    ON CONFLICT locks the row before it works out the new value, so the clock is read inside the lock.
    """

    _RESERVE = """
        INSERT INTO liveness_callslot AS slot (account, next_at)
        VALUES (%(account)s, clock_timestamp() + %(gap)s * interval '1 s')
        ON CONFLICT (account) DO UPDATE SET next_at = %(gap)s * interval '1 s' + CASE
            WHEN slot.next_at BETWEEN clock_timestamp() AND clock_timestamp() + %(farthest)s * interval '1 s'
            THEN slot.next_at
            ELSE clock_timestamp() END
        RETURNING extract(epoch FROM next_at - clock_timestamp()) - %(gap)s
    """
    _PUSH_BACK = """
        UPDATE liveness_callslot SET next_at = greatest(next_at, clock_timestamp() + %(gap)s * interval '1 s')
        WHERE account = %(account)s RETURNING 0
    """

    def __init__(self, alias: str = DEFAULT_DB_ALIAS) -> None:
        self._lock = threading.Lock()
        self._connection = connections[alias].copy()
        self._connection.inc_thread_sharing()

    def reserve(self, gap: float) -> float:
        return max(0.0, float(self._run(self._RESERVE, gap) or 0.0))

    def push_back(self, seconds: float) -> None:
        self._run(self._PUSH_BACK, seconds)

    def close(self) -> None:
        self._connection.close()

    def _run(self, sql: str, gap: float) -> float | None:
        with self._lock:
            try:
                with self._connection.cursor() as cursor:
                    cursor.execute(sql, {"account": ACCOUNT, "gap": gap, "farthest": farthest(gap)})
                    row = cursor.fetchone()
            except DatabaseError:
                # The next call starts with a fresh connection.
                self._connection.close()
                raise
        return row[0] if row else None


def account_limiter() -> Limiter:
    """The limiter of this deployment's vendor account.

    Raises ImproperlyConfigured for a database that has no store.
    """
    vendor = connections[DEFAULT_DB_ALIAS].vendor
    if app_settings.PACE_FILE or vendor == "sqlite":
        return Limiter(_opened(app_settings.PACE_FILE or _beside_database()), app_settings.RATE_LIMIT)
    if vendor == "postgresql":
        return Limiter(PostgresStore(), app_settings.RATE_LIMIT)
    raise ImproperlyConfigured(
        f"The call limit has no store on {vendor}; set LIVENESS_PACE_FILE to a path that all processes share."
    )


def _opened(path: Path) -> SQLiteStore:
    try:
        return SQLiteStore(path)
    except (OSError, sqlite3.Error) as problem:
        raise ImproperlyConfigured(
            f"The call limit's file cannot be written ({type(problem).__name__}); set LIVENESS_PACE_FILE to a path "
            "that all processes share and may write."
        ) from None


def _beside_database() -> Path:
    name = str(connections[DEFAULT_DB_ALIAS].settings_dict["NAME"])
    if name.startswith(":memory:") or "mode=memory" in name:
        return Path(app_settings.MEDIA_ROOT).parent / "pace.sqlite3"
    return Path(name + "-pace")


def farthest(gap: float) -> float:
    """How many seconds ahead a slot may lie: a minute, or more where calls are rarer than that."""
    return max(FARTHEST, FARTHEST_SLOTS * gap)


def _slot(next_at: float, now: float, gap: float) -> float:
    return next_at if now < next_at <= now + farthest(gap) else now
