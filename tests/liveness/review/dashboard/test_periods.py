"""Periods: about thirty pieces that begin where the clock on the wall says."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from liveness.review.dashboard import periods

HOUR = timedelta(hours=1)
BERLIN, KOLKATA = ZoneInfo("Europe/Berlin"), ZoneInfo("Asia/Kolkata")
NOW = datetime(2026, 11, 22, 14, 35, tzinfo=UTC)
moments = st.builds(
    lambda seconds, zone: (NOW + timedelta(seconds=seconds)).astimezone(zone),
    st.integers(-200_000_000, 200_000_000),
    st.sampled_from([UTC, BERLIN, KOLKATA]),
)


@given(st.sampled_from(periods.CODES), moments)
def test_pieces_follow_each_other_and_now_is_in_the_last(code, now):
    period = periods.choose(code, now)
    edges = [edge.astimezone(UTC) for edge in (*period.starts, period.end)]
    assert edges == sorted(set(edges))
    assert edges[-2] <= now < edges[-1]
    assert len(period.starts) in (24, 28, 30)
    assert period.ends() == (*period.starts[1:], period.end)


@given(st.sampled_from(periods.CODES), moments)
def test_the_period_before_is_as_long_and_ends_where_this_one_starts(code, now):
    period = periods.choose(code, now)
    start, end = period.start.astimezone(UTC), period.end.astimezone(UTC)
    assert start - period.before == end - start


@pytest.mark.parametrize("code", ["", "1y", "24h"])
def test_whatever_is_no_period_is_the_first(code):
    assert periods.choose(code, NOW).start == datetime(2026, 11, 21, 15, tzinfo=UTC)


def test_days_begin_at_midnight_there_also_when_the_clock_changes():
    period = periods.choose("30d", datetime(2026, 11, 10, 9, tzinfo=BERLIN))
    assert {start.hour for start in period.starts} == {0}
    lengths = {b.astimezone(UTC) - a.astimezone(UTC) for a, b in zip(period.starts, period.ends(), strict=True)}
    assert lengths == {24 * HOUR, 25 * HOUR}


def test_quarters_of_a_day_begin_by_the_clock_there():
    period = periods.choose("7d", NOW.astimezone(KOLKATA))
    assert {(start.hour, start.minute) for start in period.starts} == {(0, 0), (6, 0), (12, 0), (18, 0)}


def test_hours_are_summed_into_their_piece():
    period = periods.choose("7d", NOW)
    first, last = period.starts[0], period.starts[-1]
    sums = period.summed([(first, 1), (first + 5 * HOUR, 2), (first + 6 * HOUR, 4), (last, 8)])
    assert (sums[0], sums[1], sums[-1], sum(sums)) == (3, 4, 8, 15)


def test_more_undone_than_done_is_none():
    period = periods.choose("24h", NOW)
    assert min(period.summed([(period.start, -1), (period.start + HOUR, 2)])) == 0
