"""The three stores against the arithmetic they share, over real databases and a real Redis."""

import multiprocessing
import socket
import sqlite3
import threading
import time
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from django.db import connection, transaction
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from redis import Redis

from liveness.models import RateLimitSlot
from liveness.ratelimit import stores
from liveness.ratelimit.state import RateLimitState
from liveness.ratelimit.stores import ACCOUNT, PostgresStore, RedisStore, SQLiteStore, StoreError
from tests.conftest import missing
from tests.liveness.ratelimit.pacing import reserve_slots
from tests.with_redis import redis_program, redis_server

# Half seconds, so that no threshold of the arithmetic is near while a busy machine takes its time.
halves = st.integers(-100, 100).map(lambda seconds: seconds + 0.5)
# An example for which the machine took longer than this says nothing.
STALL = 0.4
paces = st.builds(RateLimitState, halves, st.floats(0.3, 1), st.none() | halves)


class SQLiteShelf:
    """The store, and what it holds, written and read behind its back."""

    def __init__(self, path):
        self.path, self.store = path, SQLiteStore(path)

    def put(self, pace):
        with sqlite3.connect(self.path) as direct:
            values = (ACCOUNT, pace.next_at, pace.share, pace.refused_at)
            direct.execute("REPLACE INTO pace VALUES (?, ?, ?, ?)", values)

    def get(self):
        with sqlite3.connect(self.path) as direct:
            return RateLimitState(*direct.execute("SELECT next_at, share, refused_at FROM pace").fetchone())


class PostgresShelf:
    def __init__(self):
        self.store = PostgresStore()

    def put(self, pace):
        values = {"next_at": _moment(pace.next_at), "share": pace.share, "refused_at": _moment(pace.refused_at)}
        RateLimitSlot.objects.update_or_create(account=ACCOUNT, defaults=values)

    def get(self):
        row = RateLimitSlot.objects.get()
        return RateLimitState(row.next_at.timestamp(), row.share, row.refused_at and row.refused_at.timestamp())


class RedisShelf:
    def __init__(self, url):
        self.direct, self.store = Redis.from_url(url, decode_responses=True), RedisStore(url)
        self.direct.flushdb()

    def put(self, pace):
        self.direct.delete(RedisStore.KEY)
        fields = {"next_at": pace.next_at, "share": pace.share, "refused_at": pace.refused_at}
        self.direct.hset(RedisStore.KEY, mapping={name: value for name, value in fields.items() if value is not None})

    def get(self):
        stored = self.direct.hgetall(RedisStore.KEY)
        return RateLimitState(
            *(float(stored[name]) if name in stored else None for name in ("next_at", "share", "refused_at"))
        )


def _moment(seconds):
    return None if seconds is None else datetime.fromtimestamp(seconds, UTC)


def later(pace, seconds):
    return replace(
        pace,
        next_at=pace.next_at + seconds,
        refused_at=None if pace.refused_at is None else pace.refused_at + seconds,
    )


@pytest.fixture
def start():
    """So far ahead that no stall of a busy machine reaches it."""
    return time.time() + 30


@pytest.fixture(scope="module")
def redis_url():
    program = redis_program() or missing("redis-server is not installed")
    with redis_server(program) as url:
        yield url


ON_POSTGRES = (pytest.mark.postgres, pytest.mark.django_db(transaction=True))


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=ON_POSTGRES), "redis"])
def shelf(request, tmp_path):
    if request.param == "sqlite":
        shelf = SQLiteShelf(tmp_path / "pace.sqlite3")
    elif request.param == "redis":
        shelf = RedisShelf(request.getfixturevalue("redis_url"))
        request.addfinalizer(shelf.direct.close)
    else:
        if connection.vendor != "postgresql":
            pytest.skip("this store is PostgreSQL's; `make test` runs it there")
        shelf = PostgresShelf()
    request.addfinalizer(shelf.store.close)
    return shelf


CHECKS = [HealthCheck.function_scoped_fixture, HealthCheck.filter_too_much]


@settings(max_examples=30, suppress_health_check=CHECKS)
@given(pace=paces, gap=st.sampled_from([0.01, 0.05, 1.0, 7.3]))
def test_every_store_reserves_as_the_arithmetic_says(shelf, pace, gap):
    now = time.time()
    shelf.put(later(pace, now))
    wait, found = shelf.store.reserve(gap), shelf.get()
    assume(time.time() - now < STALL)
    slot, expected = later(pace, now).reserved(gap, now)
    assert wait == pytest.approx(slot - now, abs=STALL)
    assert found.next_at == pytest.approx(expected.next_at, abs=STALL)
    assert found.share == pytest.approx(pace.share, abs=1e-4)


@settings(max_examples=30, suppress_health_check=CHECKS)
@given(pace=paces)
def test_every_store_takes_a_refusal_as_the_arithmetic_says(shelf, pace):
    now = time.time()
    shelf.put(later(pace, now))
    shelf.store.refuse()
    found = shelf.get()
    assume(time.time() - now < STALL)
    expected = later(pace, now).refused(now)
    assert found.next_at == pytest.approx(expected.next_at, abs=STALL)
    assert found.share == pytest.approx(expected.share, abs=0.01)
    assert found.refused_at == (expected.refused_at and pytest.approx(expected.refused_at, abs=STALL))


