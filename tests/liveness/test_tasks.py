"""The Celery shells and what they send; `test_celery.py` has real workers do it."""

import time
from datetime import timedelta

import pytest
from celery.signals import worker_shutting_down
from django.utils import timezone

from kyc_portal.celery import app
from liveness import tasks
from liveness.app_settings import app_settings
from liveness.media import inspection
from liveness.media.fetching import quarantine
from liveness.models import Outcome
from liveness.scheduling import backlog, beat
from liveness.worker import work_queue
from tests.builders import make_attempt

pytestmark = pytest.mark.django_db(transaction=True)
REFRESH = ("liveness.refresh_due", "liveness.refresh_attempt")


@pytest.fixture
def attempt(sandbox):
    token = sandbox.issue("pass_amara", finishes_after=0, issued_ago=60)
    return make_attempt(sdk_token=token, issued_at=timezone.now() - timedelta(minutes=1))


@pytest.fixture
def stopping():
    """The worker was told to stop."""
    worker_shutting_down.send(sender=None)
    yield
    tasks._is_stopping[0] = 0


@pytest.fixture
def received():
    """What was sent to a queue of this process's own broker, oldest first."""

    def read(queue):
        with app.connection() as connection, connection.SimpleQueue(app.amqp.queues[queue]) as messages:
            return [messages.get_nowait() for _ in range(messages.qsize())]

    for queue in app.amqp.queues:
        with app.connection() as connection, connection.SimpleQueue(app.amqp.queues[queue]) as messages:
            messages.clear()
    return read


def test_the_periodic_task_refreshes_what_is_due(attempt):
    tasks.refresh_due(seconds=0.2)
    attempt.refresh_from_db()
    assert attempt.outcome == Outcome.PASSED


def test_one_attempt_is_refreshed_by_its_id(attempt):
    tasks.refresh_attempt(str(attempt.public_id))
    attempt.refresh_from_db()
    assert attempt.outcome == Outcome.PASSED


@pytest.mark.parametrize("public_id", ["00000000-0000-4000-8000-000000000000", "no id", None])
def test_an_unknown_id_is_ignored(sandbox, public_id):
    tasks.refresh_attempt(public_id)
    assert len(list(sandbox.calls)) == 0


def test_a_worker_that_was_told_to_stop_cuts_its_slice_short(attempt, stopping):
    begun = time.monotonic()
    tasks.refresh_due()
    assert time.monotonic() - begun < tasks.SLICE
    attempt.refresh_from_db()
    assert attempt.lease_run == ""


def test_messages_are_json_only_and_acknowledged_late():
    assert app.conf.accept_content == ["json"]
    assert app.conf.task_serializer == "json"
    assert app.conf.task_acks_late
    assert app.conf.task_reject_on_worker_lost
    assert app.conf.worker_prefetch_multiplier == 1
    assert app.conf.task_ignore_result


def test_a_message_holds_an_id_and_nothing_else(attempt, received):
    tasks.refresh_attempt.delay(str(attempt.public_id))
    (message,) = received("refresh")
    assert message.content_type == "application/json"
    arguments, named, _ = message.payload
    assert (arguments, named) == ([str(attempt.public_id)], {})
    assert attempt.sdk_token not in f"{message.headers}{message.body}"


def test_to_wake_a_worker_is_to_send_a_message_that_names_nobody(received):
    tasks.wake()
    (message,) = received("refresh")
    assert message.headers["task"] == "liveness.refresh_due"
    assert message.payload[:2] == [[], {"seconds": tasks.GLANCE}]
    assert message.headers["expires"] is None, "it would compare the clocks of two machines"


def test_wake_ups_do_not_pile_up_while_no_worker_takes_them(received):
    for _ in range(backlog.FULL + 5):
        tasks.wake()
    assert len(received("refresh")) == backlog.FULL


def test_a_queue_that_was_full_is_filled_again(received):
    for _ in range(backlog.FULL + 1):
        tasks.wake()
    received("refresh")
    tasks.wake()
    assert len(received("refresh")) == 1


def test_the_schedule_names_wake_ups_that_exist_and_never_expire():
    app.loader.import_default_modules()
    schedule = app.conf.beat_schedule.values()
    assert {entry["task"] for entry in schedule} <= set(app.tasks)
    assert all(entry["task"].startswith(beat.OWN_TASKS) for entry in schedule)
    assert not any("expires" in entry.get("options", {}) for entry in schedule)


def test_only_the_refresh_waits_in_its_queue_and_a_worker_serves_both():
    app.loader.import_default_modules()
    ours = [name for name in app.tasks if name.startswith("liveness")]
    queues = {name: app.amqp.router.route({}, name)["queue"].name for name in ours}
    assert {name for name, queue in queues.items() if queue == "refresh"} == set(REFRESH)
    assert set(app.amqp.queues.consume_from) == {"celery", "refresh"}
    assert len({queue.routing_key for queue in app.amqp.queues.values()}) == 2


def test_a_slice_with_slow_downloads_ends_before_its_time_limit():
    files = sum(app_settings.MEDIA_DEADLINES.values()) + len(app_settings.MEDIA_DEADLINES) * quarantine.PATIENCE
    pictures = app_settings.MEDIA_WORKERS * inspection.TRIES * inspection.DECODE_TIMEOUT
    longest = tasks.SLICE + work_queue.LATE + app_settings.CALL_DEADLINE + files + pictures
    assert longest < app.conf.task_soft_time_limit < app.conf.task_time_limit
