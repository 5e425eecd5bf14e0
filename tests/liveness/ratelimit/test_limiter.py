import threading
import time

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.db import connection

from liveness.ratelimit import limiter
from liveness.ratelimit.limiter import Limiter, SlotTimeoutError
from liveness.ratelimit.stores import PostgresStore, RedisStore, SQLiteStore


@pytest.fixture
def store(tmp_path):
    return SQLiteStore(tmp_path / "pace.sqlite3")


class Line:
    """A store that notes how many wait in its line at once, and never makes anybody wait long."""

    def __init__(self):
        self.waiting, self.most, self.reserved = 0, 0, 0

    def reserve(self, gap):
        self.reserved += 1
        self.waiting += 1
        self.most = max(self.most, self.waiting)
        return 0.01


class Sleeper(threading.Event):
    """A stop that nobody sets; who waits for it has left the line when it wakes."""

    def __init__(self, line):
        super().__init__()
        self.line = line

    def wait(self, timeout=None):
        time.sleep(timeout or 0)
        self.line.waiting -= 1
        return False


@pytest.mark.parametrize(
    ("rate_limit", "pace", "named"),
    [(0, 1, "RATE_LIMIT"), (-1, 1, "RATE_LIMIT"), (20, 0, "RATE_LIMIT_SHARE"), (20, 1.01, "RATE_LIMIT_SHARE")],
)
def test_a_rate_that_is_no_rate_is_refused(store, rate_limit, pace, named):
    with pytest.raises(ImproperlyConfigured, match=f"LIVENESS_{named}"):
        Limiter(store, rate_limit, pace)


def test_calls_keep_the_configured_share_of_the_limit(store):
    limiter, stop, started = Limiter(store, 100, 0.5), threading.Event(), time.monotonic()
    for _ in range(11):
        assert limiter.acquire(stop)
    # Two clocks are compared, which may differ a little.
    assert time.monotonic() - started >= 0.95 * 10 / 50


def test_a_refusal_by_the_vendor_holds_everybody_back(store):
    store.reserve(0.01)
    Limiter(store, 20).back_off()
    assert 0 < store.reserve(0.01) <= 1.02


def test_a_process_stands_in_the_line_once_however_many_threads_it_has():
    line = Line()
    limiter, stop = Limiter(line, 20), Sleeper(line)
    threads = [threading.Thread(target=limiter.acquire, args=(stop,)) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert line.reserved >= 8
    assert line.most == 1


def test_waiting_for_a_slot_can_be_cancelled(store):
    """By whoever waits for the slot as well as by those behind him."""
    limiter, stop, answers = Limiter(store, 20), threading.Event(), []
    store.reserve(30)
    threads = [threading.Thread(target=lambda: answers.append(limiter.acquire(stop))) for _ in range(4)]
    for thread in threads:
        thread.start()
    time.sleep(0.05)
    stop.set()
    for thread in threads:
        thread.join(5)
    assert answers == [False] * 4


def test_a_stopped_run_reserves_nothing(store):
    stop = threading.Event()
    stop.set()
    assert Limiter(store, 20).acquire(stop) is False
    assert store.reserve(1) <= 0


def test_waiting_for_a_slot_has_an_end(store):
    store.reserve(50)
    with pytest.raises(SlotTimeoutError):
        Limiter(store, 20).acquire(threading.Event(), timeout=0.1)


def test_waiting_behind_another_thread_has_an_end_too(store):
    limiter, stop = Limiter(store, 20), threading.Event()
    store.reserve(30)
    first = threading.Thread(target=limiter.acquire, args=(stop,))
    first.start()
    time.sleep(0.05)
    with pytest.raises(SlotTimeoutError):
        limiter.acquire(stop, timeout=0.1)
    stop.set()
    first.join()


def test_the_wait_behind_another_thread_is_not_counted_as_one_for_a_slot(store, monkeypatch):
    monkeypatch.setattr("liveness.ratelimit.limiter.LATE_SECONDS", 10.0)
    limiter, stop = Limiter(store, 1), threading.Event()
    limiter.acquire(stop)
    first = threading.Thread(target=limiter.acquire, args=(stop,))
    first.start()
    time.sleep(0.05)
    # A second behind the other thread and one in the line.
    assert limiter.acquire(stop, timeout=1.5)
    first.join()


def test_a_sleeper_that_wakes_late_takes_a_new_slot(store):
    class Sluggish(threading.Event):
        waits = 0

        def wait(self, timeout=None):
            self.waits += 1
            time.sleep((timeout or 0) + (0.1 if self.waits == 1 else 0))
            return False

    stop = Sluggish()
    assert Limiter(store, 20).acquire(stop)
    assert stop.waits >= 2


def test_a_slot_that_passed_while_it_was_reserved_is_not_used():
    class Slow:
        waits = [-0.1, -0.1, 0.01]

        def reserve(self, gap):
            return self.waits.pop(0)

    store = Slow()
    assert Limiter(store, 20).acquire(threading.Event())
    assert store.waits == []


@pytest.mark.django_db
class TestAccountLimiter:
    @pytest.mark.parametrize(
        ("redis_url", "pace_file", "vendor", "expected"),
        [
            ("redis://127.0.0.1:1/0", "pace", "postgresql", RedisStore),
            ("", "pace", "postgresql", SQLiteStore),
            ("", "", "sqlite", SQLiteStore),
            ("", "", "postgresql", PostgresStore),
        ],
    )
    def test_the_settings_choose_the_store(
        self, settings, monkeypatch, tmp_path, redis_url, pace_file, vendor, expected
    ):
        settings.LIVENESS_REDIS_URL = redis_url
        settings.LIVENESS_RATE_LIMIT_FILE = pace_file and tmp_path / pace_file
        monkeypatch.setattr(connection, "vendor", vendor)
        limiter.account_limiter()
        assert type(limiter._store()) is expected

    def test_a_database_without_a_store_is_told_what_to_set(self, settings, monkeypatch):
        settings.LIVENESS_RATE_LIMIT_FILE = ""
        monkeypatch.setattr(connection, "vendor", "oracle")
        with pytest.raises(ImproperlyConfigured, match="LIVENESS_RATE_LIMIT_FILE"):
            limiter.account_limiter()

    def test_an_address_that_is_no_redis_is_told_without_its_password(self, settings):
        settings.LIVENESS_REDIS_URL = "http://:s3cret@127.0.0.1/"
        with pytest.raises(ImproperlyConfigured, match="LIVENESS_REDIS_URL") as told:
            limiter.account_limiter()
        assert "s3cret" not in str(told.value)
