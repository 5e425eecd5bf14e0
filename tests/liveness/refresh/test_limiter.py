import multiprocessing
import threading
import time

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.db import connection

from liveness.models import CallSlot
from liveness.refresh import limiter
from liveness.refresh.limiter import Limiter, PostgresStore, SlotTimeoutError, SQLiteStore
from tests.liveness.refresh.pacing import reserve_slots


@pytest.fixture
def store(tmp_path):
    return SQLiteStore(tmp_path / "pace.sqlite3")


def test_several_processes_never_reserve_one_slot_twice(store, tmp_path):
    """The slots themselves, so that a busy machine cannot spoil it; `bench/arrivals.py` counts real arrivals."""
    gap, count, started = 0.1, 40, time.time()
    context = multiprocessing.get_context("spawn")
    arguments = (tmp_path / "pace.sqlite3", gap, count)
    processes = [context.Process(target=reserve_slots, args=arguments) for _ in range(3)]
    for process in processes:
        process.start()
    for process in processes:
        process.join()
    end_of_line = time.time() + store.reserve(gap)
    assert end_of_line - started >= 3 * count * gap


def test_many_can_open_a_new_store_at_once(tmp_path):
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


def test_slots_are_evenly_spaced(store):
    waits = [store.reserve(0.5) for _ in range(4)]
    assert waits == pytest.approx([0, 0.5, 1.0, 1.5], abs=0.2)


def test_a_clock_that_was_set_back_blocks_nobody(store, monkeypatch):
    store.reserve(0.1)
    monkeypatch.setattr(limiter.time, "time", lambda: 1_000_000.0)
    assert store.reserve(0.1) == 0


def test_calls_that_are_rarer_than_a_minute_keep_their_distance(store):
    waits = [store.reserve(30.0) for _ in range(6)]
    assert waits == pytest.approx([0, 30, 60, 90, 120, 150], abs=0.5)


@pytest.mark.parametrize("rate_limit", [0, -1])
def test_a_rate_that_is_no_rate_is_refused(store, rate_limit):
    with pytest.raises(ImproperlyConfigured, match="LIVENESS_RATE_LIMIT"):
        Limiter(store, rate_limit)


def test_a_refusal_by_the_vendor_holds_everybody_back(store):
    store.reserve(0.01)
    Limiter(store, 20).back_off(5.0)
    assert store.reserve(0.01) == pytest.approx(5.0, abs=0.5)


def test_waiting_for_a_slot_can_be_cancelled(store):
    stop = threading.Event()
    stop.set()
    store.push_back(0)
    store.reserve(30)
    assert Limiter(store, 20).acquire(stop) is False


def test_waiting_for_a_slot_has_an_end(store):
    store.reserve(50)
    with pytest.raises(SlotTimeoutError):
        Limiter(store, 20).acquire(threading.Event(), timeout=0.1)


def test_a_sleeper_that_wakes_late_takes_a_new_slot(store):
    class Sluggish(threading.Event):
        waits = 0

        def wait(self, timeout=None):
            self.waits += 1
            time.sleep((timeout or 0) + (0.1 if self.waits == 1 else 0))
            return False

    stop = Sluggish()
    assert Limiter(store, 20).acquire(stop)
    assert stop.waits == 2


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
class TestPostgresStore:
    @pytest.fixture(autouse=True)
    def _needs_postgres(self):
        if connection.vendor != "postgresql":
            pytest.skip("this store is PostgreSQL's; `make test` runs it there")

    @pytest.fixture
    def store(self):
        store = PostgresStore()
        yield store
        store.close()

    def test_slots_are_evenly_spaced(self, store):
        waits = [store.reserve(0.5) for _ in range(4)]
        assert waits == pytest.approx([0, 0.5, 1.0, 1.5], abs=0.2)

    def test_an_absurdly_distant_slot_is_forgotten(self, store):
        store.reserve(0.1)
        store.push_back(3600)
        assert store.reserve(0.1) == 0

    def test_threads_and_connections_share_one_pace(self, store):
        other, waits = PostgresStore(), []
        threads = [
            threading.Thread(target=lambda mine=mine: waits.append(mine.reserve(0.2)))
            for mine in (store, other, store, other)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        other.close()
        assert sorted(waits) == pytest.approx([0, 0.2, 0.4, 0.6], abs=0.15)
        assert CallSlot.objects.count() == 1

    def test_a_lost_connection_is_replaced(self, store):
        store.reserve(0.1)
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                "WHERE pid <> pg_backend_pid() AND datname = current_database()"
            )
        with pytest.raises(Exception):  # noqa: B017
            store.reserve(0.1)
        assert store.reserve(0.1) >= 0


@pytest.mark.django_db
def test_a_database_without_a_store_is_told_what_to_set(settings, monkeypatch):
    settings.LIVENESS_PACE_FILE = ""
    monkeypatch.setattr(connection, "vendor", "oracle")
    with pytest.raises(ImproperlyConfigured, match="LIVENESS_PACE_FILE"):
        limiter.account_limiter()
