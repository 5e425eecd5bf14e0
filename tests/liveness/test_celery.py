"""The refresh by Celery as it is deployed: real workers, a real beat, real brokers, and processes that are killed."""

from contextlib import ExitStack

import pytest

from kyc_portal.celery import app
from liveness import audit, tasks
from liveness.models import MediaState, Outcome, VerificationAttempt, WorkerRun
from liveness.review.models import StatisticsCursor
from liveness.scheduling import backlog
from liveness.worker import engine
from tests.builders import silence
from tests.conftest import missing
from tests.liveness.worker.steps import registered
from tests.served import free_port
from tests.with_celery import Deployment, wait_until
from tests.with_rabbitmq import rabbitmq_program, rabbitmq_server
from tests.with_redis import redis_program, redis_server

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]


class Redis:
    """A Redis that can be stopped and started again; it forgets everything in between."""

    def __init__(self, program):
        self._program, self._port = program, free_port()
        self._running = ExitStack()
        self.start()

    def start(self):
        self.url = self._running.enter_context(redis_server(self._program, self._port))

    def stop(self):
        self._running.close()


@pytest.fixture
def redis():
    program = redis_program()
    if not program:
        missing("Redis is not installed (Debian: apt-get install redis-server)")
    server = Redis(program)
    yield server
    server.stop()


@pytest.fixture
def rabbitmq():
    program = rabbitmq_program()
    if not program:
        missing("RabbitMQ is not installed (Debian: apt-get install rabbitmq-server)")
    with rabbitmq_server(program) as server:
        yield server


@pytest.fixture
def broker(request):
    return request.getfixturevalue(request.param)


@pytest.fixture
def deployment(broker, sandbox, settings, tmp_path):
    with Deployment(tmp_path, broker.url, sandbox, settings.LIVENESS_MEDIA_ROOT) as deployment:
        yield deployment


WAKE = (
    "import django; django.setup(); from liveness.scheduling import wake_ups; wake_ups.PATIENCE = 20.0; wake_ups.wake()"
)
on_redis = pytest.mark.parametrize("broker", ["redis"], indirect=True)
on_both = pytest.mark.parametrize("broker", ["redis", "rabbitmq"], indirect=True)


@pytest.fixture
def stalled(sandbox):
    """Two attempts: the vendor takes the call of the one and the download of the other, and then says no more."""
    calling, fetching = registered(sandbox), registered(sandbox)
    sandbox.inject("stall", scope="api", token=calling.sdk_token)
    sandbox.inject("stall", scope="video", token=fetching.sdk_token, at="middle")
    return calling, fetching


def is_stored(attempt):
    attempt.refresh_from_db()
    return attempt.outcome == Outcome.PASSED and attempt.next_poll_at is None


def is_stalled(sandbox, stalled):
    calling, fetching = stalled
    requests = sandbox.calls.of(calling.sdk_token), sandbox.downloads.of(fetching.sdk_token)
    return all(any("stall" in request.faults for request in some) for some in requests)


def calls(sandbox, stalled):
    return [len(sandbox.calls.of(attempt.sdk_token)) for attempt in stalled]


def assert_nothing_secret(log, *attempts):
    assert not any(attempt.sdk_token in log for attempt in attempts)
    assert "q-signature" not in log


def assert_everything_is_there(attempt):
    assert is_stored(attempt)
    assert list(attempt.media.values_list("state", flat=True)) == [MediaState.STORED] * 2
    assert audit.verify().broken_at is None


@on_both
def test_worker_and_beat_fetch_by_themselves_and_go_on_when_the_broker_was_away(broker, deployment, sandbox):
    worker, beat = deployment.worker(), deployment.beat()
    before = registered(sandbox)
    wait_until(lambda: is_stored(before), lambda: worker.log + beat.log)
    wait_until(lambda: StatisticsCursor.objects.filter(sequence__gt=0).exists(), lambda: worker.log + beat.log)
    # A message that is not acknowledged yet must not be in the worker's way.
    held = registered(sandbox)
    sandbox.inject("stall", scope="api", token=held.sdk_token)
    wait_until(lambda: sandbox.calls.of(held.sdk_token), lambda: worker.log)
    # Else the broker might go just as a message is acknowledged, and then kombu 5.6 may stop listening for good.
    beat.stop()
    wait_until(lambda: worker.log.count(" received") - worker.log.count(" succeeded in ") <= 1, lambda: worker.log)
    broker.stop()
    wait_until(lambda: "onnection to broker lost" in worker.log, lambda: worker.log)
    beat, after = deployment.beat(), registered(sandbox)
    broker.start()
    wait_until(lambda: is_stored(after), lambda: worker.log + beat.log)
    for attempt in (before, after):
        assert_everything_is_there(attempt)
    assert_nothing_secret(worker.log + beat.log, before, after)


