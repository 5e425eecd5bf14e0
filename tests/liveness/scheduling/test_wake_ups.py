"""What is urgent wakes a worker, and a broker that is away disturbs nobody."""

import logging
import socket
import threading
import time

import pytest
from django.db import transaction

from liveness.scheduling import wake_ups
from tests.with_celery import Deployment, wait_until

pytestmark = pytest.mark.django_db(transaction=True)

TIMED = "import time, django; django.setup(); from liveness.scheduling import wake_ups; begun = time.monotonic(); "
TIMED += "wake_ups.wake(); print(time.monotonic() - begun)"
sent = []
hanging = threading.Event()


def send():
    sent.append(time.monotonic())


def fail():
    send()
    raise ConnectionError("amqp://user:canary@broker.example/")


def hang():
    send()
    hanging.wait(30)


@pytest.fixture(autouse=True)
def bell(settings, monkeypatch):
    """A bell that nobody has rung yet."""
    settings.LIVENESS_WAKE = f"{__name__}.send"
    bell = wake_ups.Bell()
    monkeypatch.setattr(wake_ups, "_bell", bell)
    monkeypatch.setattr(wake_ups, "PATIENCE", 10.0)
    sent.clear()
    hanging.clear()
    yield bell
    hanging.set()


def test_nobody_is_woken_where_there_is_no_worker(settings):
    settings.LIVENESS_WAKE = ""
    wake_ups.wake()
    assert sent == []


def test_a_worker_is_woken_when_there_is_something_to_see():
    with transaction.atomic():
        wake_ups.wake()
        assert sent == []
    assert len(sent) == 1


def test_nobody_is_woken_for_what_was_taken_back():
    with pytest.raises(ZeroDivisionError), transaction.atomic():
        wake_ups.wake()
        raise ZeroDivisionError
    assert sent == []


def test_one_message_wakes_for_a_thousand_attempts():
    with transaction.atomic():
        for _ in range(1000):
            wake_ups.wake()
    assert len(sent) == 1


def test_a_rested_bell_rings_again(monkeypatch):
    monkeypatch.setattr(wake_ups, "REST", 0.0)
    wake_ups.wake()
    wake_ups.wake()
    assert len(sent) == 2


def test_a_broker_that_fails_is_told_once_without_its_address(settings, monkeypatch, caplog):
    settings.LIVENESS_WAKE = f"{__name__}.fail"
    monkeypatch.setattr(wake_ups, "REST_AFTER_FAILURE", 0.0)
    wake_ups.wake()
    wake_ups.wake()
    assert len(sent) == 2
    assert [(record.levelno, "canary" in record.getMessage()) for record in caplog.records] == [
        (logging.WARNING, False)
    ]


def test_a_broker_that_fails_is_left_alone_for_a_while(settings):
    settings.LIVENESS_WAKE = f"{__name__}.fail"
    wake_ups.wake()
    wake_ups.wake()
    assert len(sent) == 1


def test_nobody_waits_for_a_broker_that_hangs(settings, monkeypatch):
    settings.LIVENESS_WAKE = f"{__name__}.hang"
    monkeypatch.setattr(wake_ups, "PATIENCE", 0.3)
    monkeypatch.setattr(wake_ups, "REST", 0.0)
    begun = time.monotonic()
    for _ in range(20):
        wake_ups.wake()
    assert time.monotonic() - begun < 20 * wake_ups.PATIENCE
    wait_until(lambda: sent)
    assert len(sent) == 1


@pytest.mark.parametrize("scheme", ["redis", "amqp"])
def test_the_portal_does_not_wait_for_a_broker_that_never_answers(scheme, sandbox, tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as silent:
        broker = f"{scheme}://user:canary@127.0.0.1:{silent.getsockname()[1]}/"
        process = Deployment(tmp_path, broker, sandbox, tmp_path).python("-c", TIMED)
    assert float(process.stdout) < 1.0
    assert "canary" not in process.stderr


def test_a_name_that_leads_nowhere_disturbs_nobody(settings, caplog):
    settings.LIVENESS_WAKE = "liveness.nowhere"
    wake_ups.wake()
    assert len(caplog.records) == 1
