"""Calls to the vendor, counted by the hour."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest
from django.db import OperationalError, connection
from django.utils import timezone

from liveness.models import HourlyCalls
from liveness.ratelimit import budget
from liveness.worker import engine
from liveness.worker.engine import RunOptions
from tests.builders import make_attempt

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.postgres]
NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)


def call(now=NOON) -> None:
    with budget.counted(lambda: now):
        pass


def test_calls_are_counted_into_their_hour():
    for minutes in (0, 59, 60):
        call(NOON + timedelta(minutes=minutes))
    assert budget.calls(NOON, NOON + timedelta(days=1)) == {NOON: 2, NOON + timedelta(hours=1): 1}


def test_the_end_of_a_period_is_not_part_of_it():
    call(NOON)
    call(NOON + timedelta(hours=1))
    assert budget.calls(NOON, NOON + timedelta(hours=1)) == {NOON: 1}


def test_a_call_that_fails_counts_too():
    with pytest.raises(ValueError, match="no answer"), budget.counted(lambda: NOON):
        raise ValueError("no answer")
    assert budget.calls(NOON, NOON + timedelta(hours=1)) == {NOON: 1}


def test_a_count_that_fails_does_not_cost_the_call(monkeypatch):
    def fail(*args, **kwargs):
        raise OperationalError("database is locked")

    monkeypatch.setattr(HourlyCalls.objects, "filter", fail)
    with budget.counted(lambda: NOON):
        answer = "passed"
    assert answer == "passed"


def test_calls_of_many_threads_are_all_counted():
    def work(_):
        for _ in range(10):
            call()
        connection.close()

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(work, range(4)))
    assert HourlyCalls.objects.get().calls == 40


def test_the_engine_counts_every_call_it_makes(sandbox):
    issued_at = timezone.now() - timedelta(minutes=1)
    for scenario in ("pass_amara", "never_finishes"):
        make_attempt(sdk_token=sandbox.issue(scenario, finishes_after=0, issued_ago=60), issued_at=issued_at)
    make_attempt(sdk_token="THE-VENDOR-DOES-NOT-KNOW", issued_at=issued_at)
    engine.run(RunOptions(workers=2))
    assert sum(HourlyCalls.objects.values_list("calls", flat=True)) == len(list(sandbox.calls)) == 3


def test_the_limit_is_that_of_the_settings(settings):
    settings.LIVENESS_RATE_LIMIT = 5
    assert budget.hourly_limit() == 18_000