@on_redis
def test_a_worker_that_is_woken_looks_at_once(deployment, sandbox):
    worker, attempt = deployment.worker(), registered(sandbox)
    deployment.python("-c", WAKE)
    wait_until(lambda: is_stored(attempt), lambda: worker.log)


def sendings(beat):
    return beat.log.count("Sending due task")


@on_redis
def test_beat_goes_on_when_its_clock_is_set_back_by_an_hour(deployment, tmp_path):
    clock = tmp_path / "clock"
    clock.write_text("0")
    beat = deployment.beat(clock=clock)
    wait_until(lambda: sendings(beat) >= 3, lambda: beat.log)
    clock.write_text("-3600")
    wait_until(lambda: "clock was set back by 3600 s" in beat.log, lambda: beat.log)
    before = sendings(beat)
    wait_until(lambda: sendings(beat) >= before + 6, lambda: beat.log)


@on_both
def test_a_worker_whose_clock_is_an_hour_ahead_of_beats_drops_no_message(deployment, sandbox, tmp_path):
    clock = tmp_path / "clock"
    clock.write_text("3600")
    worker, beat = deployment.worker(clock=clock), deployment.beat()
    wait_until(lambda: worker.log.count("liveness.alert") >= 2, lambda: worker.log + beat.log)
    wait_until(lambda: "Task liveness.alert" in worker.log and " succeeded in " in worker.log, lambda: worker.log)
    assert "Discarding revoked task" not in worker.log


@on_both
def test_messages_do_not_pile_up_while_no_worker_runs(broker, deployment):
    beat = deployment.beat()
    with app.connection_for_write(broker.url) as connection:
        producer, queues = connection.Producer(), app.amqp.queues.values()
        wait_until(lambda: [backlog.waiting(producer, queue) for queue in queues] == [backlog.FULL] * 2)
        # Beat sends nothing more once both queues are full.
        assert sendings(beat) == 2 * backlog.FULL
    deployment.worker()
    wait_until(lambda: sendings(beat) > 2 * backlog.FULL, lambda: beat.log)


@on_redis
def test_beat_says_once_that_its_broker_is_away_and_once_that_it_is_back(broker, deployment):
    beat = deployment.beat()
    wait_until(lambda: sendings(beat) >= 3, lambda: beat.log)
    broker.stop()
    wait_until(lambda: "takes no messages" in beat.log, lambda: beat.log)
    broker.start()
    wait_until(lambda: "takes messages again" in beat.log, lambda: beat.log)
    assert beat.log.count("takes no messages") == beat.log.count("takes messages again") == 1
    assert "Traceback" not in beat.log


@on_both
@pytest.mark.postgres
def test_what_a_killed_worker_held_is_taken_over_when_its_lease_runs_out(deployment, sandbox, stalled):
    calling, fetching = stalled
    worker = deployment.worker()
    deployment.send(tasks.refresh_due)
    wait_until(lambda: is_stalled(sandbox, stalled), lambda: worker.log)
    worker.kill()
    dead = list(VerificationAttempt.objects.exclude(lease_run="").values_list("lease_run", flat=True))

    other = deployment.worker()
    deployment.send(tasks.refresh_due, seconds=0.5)
    wait_until(lambda: "succeeded" in other.log, lambda: other.log)
    assert calls(sandbox, stalled) == [1, 1], "polled while somebody held it"

    silence(WorkerRun.objects.filter(id__in=dead))
    deployment.send(tasks.refresh_due, seconds=0.5)
    wait_until(lambda: is_stored(calling) and is_stored(fetching), lambda: other.log)
    assert calls(sandbox, stalled) == [2, 2]
    for attempt in stalled:
        assert_everything_is_there(attempt)


@on_both
def test_a_message_whose_process_was_killed_is_delivered_again_and_nothing_is_polled_twice(
    deployment, sandbox, stalled
):
    worker = deployment.worker()
    deployment.send(tasks.refresh_due, seconds=1.0)
    wait_until(lambda: is_stalled(sandbox, stalled), lambda: worker.log)
    worker.kill_children()
    wait_until(lambda: "succeeded" in worker.log, lambda: worker.log)
    assert calls(sandbox, stalled) == [1, 1]


@on_both
def test_a_worker_that_is_told_to_stop_gives_back_what_it_holds(deployment, sandbox, stalled):
    worker = deployment.worker()
    deployment.send(tasks.refresh_due)
    wait_until(lambda: is_stalled(sandbox, stalled), lambda: worker.log)
    assert worker.stop() < 15
    assert not VerificationAttempt.objects.exclude(lease_run="").exists(), worker.log
    engine.run(engine.RunOptions(force=True))
    for attempt in stalled:
        assert_everything_is_there(attempt)
    assert_nothing_secret(worker.log, *stalled)
