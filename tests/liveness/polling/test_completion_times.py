import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from liveness.polling.completion_times import (
    BUCKET_SECONDS,
    LATEST_COMPLETION_SECONDS,
    PRIOR_WEIGHT,
    CompletionCounts,
    lognormal,
)

ages = st.floats(min_value=-100, max_value=8000)
intervals = st.lists(st.tuples(ages, ages), max_size=20)


def observed(count: int, *, seed: int = 1) -> list[tuple[float, float]]:
    """Intervals of checks that take about 100 s, looked at every minute."""
    dice = random.Random(seed)
    ends = [min(max(dice.gauss(100, 10), 50), 650) for _ in range(count)]
    return [(end // 60 * 60, end // 60 * 60 + 60) for end in ends]


def test_the_prior_is_what_it_says():
    prior = lognormal()
    assert prior.finished_by(45) == 0
    assert prior.finished_by(LATEST_COMPLETION_SECONDS) == pytest.approx(0.85)
    assert 0.45 < prior.finished_by(180) / 0.85 < 0.55


@given(ages, ages, ages)
def test_the_share_grows_with_the_age_and_a_chance_is_one(first, second, third):
    seen, sooner, later = sorted((first, second, third))
    prior = lognormal()
    assert 0 <= prior.finished_by(sooner) <= prior.finished_by(later) <= 0.85 + 1e-9
    assert 0 <= prior.chance(seen, sooner) <= prior.chance(seen, later) <= 1


def test_between_two_edges_the_share_is_a_straight_line():
    prior = lognormal()
    middle = (prior.finished_by(100) + prior.finished_by(100 + BUCKET_SECONDS)) / 2
    assert prior.finished_by(100 + BUCKET_SECONDS / 2) == pytest.approx(middle)


def test_without_counts_the_prior_stands():
    assert CompletionCounts().durations().edges == pytest.approx(lognormal().edges)


def test_it_learns_from_intervals():
    counts = CompletionCounts()
    for seed in range(5):
        counts = counts.with_seen(observed(2000, seed=seed), unfinished=1000)
    learned = counts.durations()
    assert learned.finished_by(LATEST_COMPLETION_SECONDS) == pytest.approx(2 / 3, abs=0.02)
    assert learned.finished_by(60) < 0.02
    assert learned.finished_by(120) / learned.finished_by(LATEST_COMPLETION_SECONDS) > 0.93


def test_few_checks_change_the_prior_by_little():
    learned = CompletionCounts().with_seen(observed(int(PRIOR_WEIGHT) // 20), unfinished=0).durations()
    assert learned.finished_by(180) == pytest.approx(lognormal().finished_by(180), abs=0.03)


def test_what_fades_gives_way_to_the_new():
    old = CompletionCounts().with_seen(observed(1000), unfinished=0)
    new = old.faded(0.1).with_seen([(300.0, 330.0)] * 1000, unfinished=0).durations()
    assert new.finished_by(330) - new.finished_by(300) > 0.7


@given(intervals, st.integers(min_value=0, max_value=100))
def test_whatever_was_seen_it_stays_a_distribution(seen, unfinished):
    learned = CompletionCounts().with_seen(seen, unfinished).durations()
    assert list(learned.edges) == sorted(learned.edges)
    assert learned.edges[0] == 0
    assert learned.edges[-1] < 1


@pytest.mark.parametrize("interval", [(100.0, 100.0), (200.0, 100.0), (-50.0, -10.0)])
def test_an_interval_that_cannot_be_tells_nothing(interval):
    assert CompletionCounts().with_seen([interval], unfinished=0) == CompletionCounts()


def test_a_check_that_ended_later_than_any_should_is_none_that_had_ended():
    assert CompletionCounts().with_seen([(700.0, 6600.0)], unfinished=0).unfinished == 1
