"""The state of the queue and of the budget, read by few and bounded queries."""

from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection

from liveness.models import HourlyCalls, Outcome, RateLimitSlot
from liveness.monitoring import gauges
from liveness.polling import overdue
from tests.builders import living_run, make_attempt, silent_run

pytestmark = [pytest.mark.django_db, pytest.mark.postgres]
NOW = datetime(2026, 11, 22, 12, 30, tzinfo=UTC)
SECOND, MINUTE = timedelta(seconds=1), timedelta(minutes=1)


def read(now=NOW) -> dict[str, float]:
    return {gauge.name: gauge.value for gauge in gauges.read(now)}


def due(ago=0, **fields):
    return make_attempt(**{"issued_at": NOW - 5 * MINUTE, "next_poll_at": NOW - ago * SECOND} | fields)


def ending(in_minutes, **fields):
    """An attempt whose token runs out in so many minutes, planned for later."""
    issued_at = NOW - timedelta(hours=2) + in_minutes * MINUTE
    return make_attempt(**{"issued_at": issued_at, "next_poll_at": NOW + MINUTE} | fields)


def test_an_empty_table_reads_as_nothing(settings):
    settings.LIVENESS_RATE_LIMIT = 20
    assert read() == {
        "liveness_queue_depth": 0,
        "liveness_open_leases": 0,
        "liveness_oldest_due_seconds": 0,
        "liveness_ending_attempts": 0,
        "liveness_attempts_at_risk": 0,
        "liveness_hour_calls": 0,
        "liveness_hour_limit": 72_000,
    }


def test_it_tells_what_is_due_and_for_how_long():
    due(ago=30)
    due(ago=90)
    due(ago=-10)
    make_attempt(outcome=Outcome.PASSED)
    found = read()
    assert found["liveness_queue_depth"] == 2
    assert found["liveness_oldest_due_seconds"] == overdue.oldest_due(NOW) == 90


def test_a_check_that_is_hardly_worth_a_poll_is_not_waited_for():
    due(ago=3000, unfinished_at=NOW - 10 * MINUTE)
    due(ago=60, unfinished_at=NOW - 10 * MINUTE, reported_at=NOW - MINUTE)
    found = read()
    assert (found["liveness_queue_depth"], found["liveness_oldest_due_seconds"]) == (2, 60)
    assert overdue.oldest_due(NOW) == 60


def test_a_report_that_the_vendor_denied_and_an_unknown_token_are_not_waited_for():
    due(ago=3000, unfinished_at=NOW - 10 * MINUTE, reported_at=NOW - 13 * MINUTE)
    due(ago=3000, outcome=Outcome.INVALID)
    assert read()["liveness_oldest_due_seconds"] == overdue.oldest_due(NOW) == 0


def test_what_ran_out_hides_nothing_that_is_at_risk(monkeypatch):
    monkeypatch.setattr(gauges, "CAP", 3)
    for _ in range(4):
        ending(-10)
    ending(10)
    assert read()["liveness_attempts_at_risk"] == 1


def test_a_lease_that_ran_out_is_not_open():
    due(lease_run=living_run())
    due(lease_run=silent_run())
    due()
    assert read()["liveness_open_leases"] == 1


def test_the_queue_is_counted_up_to_a_cap(monkeypatch):
    monkeypatch.setattr(gauges, "CAP", 3)
    for ago in range(5):
        due(ago=ago)
        ending(10)
    found = read()
    assert found["liveness_queue_depth"] == 3
    assert found["liveness_oldest_due_seconds"] == 4
    assert found["liveness_ending_attempts"] == 3


def test_it_tells_which_attempts_near_their_end_are_not_safe(settings):
    settings.LIVENESS_ALERT_MINUTES = 15
    ending(14)
    ending(16)
    ending(10, unfinished_at=NOW - timedelta(hours=1))
    found = read()
    assert (found["liveness_ending_attempts"], found["liveness_attempts_at_risk"]) == (2, 1)


def test_it_tells_the_calls_of_this_hour_only():
    hour = NOW.replace(minute=0)
    for number, calls in ((-1, 100), (0, 40), (1, 7)):
        HourlyCalls.objects.create(hour=hour + timedelta(hours=number), calls=calls)
    assert read()["liveness_hour_calls"] == 40


def test_it_tells_the_pace_that_is_left_after_a_refusal(settings):
    settings.LIVENESS_RATE_LIMIT_FILE = ""
    RateLimitSlot.objects.create(account="faceid", next_at=NOW, share=0.7, refused_at=NOW - 10 * SECOND)
    assert read()["liveness_pace_share"] == pytest.approx(0.8)


def test_a_pace_that_is_kept_elsewhere_is_left_out(settings):
    settings.LIVENESS_REDIS_URL = "redis://127.0.0.1:1/0"
    RateLimitSlot.objects.create(account="faceid", next_at=NOW)
    assert "liveness_pace_share" not in read()


def test_a_scrape_takes_few_queries(django_assert_max_num_queries):
    due()
    with django_assert_max_num_queries(5):
        read()


def test_no_query_reads_the_whole_table():
    """The planner itself says so: every table of attempts is reached by an index."""
    for number in range(300):
        make_attempt(outcome=Outcome.PASSED, issued_at=NOW - number * MINUTE)
    due()
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")
    explained = []

    def explain(execute, sql, params, many, context):
        if "verificationattempt" in sql:
            prefix = "EXPLAIN" if connection.vendor == "postgresql" else "EXPLAIN QUERY PLAN"
            execute(f"{prefix} {sql}", params, many, context)
            explained.append(" ".join(str(row) for row in context["cursor"].fetchall()))
        return execute(sql, params, many, context)

    with connection.execute_wrapper(explain):
        read()
        overdue.oldest_due(NOW)
    assert len(explained) == 4
    for plan in explained:
        assert "liveness_attempt_" in plan
        assert "Seq Scan on liveness_verificationattempt" not in plan
        assert "SCAN liveness_verificationattempt'" not in plan
