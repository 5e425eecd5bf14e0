"""Tasks and Celery's own processes while a service is away: one line a minute, and no traceback."""

import logging

import pytest
from django.db import OperationalError
from kombu.exceptions import OperationalError as BrokerError

from liveness import tasks
from liveness.monitoring import alerts
from liveness.review import tasks as review_tasks
from liveness.review.dashboard import hourly_statistics
from liveness.web import logs
from liveness.worker import engine
from tests.liveness.worker.steps import registered


@pytest.fixture(autouse=True)
def _silent_so_far(monkeypatch):
    monkeypatch.setattr(logs, "throttle", logs.Throttle())


def away(*args, **kwargs):
    raise OperationalError("host=db.internal password=hunter2")


@pytest.mark.parametrize(
    ("module", "name", "task"),
    [
        (engine, "run", tasks.refresh_due),
        (alerts, "send", tasks.alert),
        (hourly_statistics, "update", review_tasks.update_statistics),
    ],
)
def test_a_task_that_meets_an_outage_says_so_once_a_minute(monkeypatch, caplog, module, name, task):
    monkeypatch.setattr(module, name, away)
    for _ in range(5):
        task()
    (record,) = caplog.records
    assert record.exc_info is None
    assert "The database refuses to work (OperationalError)" in record.getMessage()
    assert "hunter2" not in record.getMessage()


def test_a_fault_of_a_task_is_raised(monkeypatch):
    def faulty(*args, **kwargs):
        raise ValueError("a fault")

    monkeypatch.setattr(alerts, "send", faulty)
    with pytest.raises(ValueError, match="a fault"):
        tasks.alert()


@pytest.mark.parametrize("name", ["celery.beat", "celery.worker.consumer.consumer"])
def test_a_broker_that_is_away_is_one_line(caplog, name):
    logger = logging.getLogger(name)
    failure = BrokerError("Error 111 connecting to redis://:hunter2@10.0.0.9")
    for _ in range(100):
        logger.error("Message Error: %s\n%s", failure, ["frame"] * 80, exc_info=failure)
    (record,) = caplog.records
    line = logging.Formatter("%(message)s").format(record)
    assert "\n" not in line
    assert "hunter2" not in line
    assert "gives no connection (OperationalError)" in line


def test_other_lines_of_celery_stay(caplog):
    logger = logging.getLogger("celery.beat")
    for _ in range(2):
        logger.error("A schedule is broken: %s", "because")
    assert [record.getMessage() for record in caplog.records] == ["A schedule is broken: because"] * 2


@pytest.mark.django_db(transaction=True)
def test_a_worker_that_cannot_write_names_the_path_and_what_to_type(sandbox, settings, tmp_path, caplog):
    registered(sandbox)
    (tmp_path / "file").touch()
    settings.LIVENESS_MEDIA_ROOT = tmp_path / "file" / "evidence"
    for _ in range(3):
        tasks.refresh_due(seconds=0.2)
    lines = [record.getMessage() for record in caplog.records if "LIVENESS_MEDIA_ROOT (" in record.getMessage()]
    assert lines == [
        f"LIVENESS_MEDIA_ROOT ({tmp_path}/file/evidence) cannot be used (Not a directory). "
        f"Look at it: ls -ld {tmp_path}/file/evidence"
    ]
