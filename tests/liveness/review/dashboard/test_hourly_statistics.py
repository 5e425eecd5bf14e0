"""The figures are what the audit chain says, however and by whomever they are folded."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.db import connection

from liveness import audit
from liveness.models import AuditEvent
from liveness.review import actions
from liveness.review.dashboard import hourly_statistics
from liveness.review.models import HourlyStatistic, StatisticsCursor
from tests.liveness.review.dashboard.counting_events import HOUR, NOON, found, tell

pytestmark = [pytest.mark.django_db, pytest.mark.postgres]


class TestFolding:
    def test_events_are_counted_into_their_hour(self):
        for minutes in (0, 59, 60):
            tell(audit.ATTEMPT_REGISTERED, NOON + timedelta(minutes=minutes))
        hourly_statistics.update()
        assert sorted(hourly_statistics.by_hour(["registered"], NOON, NOON + 2 * HOUR)) == [
            ("registered", NOON, 2),
            ("registered", NOON + HOUR, 1),
        ]

    def test_folding_twice_adds_nothing(self):
        tell(audit.ATTEMPT_REGISTERED)
        assert (hourly_statistics.update(), hourly_statistics.update()) == (1, 0)
        assert found() == {"registered": 1}

    def test_a_limit_leaves_the_rest_and_says_so(self):
        for minutes in range(5):
            tell(audit.ATTEMPT_REGISTERED, NOON + timedelta(minutes=minutes))
        assert hourly_statistics.update(2) == 2
        assert hourly_statistics.state() == hourly_statistics.StatisticsState(
            2, NOON + timedelta(minutes=1), 3, NOON + timedelta(minutes=2)
        )
        assert hourly_statistics.update() == 3
        assert hourly_statistics.state().behind == 0

    @pytest.mark.parametrize("batch", [1, 2, 3, 7])
    def test_the_size_of_a_batch_changes_nothing(self, monkeypatch, batch):
        monkeypatch.setattr(hourly_statistics, "BATCH", batch)
        for minutes, margin in enumerate((900, 30, 700)):
            at = NOON + timedelta(minutes=25 * minutes)
            tell(audit.ATTEMPT_REGISTERED, at)
            tell(actions.REVIEW_QUEUED, at, margin=margin, is_complete=True)
        tell("liveness.test.happened")
        assert found() == {
            "registered": 3,
            "queued": 3,
            "queued.complete": 3,
            "margin.000": 1,
            "margin.005": 1,
            "margin.007": 1,
            "margin.least": 30,
        }

    def test_progress_is_told_after_each_batch(self, monkeypatch):
        monkeypatch.setattr(hourly_statistics, "BATCH", 2)
        for _ in range(5):
            tell(audit.ATTEMPT_REGISTERED)
        told = []
        hourly_statistics.update(progress=told.append)
        assert told == [2, 4, 5]

    def test_forgotten_figures_come_again_the_same(self):
        tell(audit.ATTEMPT_REGISTERED)
        tell(actions.REVIEW_QUEUED, margin=90, is_complete=True)
        before = found()
        hourly_statistics.forget()
        assert not HourlyStatistic.objects.exists()
        assert found() == before

    def test_a_chain_that_was_cut_off_is_not_folded_twice(self):
        tell(audit.ATTEMPT_REGISTERED)
        hourly_statistics.update()
        StatisticsCursor.objects.update(sequence=9)
        assert hourly_statistics.update() == 0
        assert hourly_statistics.state().behind == 0


@pytest.mark.django_db(transaction=True)
def test_folding_in_several_processes_at_once_counts_every_event_once(monkeypatch):
    monkeypatch.setattr(hourly_statistics, "BATCH", 7)
    events = [
        AuditEvent(sequence=number, at=NOON + number * timedelta(minutes=1), action=audit.ATTEMPT_REGISTERED)
        for number in range(1, 201)
    ]
    AuditEvent.objects.bulk_create(events)

    def work(_) -> int:
        done = hourly_statistics.update()
        connection.close()
        return done

    with ThreadPoolExecutor(4) as pool:
        assert sum(pool.map(work, range(4))) == 200
    assert found() == {"registered": 200}
