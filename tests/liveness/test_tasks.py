"""The same refresh by Celery: a real worker, a real Redis, and nothing but ids in a message."""

import os
import shutil
import socket
import subprocess
import sys
import time
from datetime import timedelta

import pytest
from django.conf import settings as django_settings
from django.utils import timezone

from kyc_portal.celery import app
from liveness import tasks
from liveness.models import Outcome
from tests.builders import make_attempt
from tests.conftest import missing

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def attempt(sandbox):
    token = sandbox.issue("pass_amara", finishes_after=0, issued_ago=60)
    return make_attempt(sdk_token=token, issued_at=timezone.now() - timedelta(minutes=1))


@pytest.fixture
def redis_url(tmp_path):
    if not shutil.which("redis-server"):
        missing("Redis is not installed (Debian: apt-get install redis-server)")
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    command = ["redis-server", "--port", str(port), "--bind", "127.0.0.1", "--save", "", "--dir", str(tmp_path)]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL) as server:
        yield f"redis://127.0.0.1:{port}/0"
        server.terminate()


@pytest.fixture
def worker(redis_url, sandbox, settings, tmp_path):
    """A worker process on the test's own database."""
    environment = os.environ | {
        "DJANGO_SETTINGS_MODULE": "kyc_portal.settings",
        "DATABASE_URL": f"sqlite:///{django_settings.DATABASES['default']['NAME']}",
        "CELERY_BROKER_URL": redis_url,
        "LIVENESS_ENDPOINT": sandbox.url,
        "LIVENESS_MEDIA_ORIGINS": sandbox.url,
        "LIVENESS_MEDIA_ROOT": str(settings.LIVENESS_MEDIA_ROOT),
        "TENCENTCLOUD_SECRET_ID": sandbox.secret_id,
        "TENCENTCLOUD_SECRET_KEY": sandbox.secret_key,
    }
    options = ["-c", "1", "--without-mingle", "-l", "INFO"]
    command = [sys.executable, "-m", "celery", "-A", "kyc_portal", "worker", *options]
    log = (tmp_path / "worker.log").open("w+")
    with subprocess.Popen(command, env=environment, stdout=log, stderr=subprocess.STDOUT) as process:
        yield log
        process.terminate()
    log.close()


def test_a_worker_refreshes_what_a_message_names(worker, redis_url, attempt, settings):
    with app.connection_for_write(redis_url) as connection:
        tasks.refresh_attempt.apply_async(args=[str(attempt.public_id)], connection=connection)
        deadline = time.monotonic() + 60
        while attempt.outcome == Outcome.PENDING and time.monotonic() < deadline:
            time.sleep(0.2)
            attempt.refresh_from_db()
    worker.seek(0)
    log = worker.read()
    assert attempt.outcome == Outcome.PASSED, log
    assert attempt.sdk_token not in log


def test_the_periodic_task_refreshes_what_is_due(attempt):
    tasks.refresh_due()
    attempt.refresh_from_db()
    assert attempt.outcome == Outcome.PASSED


def test_an_unknown_id_is_ignored(sandbox):
    tasks.refresh_attempt("00000000-0000-4000-8000-000000000000")
    assert len(list(sandbox.calls)) == 0


def test_messages_are_json_only_and_acknowledged_late():
    assert app.conf.accept_content == ["json"]
    assert app.conf.task_serializer == "json"
    assert app.conf.task_acks_late
    assert app.conf.task_reject_on_worker_lost
    assert app.conf.worker_prefetch_multiplier == 1


def test_the_schedule_names_a_task_that_exists():
    scheduled = {entry["task"] for entry in app.conf.beat_schedule.values()}
    app.loader.import_default_modules()
    assert scheduled <= set(app.tasks)
