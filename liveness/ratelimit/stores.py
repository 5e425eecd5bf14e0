"""Where the shared pace is kept: a small SQLite file, a row in PostgreSQL, or a key in Redis.

Each reservation is one short transaction, statement or script, with the store's own clock read inside its lock. What
it works out is `liveness.ratelimit.state`. Reserving raises StoreError when the store does not answer: without a slot
nobody may call.
"""

import sqlite3
import threading
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any, Protocol

from django.db import DEFAULT_DB_ALIAS, DatabaseError, connections

from liveness.ratelimit.state import (
    LOWEST_SHARE,
    RECOVERY_PER_SECOND,
    REFUSAL_PAUSE_SECONDS,
    SHARE_AFTER_REFUSAL,
    RateLimitState,
    farthest,
)

ACCOUNT = "faceid"
# Seconds to wait for a lock that is otherwise held for less than a millisecond.
BUSY_TIMEOUT = 20.0
# Seconds for a connection to Redis and for its answer; a call waits for nothing else as long as this.
REDIS_TIMEOUT = 2.0


class StoreError(Exception):
    """The store of the call slots does not answer."""


class Store(Protocol):
    def reserve(self, gap: float) -> float:
        """Take the next slot; return the seconds until it comes, negative where it has passed.

        `gap` is the interval at full pace.
        """

    def refuse(self) -> None:
        """The vendor refused a call for its frequency: slow everybody down."""

    def close(self) -> None:
        """Let go of the store's connection."""


class SQLiteStore:
    """One row in a small file of its own, so that the wait for a slot never holds the database's write lock."""

    def __init__(self, path: Path) -> None:
        """Raises OSError or sqlite3.Error when the file cannot be written."""
        self._path = path
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch(mode=0o600)
        with closing(self._connect()) as connection:
            # Not in WAL mode: several processes that switch a new file to it at once fail, whatever their time-out.
            connection.execute(
                "CREATE TABLE IF NOT EXISTS pace"
                " (account TEXT PRIMARY KEY, next_at REAL NOT NULL, share REAL NOT NULL, refused_at REAL)"
            )

    def reserve(self, gap: float) -> float:
        return self._change(lambda pace, now: pace.reserved(gap, now))

    def refuse(self) -> None:
        self._change(lambda pace, now: (now, pace.refused(now)))

    def close(self) -> None:
        """Nothing is held between reservations."""

    def _change(self, step: Callable[[RateLimitState, float], tuple[float, RateLimitState]]) -> float:
        """Put the pace in its next state; the seconds until the moment that `step` names."""
        try:
            with closing(self._connect()) as connection:
                connection.execute("BEGIN IMMEDIATE")
                now = time.time()
                row = connection.execute("SELECT next_at, share, refused_at FROM pace").fetchone()
                moment, pace = step(RateLimitState(*row) if row else RateLimitState(now), now)
                values = (ACCOUNT, pace.next_at, pace.share, pace.refused_at)
                connection.execute("REPLACE INTO pace VALUES (?, ?, ?, ?)", values)
                connection.execute("COMMIT")
        except sqlite3.Error as problem:
            raise _store_error("the call limit's file", problem) from None
        # As of now, for a busy disk may have kept the commit until the slot had passed.
        return moment - time.time()

    def _connect(self) -> sqlite3.Connection:
        connection = sqlite3.connect(self._path, timeout=BUSY_TIMEOUT, isolation_level=None)
        # A slot lost in a power cut costs nothing, so no sync to disk.
        connection.execute("PRAGMA synchronous=OFF")
        return connection