def test_slots_are_evenly_spaced(shelf, start):
    shelf.put(RateLimitState(start))
    for _ in range(4):
        shelf.store.reserve(0.5)
    assert shelf.get().next_at == pytest.approx(start + 4 * 0.5, abs=0.001)


def test_a_refusal_slows_everybody_down(shelf, start):
    shelf.put(RateLimitState(start))
    shelf.store.refuse()
    assert shelf.get().next_at == pytest.approx(start + 1, abs=0.001)
    shelf.store.reserve(0.7)
    assert shelf.get().next_at == pytest.approx(start + 1 + 0.7 / 0.7, abs=0.1)


def test_threads_share_one_pace(shelf, start):
    shelf.put(RateLimitState(start))
    threads = [threading.Thread(target=shelf.store.reserve, args=(0.3,)) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert shelf.get().next_at == pytest.approx(start + 6 * 0.3, abs=0.001)


@pytest.mark.parametrize("kind", ["sqlite", "redis"])
def test_several_processes_never_reserve_one_slot_twice(kind, tmp_path, request):
    """The slots themselves, so that a busy machine cannot spoil it; `bench/arrivals.py` counts real arrivals."""
    gap, count = 0.1, 40
    if kind == "redis":
        shelf = RedisShelf(address := request.getfixturevalue("redis_url"))
        request.addfinalizer(shelf.direct.close)
    else:
        shelf = SQLiteShelf(address := tmp_path / "pace.sqlite3")
    started = time.time()
    context = multiprocessing.get_context("spawn")
    processes = [context.Process(target=reserve_slots, args=(kind, address, gap, count)) for _ in range(3)]
    for process in processes:
        process.start()
    for process in processes:
        process.join()
    end_of_line = time.time() + shelf.store.reserve(gap)
    shelf.store.close()
    assert end_of_line - started >= 3 * count * gap


def test_many_can_open_a_new_file_at_once(tmp_path):
    opened, start = [], threading.Barrier(12)

    def open_store():
        start.wait()
        opened.append(SQLiteStore(tmp_path / "new.sqlite3").reserve(0.001))

    threads = [threading.Thread(target=open_store) for _ in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(opened) == 12


def test_a_file_that_stays_locked_is_a_store_that_does_not_answer(tmp_path, monkeypatch):
    monkeypatch.setattr(stores, "BUSY_TIMEOUT", 0.1)
    store = SQLiteStore(tmp_path / "pace.sqlite3")
    holder = sqlite3.connect(tmp_path / "pace.sqlite3", isolation_level=None)
    holder.execute("BEGIN EXCLUSIVE")
    with pytest.raises(StoreError, match="OperationalError"):
        store.reserve(0.1)
    holder.close()
    assert store.reserve(0.1) <= 0


def test_redis_may_forget_its_scripts_and_close_its_connections(redis_url, start):
    shelf = RedisShelf(redis_url)
    shelf.put(RateLimitState(start))
    shelf.store.reserve(0.5)
    shelf.direct.script_flush()
    shelf.direct.execute_command("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes")
    shelf.store.reserve(0.5)
    assert shelf.get().next_at == pytest.approx(start + 1, abs=0.001)
    shelf.store.close()
    shelf.direct.close()


def test_a_redis_that_is_silent_or_away_is_told_soon_and_without_its_password(monkeypatch):
    monkeypatch.setattr(stores, "REDIS_TIMEOUT", 0.1)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        address = f"redis://:s3cret@127.0.0.1:{silent.getsockname()[1]}/0"
        for _ in range(2):
            store = RedisStore(address)
            with pytest.raises(StoreError) as told:
                store.reserve(0.1)
            assert "s3cret" not in str(told.value)
            assert told.value.__suppress_context__
            store.close()
            silent.close()


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
@pytest.mark.skipif(connection.vendor != "postgresql", reason="this store is PostgreSQL's; `make test` runs it there")
class TestPostgresStore:
    def test_connections_share_one_pace(self, start):
        PostgresShelf().put(RateLimitState(start))
        for _ in range(3):
            store = PostgresStore()
            store.reserve(0.3)
            store.close()
        assert RateLimitSlot.objects.get().next_at.timestamp() == pytest.approx(start + 3 * 0.3, abs=0.001)

    def test_a_row_that_stays_locked_is_a_store_that_does_not_answer(self, monkeypatch):
        monkeypatch.setattr(stores, "BUSY_TIMEOUT", 0.1)
        store = PostgresStore()
        store.reserve(0.1)
        with transaction.atomic():
            RateLimitSlot.objects.select_for_update().get()
            with pytest.raises(StoreError, match="OperationalError"):
                store.reserve(0.1)
        assert store.reserve(0.1) < 1
        store.close()

    def test_a_lost_connection_is_replaced(self):
        store = PostgresStore()
        store.reserve(0.1)
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                "WHERE pid <> pg_backend_pid() AND datname = current_database()"
            )
        with pytest.raises(StoreError):
            store.reserve(0.1)
        assert store.reserve(0.1) < 1
        store.close()
