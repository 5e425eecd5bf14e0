import pytest
from hypothesis import given
from hypothesis import strategies as st

from liveness.ratelimit.state import RateLimitState, farthest

NOW = 1_700_000_000.0
times = st.floats(NOW - 1e6, NOW + 1e6)
gaps = st.floats(0.001, 3600)
shares = st.floats(0.3, 1)
paces = st.builds(RateLimitState, times, shares, st.none() | times)
near = st.builds(RateLimitState, st.floats(NOW - 5, NOW + 50), shares, st.none() | st.floats(NOW - 100, NOW))


@given(paces, gaps, times)
def test_a_slot_is_never_past_and_never_absurdly_far(pace, gap, now):
    slot, _ = pace.reserved(gap, now)
    assert now <= slot <= now + farthest(gap)


@given(near, st.floats(0.001, 5), st.lists(st.floats(0, 3), max_size=20))
def test_slots_keep_their_distance_as_long_as_the_clock_runs_on(pace, gap, pauses):
    now, last = NOW, None
    for pause in pauses:
        now += pause
        if pace.next_at > now + farthest(gap):
            # A line as long as that is forgotten.
            return
        slot, pace = pace.reserved(gap, now)
        # The clock's seconds have a resolution of their own.
        assert last is None or slot - last >= gap - 1e-6
        last = slot


@given(near, st.lists(st.floats(0, 30), max_size=30))
def test_whatever_was_refused_nine_tenths_of_the_pace_are_back_in_a_minute(pace, pauses):
    now = NOW
    for pause in pauses:
        now += pause
        pace = pace.refused(now)
        assert 0.3 <= pace.share_at(now) <= 1
    assert pace.share_at(now + 60) >= 0.9 - 1e-9
    assert pace.share_at(now + 70) == pytest.approx(1)


@given(near, st.floats(0.001, 5))
def test_after_a_refusal_the_next_slot_waits_a_second_and_the_line_is_thinner(pace, gap):
    refused = pace.refused(NOW)
    if refused is pace:
        assert NOW - pace.refused_at < 1
        return
    slot, after = refused.reserved(gap, NOW)
    assert slot == pytest.approx(max(pace.next_at, NOW) + 1)
    assert after.next_at - slot == pytest.approx(gap / max(0.3, 0.7 * pace.share_at(NOW)), abs=1e-5)


def test_a_crowd_of_refusals_within_a_second_counts_once():
    once = RateLimitState(NOW).refused(NOW)
    assert once.refused(NOW + 0.5).refused(NOW + 0.99) == once
    assert once.refused(NOW + 1.01).share == pytest.approx(0.7 * 0.7, abs=0.01)


@given(near, times)
def test_a_step_of_the_clock_never_holds_a_slow_down_for_long(pace, stepped_to):
    slow = pace.refused(NOW)
    assert max(slow.share_at(stepped_to + later) for later in (0, 60)) >= 0.6 - 1e-9


def test_calls_that_are_rarer_than_a_minute_keep_their_distance():
    pace, slots = RateLimitState(NOW), []
    for _ in range(6):
        slot, pace = pace.reserved(30.0, NOW)
        slots.append(slot - NOW)
    assert slots == [0, 30, 60, 90, 120, 150]