class PostgresStore:
    """One row, on a connection of its own: the row lock must end with the reservation, not the caller's commit.

    ON CONFLICT locks the row before it works out the new value, so the clock is read inside the lock. The time limit
    for that lock is set by the same statement, for its own transaction only (as SET LOCAL does): behind a pooler, what
    is set for a session meets other clients.
    """

    _PATIENCE = "set_config('lock_timeout', %(patience)s, true) IS NOT NULL"

    # Of a NULL and a number, LEAST takes the number: without a refusal the share is 1.
    _SHARE = (
        f"least(1, slot.share + {RECOVERY_PER_SECOND} * abs(extract(epoch FROM clock_timestamp() - slot.refused_at)))"
    )
    _RESERVE = f"""
        INSERT INTO liveness_ratelimitslot AS slot (account, next_at)
        SELECT %(account)s, clock_timestamp() + %(gap)s * interval '1 s' WHERE {_PATIENCE}
        ON CONFLICT (account) DO UPDATE SET next_at = %(gap)s / {_SHARE} * interval '1 s' + CASE
            WHEN slot.next_at BETWEEN clock_timestamp() AND clock_timestamp() + %(farthest)s * interval '1 s'
            THEN slot.next_at
            ELSE clock_timestamp() END
        RETURNING extract(epoch FROM next_at - clock_timestamp()) - %(gap)s / {_SHARE}
    """  # noqa: S608
    _REFUSE = f"""
        UPDATE liveness_ratelimitslot AS slot SET
            share = greatest({LOWEST_SHARE}, {SHARE_AFTER_REFUSAL} * {_SHARE}),
            refused_at = clock_timestamp(),
            next_at = greatest(next_at, clock_timestamp()) + {REFUSAL_PAUSE_SECONDS} * interval '1 s'
        WHERE account = %(account)s
            AND {_PATIENCE}
            AND (refused_at IS NULL
                OR abs(extract(epoch FROM clock_timestamp() - refused_at)) >= {REFUSAL_PAUSE_SECONDS})
        RETURNING 0
    """  # noqa: S608

    def __init__(self, alias: str = DEFAULT_DB_ALIAS) -> None:
        self._lock = threading.Lock()
        self._connection = connections[alias].copy()
        self._connection.inc_thread_sharing()

    def reserve(self, gap: float) -> float:
        return float(self._run(self._RESERVE, gap=gap, farthest=farthest(gap)) or 0.0)

    def refuse(self) -> None:
        self._run(self._REFUSE)

    def close(self) -> None:
        self._connection.close()

    def _run(self, sql: str, **values: float) -> float | None:
        with self._lock:
            try:
                with self._connection.cursor() as cursor:
                    patience = f"{BUSY_TIMEOUT * 1000:.0f}"
                    cursor.execute(sql, {"account": ACCOUNT, "patience": patience, **values})
                    row = cursor.fetchone()
            except DatabaseError as problem:
                # The next call starts with a fresh connection.
                self._connection.close()
                raise _store_error("PostgreSQL", problem) from None
        return row[0] if row else None


class RedisStore:
    """One key of its own, changed by one script that runs alone and reads the server's clock."""

    KEY = f"liveness:pace:{ACCOUNT}"
    # Redis cuts a number that a script returns to an integer, and Lua writes one with 14 digits: hence the formats.
    _SCRIPT = f"""
        local time = redis.call('TIME')
        local now = time[1] + time[2] / 1e6
        local stored = redis.call('HMGET', KEYS[1], 'next_at', 'share', 'refused_at')
        local next_at, share, since = tonumber(stored[1]) or now, 1, nil
        if stored[3] then
            since = math.abs(now - stored[3])
            share = math.min(1, stored[2] + {RECOVERY_PER_SECOND} * since)
        end
        if ARGV[1] == 'refuse' then
            if not since or since >= {REFUSAL_PAUSE_SECONDS} then
                redis.call('HSET', KEYS[1],
                    'next_at', string.format('%.6f', math.max(next_at, now) + {REFUSAL_PAUSE_SECONDS}),
                    'share', string.format('%.6f', math.max({LOWEST_SHARE}, {SHARE_AFTER_REFUSAL} * share)),
                    'refused_at', string.format('%.6f', now))
            end
            return '0'
        end
        local slot = now
        if now < next_at and next_at <= now + ARGV[3] then slot = next_at end
        redis.call('HSET', KEYS[1], 'next_at', string.format('%.6f', slot + ARGV[2] / share))
        return string.format('%.6f', slot - now)
    """

    def __init__(self, url: str) -> None:
        """Raises ValueError for what is no Redis address."""
        # Imported here: where the slots are kept elsewhere, nothing needs Redis.
        from redis import Redis
        from redis.backoff import NoBackoff
        from redis.retry import Retry

        # One more try, for a connection that the server or a firewall closed meanwhile. A slot too many costs nothing.
        self._redis = Redis.from_url(
            url, socket_connect_timeout=REDIS_TIMEOUT, socket_timeout=REDIS_TIMEOUT, retry=Retry(NoBackoff(), 1)
        )
        self._script = self._redis.register_script(self._SCRIPT)

    def reserve(self, gap: float) -> float:
        return float(self._run("reserve", gap, farthest(gap)))

    def refuse(self) -> None:
        self._run("refuse")

    def close(self) -> None:
        self._redis.close()

    def _run(self, *arguments: Any) -> Any:
        from redis.exceptions import RedisError

        try:
            return self._script(keys=[self.KEY], args=arguments)
        except RedisError as problem:
            raise _store_error("Redis", problem) from None


def _store_error(name: str, problem: Exception) -> StoreError:
    # Not the problem's own text: it may hold an address with its password.
    return StoreError(f"{name} gives no call slots ({type(problem).__name__})")
