"""Events that anybody may cause are few, even when many ask at the same moment."""

from datetime import timedelta

import pytest
import time_machine
from django.contrib.auth import get_user_model
from django.db import connection

from liveness import audit
from liveness.audit import Actor, bounded
from liveness.models import AuditEvent, StoredMedia
from tests.liveness.review.races.racing import at_once

STRANGER = Actor("anonymous")
ACTION = audit.MEDIA_REFUSED


def refuse(number: int = 1, **limits) -> None:
    bounded.record(ACTION, actor=STRANGER, target=get_user_model()(pk=number), **limits)


def recorded() -> list[str]:
    return list(AuditEvent.objects.order_by("sequence").values_list("object_id", flat=True))


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_those_who_ask_at_once_leave_one_event():
    at_once(*[lambda number=number: refuse(number) for number in range(6)])
    assert len(recorded()) == 1
    assert audit.verify().broken_at is None


@pytest.mark.django_db
def test_a_record_has_one_event_a_minute_and_all_records_together_have_few():
    with time_machine.travel("2026-11-22T10:00:00Z", tick=False) as clock:
        for number in (1, 1, 2, 3, 4):
            refuse(number, most=3, once_for_target=True)
        assert recorded() == ["1", "2", "3"]
        clock.shift(60)
        refuse(1, most=3, once_for_target=True)
    assert recorded() == ["1", "2", "3", "1"]


@pytest.mark.django_db
def test_a_clock_that_was_set_back_does_not_silence_it():
    with time_machine.travel("2026-11-22T10:00:00Z", tick=False) as clock:
        refuse()
        clock.shift(-timedelta(hours=3))
        refuse()
    assert recorded() == ["1", "1"]


@pytest.mark.django_db
def test_a_long_past_is_not_read(django_assert_num_queries):
    with time_machine.travel("2026-11-22T10:00:00Z", tick=False):
        for _ in range(3):
            bounded.record(ACTION, actor=STRANGER, target=StoredMedia())
        with django_assert_num_queries(1) as queries:
            bounded.record(ACTION, actor=STRANGER, target=StoredMedia())
    if connection.vendor == "sqlite":
        with connection.cursor() as cursor:
            cursor.execute(f"EXPLAIN QUERY PLAN {queries.captured_queries[0]['sql']}")
            plan = " ".join(row[3] for row in cursor.fetchall())
        assert "liveness_audit_acts" in plan and "TEMP B-TREE" not in plan
