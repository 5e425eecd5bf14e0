from datetime import timedelta

import pytest
from django.utils import timezone

from liveness.models import CompletionStatistics, Outcome
from liveness.polling import completion_statistics
from liveness.polling.completion_times import LATEST_COMPLETION_SECONDS, lognormal
from tests.builders import make_attempt

pytestmark = [pytest.mark.django_db, pytest.mark.postgres]


@pytest.fixture(autouse=True)
def _nothing_cached(monkeypatch):
    monkeypatch.setattr(completion_statistics, "_cached", None)


def make_closed(now, *, outcome=Outcome.PASSED, unfinished=60, finished=90, ago=150):
    """An attempt issued `ago` minutes before, last seen unfinished and then answered at these ages in seconds."""
    issued_at = now - timedelta(minutes=ago)
    ages = {"unfinished_at": unfinished, "finished_at": finished}
    moments = {name: issued_at + timedelta(seconds=age) for name, age in ages.items() if age is not None}
    return make_attempt(issued_at=issued_at, outcome=outcome, **moments)


def test_before_anything_was_learned_the_prior_stands():
    assert completion_statistics.completion_times().edges == pytest.approx(lognormal().edges)


def test_it_learns_how_long_checks_take_and_how_many_are_abandoned():
    now = timezone.now()
    for _ in range(3):
        make_closed(now)
    make_closed(now, outcome=Outcome.EXPIRED, unfinished=700, finished=7500)
    assert completion_statistics.update(now=now)
    row = CompletionStatistics.objects.get()
    assert sum(row.counts[12:18]) == pytest.approx(3)
    assert row.unfinished == 1
    assert completion_statistics.completion_times().finished_by(90) > lognormal().finished_by(90)


@pytest.mark.parametrize(
    "told_by_nothing",
    [
        {"ago": 60},
        {"outcome": Outcome.EXPIRED, "unfinished": 300, "finished": 7500},
        {"outcome": Outcome.INVALID, "unfinished": None},
        {"unfinished": None, "finished": -30},
    ],
    ids=["its window is open", "nobody looked late enough", "unknown to the vendor", "a wrong time of issue"],
)
def test_some_attempts_tell_nothing(told_by_nothing):
    now = timezone.now()
    make_closed(now, **told_by_nothing)
    completion_statistics.update(now=now)
    row = CompletionStatistics.objects.get()
    assert (sum(row.counts), row.unfinished) == (0, 0)


def test_it_learns_from_each_attempt_once_and_not_all_the_time():
    now = timezone.now()
    make_closed(now)
    assert completion_statistics.update(now=now)
    assert not completion_statistics.update(now=now + timedelta(minutes=5))
    assert completion_statistics.update(now=now + timedelta(minutes=15))
    assert sum(CompletionStatistics.objects.get().counts) == pytest.approx(1, rel=0.02)


def test_what_was_learned_long_ago_fades():
    now = timezone.now()
    make_closed(now)
    completion_statistics.update(now=now)
    completion_statistics.update(now=now + timedelta(days=2))
    assert sum(CompletionStatistics.objects.get().counts) == pytest.approx(0.25)


def test_of_two_that_learn_at_once_one_does(monkeypatch):
    now = timezone.now()
    completion_statistics.update(now=now)
    later = now + timedelta(minutes=20)
    closed = completion_statistics._closed

    def meanwhile(after, until):
        monkeypatch.setattr(completion_statistics, "_closed", closed)
        assert completion_statistics.update(now=later)
        return closed(after, until)

    monkeypatch.setattr(completion_statistics, "_closed", meanwhile)
    assert not completion_statistics.update(now=later)


def test_counts_of_another_shape_are_forgotten():
    CompletionStatistics.objects.create(id=1, learned_at=timezone.now(), counts=[5.0, 5.0], unfinished=3)
    assert completion_statistics.completion_times().finished_by(LATEST_COMPLETION_SECONDS) == pytest.approx(0.85)


def test_what_was_read_is_kept_for_a_while(django_assert_num_queries):
    completion_statistics.completion_times()
    with django_assert_num_queries(0):
        completion_statistics.completion_times()
