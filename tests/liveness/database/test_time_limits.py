"""A process that is paused in a transaction does not hold up all others."""

import threading

import pytest
from django.db import connection, transaction

from liveness import audit
from liveness.audit import Actor
from liveness.database import time_limits
from liveness.database.retry import retried
from liveness.models import AuditEvent, AuditHead

pytestmark = [
    pytest.mark.postgres,
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite ends no transaction of another process"),
]
ACTION = "liveness.test.happened"
WAIT = 30.0


@pytest.fixture(autouse=True)
def _short(monkeypatch, transactional_db):
    monkeypatch.setattr(time_limits, "MAX_IDLE_SECONDS", 0.3)
    # The migrations make this row; an earlier test may have emptied the table.
    AuditHead.objects.get_or_create(id=1)


class PausedWriter(threading.Thread):
    """Records an event, and says nothing more before it commits, until it is told to go on. Then it tries again."""

    def __init__(self) -> None:
        super().__init__()
        self.has_lock, self.may_go_on, self.tries = threading.Event(), threading.Event(), 0

    def run(self) -> None:
        try:
            retried(self._write)
        finally:
            connection.close()

    @transaction.atomic
    def _write(self) -> None:
        self.tries += 1
        audit.record(ACTION, actor=Actor.system(f"try {self.tries}"))
        self.has_lock.set()
        assert self.may_go_on.wait(WAIT)


def test_others_record_while_one_is_paused_and_that_one_records_once_when_it_goes_on():
    paused = PausedWriter()
    paused.start()
    assert paused.has_lock.wait(WAIT)
    with transaction.atomic():
        audit.record(ACTION, actor=Actor.system("another"))
    paused.may_go_on.set()
    paused.join(WAIT)
    actors = list(AuditEvent.objects.order_by("sequence").values_list("actor", flat=True))
    assert actors == ["system:another", "system:try 2"]
    assert audit.verify().broken_at is None


def test_the_limit_ends_with_the_transaction():
    with transaction.atomic():
        audit.record(ACTION, actor=Actor.system("tests"))
        assert limit() == "300ms"
    assert limit() == "0"


def test_it_can_be_set_without_a_lock():
    with transaction.atomic():
        time_limits.limit_idle_time()
        assert limit() == "300ms"


def limit() -> str:
    with connection.cursor() as cursor:
        cursor.execute(f"SHOW {time_limits.SETTING}")
        return cursor.fetchone()[0]
