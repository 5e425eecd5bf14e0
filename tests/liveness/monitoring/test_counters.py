"""Counts of all processes: kept in memory, written in sums, lost by no failure of the database."""

import os
import subprocess
import sys
import threading

import pytest
from django.db import OperationalError, connection
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st

from liveness import counters
from liveness.attempts import life_cycle
from liveness.audit import Actor
from liveness.client.errors import Fault
from liveness.models import CounterValue, MediaKind, StoredMedia
from tests.builders import make_attempt, make_result

pytestmark = [pytest.mark.django_db, pytest.mark.postgres]
COUNTING = """
import sys, django
django.setup()
from liveness import counters
sys.stdin.readline()
for step in range(40):
    names = [counters.CALLS, counters.SLOTS, counters.LOST]
    for counter in names[step % 3:] + names[:step % 3]:
        for label in counter.labels:
            counters.count(counter, label=label)
    counters.observe(counters.PERMIT_WAIT, step / 10)
    assert counters.flush()
"""


@pytest.fixture(autouse=True)
def _own_buffer(monkeypatch):
    monkeypatch.setattr(counters, "_buffer", counters.Buffer())


def refuse(amounts):
    raise OperationalError("the database is locked")


def test_it_adds_up_what_was_counted():
    counters.count(counters.CALLS, label="ok")
    counters.count(counters.CALLS, 2, label="ok")
    counters.count(counters.DOWNLOAD_BYTES, 500)
    assert counters.flush()
    counters.count(counters.CALLS, label="ok")
    assert counters.flush()
    found = counters.read()
    assert found["liveness_calls"] == {"ok": 4.0}
    assert found["liveness_download_bytes"] == {"": 500.0}


def test_every_fault_of_a_call_has_a_label():
    for fault in Fault:
        counters.count(counters.CALLS, label=fault)
    counters.flush()
    assert counters.read()["liveness_calls"] == {fault.value: 1.0 for fault in Fault}


def test_a_label_that_is_not_in_the_table_counts_as_other():
    counters.count(counters.CALLS, label="somebody's token")
    counters.flush()
    assert counters.read()["liveness_calls"] == {"other": 1.0}


def test_counting_alone_touches_no_database(django_assert_num_queries):
    with django_assert_num_queries(0):
        counters.count(counters.CALLS, label="ok")
        counters.observe(counters.MARGIN, 6900)


def test_it_writes_at_most_every_few_seconds(monkeypatch):
    now = [100.0]
    monkeypatch.setattr(counters.time, "monotonic", lambda: now[0])
    for moment, expected in ((100.0, 1.0), (101.0, 1.0), (104.9, 1.0), (105.1, 4.0)):
        now[0] = moment
        counters.count(counters.CALLS, label="ok")
        counters.flush_if_due()
        assert counters.read()["liveness_calls"] == {"ok": expected}


def test_nothing_counted_is_nothing_written(django_assert_num_queries):
    with django_assert_num_queries(0):
        assert counters.flush()


def test_a_write_that_fails_keeps_the_counts(monkeypatch):
    counters.count(counters.CALLS, label="ok")
    with monkeypatch.context() as broken:
        broken.setattr(counters, "_write", refuse)
        assert not counters.flush()
    counters.count(counters.CALLS, label="ok")
    assert counters.flush()
    assert counters.read()["liveness_calls"] == {"ok": 2.0}


def test_a_write_that_fails_is_not_tried_again_at_once(monkeypatch):
    tries = []
    monkeypatch.setattr(counters, "_write", lambda amounts: tries.append(amounts) or refuse(amounts))
    counters.count(counters.CALLS, label="ok")
    counters.flush_if_due()
    counters.flush_if_due()
    assert len(tries) == 1


def test_the_buffer_is_bounded_by_the_table(monkeypatch):
    monkeypatch.setattr(counters, "_write", refuse)
    for number in range(2000):
        counters.count(counters.CALLS, label=f"label {number}")
        counters.observe(counters.PERMIT_WAIT, number)
        counters.flush()
    assert len(counters._buffer.take()) <= 1 + len(counters.PERMIT_WAIT.bounds) + 1


@pytest.mark.parametrize(
    ("value", "bucket", "total"),
    [(-5, "0.0", 0), (0, "0.0", 0), (0.5, "60.0", 0.5), (60, "60.0", 60), (60.1, "300.0", 60.1), (9999, "+Inf", 9999)],
)
def test_a_value_falls_into_the_first_bucket_that_holds_it(value, bucket, total):
    counters.observe(counters.MARGIN, value)
    counters.flush()
    assert counters.read()["liveness_capture_margin_seconds"] == {bucket: 1.0, "sum": total}


@given(st.floats())
def test_no_value_spoils_a_distribution(value):
    counters._buffer.take()
    counters.observe(counters.PERMIT_WAIT, value)
    amounts = counters._buffer.take()
    assert all(amount >= 0 and amount - amount == 0 for amount in amounts.values())
    assert {label for _, label in amounts} <= {*counters.PERMIT_WAIT.bounds, "sum"}


def test_names_and_labels_fit_their_columns():
    for metric in (*counters.COUNTERS, *counters.HISTOGRAMS):
        labels = metric.labels if isinstance(metric, counters.Counter) else metric.bounds
        for label in (*labels, counters.OTHER):
            CounterValue(name=metric.name, label=label).clean_fields(exclude=["label"] if not label else None)


def test_a_forked_child_counts_from_nothing():
    counters.count(counters.CALLS, label="ok")
    child = os.fork()
    if child == 0:
        os._exit(len(counters._buffer.take()))
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    assert len(counters._buffer.take()) == 1


def test_a_fork_while_another_thread_counts_hangs_nobody():
    with counters._buffer._lock:
        child = os.fork()
        if child == 0:
            counters.count(counters.CALLS, label="ok")
            os._exit(0)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0


def test_threads_of_one_process_lose_no_count():
    def work():
        for _ in range(2000):
            counters.count(counters.CALLS, label="ok")

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    counters.flush()
    assert counters.read()["liveness_calls"] == {"ok": 8000.0}


@pytest.mark.django_db(transaction=True)
def test_processes_that_count_the_same_lose_nothing_and_never_block_each_other(settings):
    """Each begins with rows that the other makes at the same moment, and counts them in another order."""
    environment = os.environ | {"DJANGO_SETTINGS_MODULE": "tests.settings", "DATABASE_URL": url()}
    command = [sys.executable, "-c", COUNTING]
    with (
        subprocess.Popen(command, env=environment, stdin=subprocess.PIPE) as one,
        subprocess.Popen(command, env=environment, stdin=subprocess.PIPE) as other,
    ):
        for process in (one, other):
            process.stdin.write(b"go\n")
            process.stdin.flush()
        assert (one.wait(60), other.wait(60)) == (0, 0)
    found = counters.read()
    for counter in (counters.CALLS, counters.SLOTS, counters.LOST):
        assert found[counter.name] == dict.fromkeys(counter.labels, 80.0)
    waits = found["liveness_permit_wait_seconds"]
    assert waits.pop("sum") == pytest.approx(156)
    assert sum(waits.values()) == 80


@pytest.mark.django_db(transaction=True)
def test_a_file_that_is_given_up_is_counted_by_its_cause():
    attempt, now, actor = make_attempt(), timezone.now(), Actor.system("tests")
    life_cycle.record(attempt.id, make_result(), now=now, actor=actor)
    StoredMedia.objects.filter(kind=MediaKind.VIDEO).update(loss_cause="link")
    life_cycle.expire(attempt.id, "its readable window closed", now=now, actor=actor)
    counters.flush()
    assert counters.read()["liveness_lost"] == {"window": 1.0, "link": 1.0}


def url() -> str:
    """The address of the test's own database."""
    parts = connection.settings_dict
    if connection.vendor == "sqlite":
        return f"sqlite:///{parts['NAME']}"
    return f"postgres://{parts['USER']}:{parts['PASSWORD']}@{parts['HOST']}:{parts['PORT']}/{parts['NAME']}"
