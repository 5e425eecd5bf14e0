from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from liveness.polling import policy
from liveness.polling.completion_times import EARLIEST_COMPLETION_SECONDS, LATEST_COMPLETION_SECONDS, lognormal
from liveness.polling.policy import (
    CLOSING_GRACE,
    LAST_LOOK,
    LOWEST_THRESHOLD_SECONDS,
    MIN_POLL_GAP,
    Candidate,
    PollClass,
    PriorityThreshold,
)

PRIOR = lognormal()
ISSUED = datetime(2026, 1, 31, 12, 0, tzinfo=UTC)
EXPIRES = ISSUED + timedelta(hours=2)
ages = st.floats(min_value=0, max_value=7199).map(lambda seconds: timedelta(seconds=seconds))
thresholds = st.floats(min_value=LOWEST_THRESHOLD_SECONDS, max_value=7200)


def at(age: float) -> datetime:
    """The moment at which a token is so many seconds old."""
    return ISSUED + timedelta(seconds=age)


def candidate(
    number: int = 1, *, age: float = 0, seen: float | None = None, reported: float | None = None
) -> Candidate:
    """One that is `age` seconds old at EXPIRES; `seen` and `reported` are ages as well."""
    issued_at = EXPIRES - timedelta(seconds=age)
    moments = [None if one is None else issued_at + timedelta(seconds=one) for one in (seen, reported)]
    return Candidate(number, issued_at, moments[0], issued_at + timedelta(hours=2), moments[1])


def chosen(*candidates: Candidate, count: int = 10, threshold: float = LOWEST_THRESHOLD_SECONDS) -> list[int]:
    return [one.id for one in policy.choose(candidates, count, durations=PRIOR, now=EXPIRES, threshold=threshold)]


def walk(threshold: float) -> list[datetime]:
    """The polls of a check that is never finished."""
    now, polls = policy.first_poll(PRIOR, ISSUED, EXPIRES, ISSUED), []
    while policy.is_readable(EXPIRES, now):
        polls.append(now)
        now = policy.next_poll(PRIOR, ISSUED, now, EXPIRES, now, threshold)
    return polls


class TestScore:
    def test_it_is_the_waiting_that_each_poll_saves(self):
        chance = PRIOR.chance(100, 200)
        assert policy.score(PRIOR, ISSUED, at(100), at(200)) == pytest.approx(chance * 100 / (2 - chance))

    def test_after_the_last_check_has_ended_a_poll_needs_no_other(self):
        chance = PRIOR.chance(100, LATEST_COMPLETION_SECONDS)
        assert policy.score(PRIOR, ISSUED, at(100), at(700)) == pytest.approx(chance * 600)

    def test_nobody_waits_before_the_first_can_be_done(self):
        chance = PRIOR.chance(0, 145)
        assert policy.score(PRIOR, ISSUED, None, at(145)) == pytest.approx(
            chance * (145 - EARLIEST_COMPLETION_SECONDS) / (2 - chance)
        )

    @given(ages, ages, ages)
    def test_it_grows_with_time(self, first, second, third):
        seen, sooner, later = sorted((first, second, third))
        scores = [policy.score(PRIOR, ISSUED, ISSUED + seen, ISSUED + age) for age in (sooner, later)]
        assert 0 <= scores[0] <= scores[1]

    def test_what_is_unlikely_is_not_polled_while_a_check_can_run(self):
        assert policy.score(PRIOR, ISSUED, None, at(50)) == 0
        assert policy.score(PRIOR, ISSUED, at(650), at(655)) == 0
        assert policy.score(PRIOR, ISSUED, at(650), at(670)) > 0


class TestPlan:
    @given(st.floats(min_value=0, max_value=400), st.floats(min_value=LOWEST_THRESHOLD_SECONDS, max_value=200))
    def test_an_attempt_is_planned_for_when_it_is_worth_the_price(self, seen, threshold):
        now = at(seen)
        planned = policy.next_poll(PRIOR, ISSUED, now, EXPIRES, now, threshold)
        assume(planned > now + MIN_POLL_GAP)
        before = planned - timedelta(seconds=1)
        assert policy.score(PRIOR, ISSUED, now, before) < threshold * 1.001
        assert policy.score(PRIOR, ISSUED, now, planned + timedelta(milliseconds=1)) >= threshold * 0.999

    @given(ages, thresholds, st.none() | ages)
    def test_no_attempt_is_polled_again_at_once_nor_planned_past_its_end(self, seen, threshold, reported):
        now = ISSUED + seen
        reported_at = None if reported is None else ISSUED + reported
        planned = policy.next_poll(PRIOR, ISSUED, now, EXPIRES, now, threshold, reported_at=reported_at)
        assert now + MIN_POLL_GAP <= planned <= EXPIRES + CLOSING_GRACE

    @given(ages, thresholds, thresholds)
    def test_the_dearer_a_poll_the_later(self, seen, one, other):
        now = ISSUED + seen
        plans = [policy.next_poll(PRIOR, ISSUED, now, EXPIRES, now, threshold) for threshold in sorted((one, other))]
        assert plans[0] <= plans[1]

    @given(thresholds)
    def test_there_is_a_poll_after_the_last_can_have_finished_and_in_time(self, threshold):
        assert any(at(LATEST_COMPLETION_SECONDS) <= poll <= EXPIRES - LAST_LOOK for poll in walk(threshold))

    def test_the_cheaper_a_poll_the_more_an_abandoned_check_gets(self):
        assert [len(walk(threshold)) for threshold in (1, 10, 100, 1000)] == [25, 10, 5, 3]

    def test_in_overload_there_is_one_poll_after_all_have_finished(self):
        assert policy.next_poll(PRIOR, ISSUED, None, EXPIRES, at(60), 1000) > at(LATEST_COMPLETION_SECONDS)

    def test_the_last_look_is_ten_minutes_before_the_end_and_then_only_the_end_is_left(self):
        *_, last_look = walk(LOWEST_THRESHOLD_SECONDS)
        assert last_look == EXPIRES - LAST_LOOK
        assert (
            policy.next_poll(PRIOR, ISSUED, last_look, EXPIRES, last_look, LOWEST_THRESHOLD_SECONDS)
            == EXPIRES + CLOSING_GRACE
        )

    def test_a_token_that_is_registered_late_is_polled_at_once(self):
        assert policy.first_poll(PRIOR, ISSUED, EXPIRES, at(1200)) == at(1200)

    def test_a_time_of_issue_that_lies_ahead_does_no_harm(self):
        now = at(-240)
        assert at(EARLIEST_COMPLETION_SECONDS) < policy.first_poll(PRIOR, ISSUED, EXPIRES, now) < at(120)
        assert policy.next_poll(PRIOR, ISSUED, now, EXPIRES, now, LOWEST_THRESHOLD_SECONDS) > at(
            EARLIEST_COMPLETION_SECONDS
        )

    def test_after_a_report_it_asks_soon_and_then_less_and_less_often(self):
        now, gaps = at(100), []
        while now < at(100) + policy.REPORT_HOLDS:
            planned = policy.next_poll(PRIOR, ISSUED, now, EXPIRES, now, 100, reported_at=at(100))
            gaps.append((planned - now).total_seconds())
            now = planned
        assert gaps == [3, 3, 6, 12, 24, 48, 96] or gaps[:-1] == [3, 3, 6, 12, 24, 48]

    def test_a_report_is_heeded_however_old_the_check_is(self):
        now = at(LATEST_COMPLETION_SECONDS + 2)
        planned = policy.next_poll(PRIOR, ISSUED, now, EXPIRES, now, 100, reported_at=at(LATEST_COMPLETION_SECONDS - 5))
        assert planned == now + timedelta(seconds=7)


class TestChoice:
    def test_the_best_scores_come_first(self):
        assert chosen(candidate(1, age=100), candidate(2, age=300), candidate(3, age=900), count=2) == [3, 2]

    def test_none_is_polled_within_seconds_of_the_last_poll(self):
        assert chosen(candidate(1, age=900, seen=898, reported=890), candidate(2, age=900, seen=100)) == [2]

    def test_what_the_app_reported_goes_before_any_score(self):
        assert chosen(candidate(1, age=3000), candidate(2, age=80, reported=79), count=1) == [2]

    def test_a_report_does_not_hold_for_ever(self):
        doubtful = candidate(1, age=1000, seen=500, reported=100)
        assert policy.poll_class(PRIOR, doubtful, EXPIRES) == PollClass.UNCERTAIN

    def test_what_would_soon_be_lost_goes_before_any_score_and_the_first_to_end_first(self):
        closing = [candidate(1, age=6100), candidate(2, age=6500, seen=100)]
        assert chosen(candidate(3, age=5900), *closing) == [2, 1, 3]

    def test_reports_leave_a_share_to_what_would_soon_be_lost(self):
        reported = [candidate(number, age=100, reported=90) for number in range(20)]
        closing = [candidate(number, age=7000) for number in range(100, 110)]
        among = chosen(*reported, *closing, count=8)
        assert len(among) == 8
        assert len([number for number in among if number >= 100]) == 2

    @pytest.mark.parametrize(("count", "share"), [(1, 0.25), (2, 0.25), (3, 0.25), (4, 0.25)])
    def test_small_batches_keep_that_share_over_time(self, count, share):
        reported = [candidate(number, age=100, reported=90) for number in range(20)]
        closing = [candidate(number, age=7000) for number in range(100, 110)]
        seconds, taken = range(40), []
        for second in seconds:
            now = EXPIRES + timedelta(seconds=second)
            some = policy.choose(
                [*reported, *closing], count, durations=PRIOR, now=now, threshold=LOWEST_THRESHOLD_SECONDS
            )
            taken += [one.id >= 100 for one in some]
        assert sum(taken) / len(taken) == share

    def test_a_check_that_nearly_all_have_finished_by_now_is_looked_at_once_more_before_it_is_lost(self):
        unlikely = candidate(1, age=6700, seen=655)
        assert policy.poll_class(PRIOR, unlikely, EXPIRES) == PollClass.EXPIRING

    def test_a_last_look_is_taken_while_polls_are_cheap(self):
        looked_at = candidate(1, age=6700, seen=700)
        assert chosen(looked_at, threshold=LOWEST_THRESHOLD_SECONDS) == [1]
        assert chosen(looked_at, threshold=100) == []

    def test_what_has_ended_costs_no_call_and_is_cleared_first(self):
        assert chosen(candidate(1, age=6900), candidate(2, age=8000, seen=700), threshold=100) == [2, 1]

    def test_a_last_look_that_was_put_off_comes_up_again_every_minute(self):
        seen, now = at(LATEST_COMPLETION_SECONDS + 10), EXPIRES - LAST_LOOK + timedelta(minutes=2)
        assert policy.next_poll(PRIOR, ISSUED, seen, EXPIRES, now, LOWEST_THRESHOLD_SECONDS) == now + timedelta(
            minutes=1
        )

    def test_a_last_look_that_was_made_is_the_last(self):
        now = EXPIRES - LAST_LOOK + timedelta(minutes=2)
        assert policy.next_poll(PRIOR, ISSUED, now, EXPIRES, now, LOWEST_THRESHOLD_SECONDS) >= EXPIRES

    @given(st.lists(st.tuples(ages, ages), max_size=30), st.integers(min_value=1, max_value=10), thresholds)
    def test_it_takes_no_more_than_asked_for_and_each_once(self, pairs, count, threshold):
        pool = [
            candidate(number, age=max(pair).total_seconds(), seen=min(pair).total_seconds())
            for number, pair in enumerate(pairs)
        ]
        among = chosen(*pool, count=count, threshold=threshold)
        assert len(among) == len(set(among)) <= count


class TestPrice:
    def test_it_follows_what_the_least_urgent_poll_was_worth(self):
        threshold = PriorityThreshold()
        for _ in range(100):
            threshold.update([500, 100, 300], 3)
        assert threshold.value == pytest.approx(policy.MARGIN * 100, rel=0.01)

    def test_it_falls_to_its_floor_when_calls_are_left_over(self):
        threshold = PriorityThreshold(1000)
        for _ in range(100):
            threshold.update([500], 2)
        assert threshold.value == LOWEST_THRESHOLD_SECONDS

    def test_a_process_that_was_idle_judges_afresh(self):
        threshold = PriorityThreshold(1000)
        threshold.relax(EXPIRES)
        threshold.relax(EXPIRES + timedelta(seconds=1))
        assert threshold.value == 1000, "a batch a second is no idleness"
        threshold.relax(EXPIRES + timedelta(minutes=5))
        assert threshold.value == LOWEST_THRESHOLD_SECONDS

    def test_a_clock_that_is_set_back_does_not_raise_it(self):
        threshold = PriorityThreshold(1000)
        threshold.relax(EXPIRES)
        threshold.relax(EXPIRES - timedelta(hours=1))
        assert threshold.value == 1000

    def test_polls_that_go_before_any_score_say_nothing_about_it(self):
        threshold, urgent = PriorityThreshold(50), candidate(1, age=80, reported=79)
        threshold.update([policy.priority(PRIOR, urgent, EXPIRES)], 1)
        assert threshold.value == 50


class TestFailures:
    @given(ages, st.integers(min_value=1, max_value=10_000))
    def test_a_failed_call_is_tried_again_while_the_window_is_open(self, age, failures):
        now = ISSUED + age
        planned = policy.next_try(now, EXPIRES, failures)
        assert now < planned <= now + policy.LONGEST_RETRY_DELAY
        assert planned < EXPIRES or EXPIRES - now <= policy.LONGEST_RETRY_DELAY

    @given(ages)
    def test_a_failure_that_will_not_pass_is_met_rarely_and_once_before_the_end(self, age):
        now = ISSUED + age
        planned = policy.next_look(now, EXPIRES)
        assert now < planned <= now + policy.LONGEST
        assert planned <= EXPIRES - LAST_LOOK or now >= EXPIRES - LAST_LOOK - policy.LONGEST

    @given(ages)
    def test_a_failure_that_somebody_must_put_right_is_met_again_before_the_end(self, age):
        now = ISSUED + age
        planned = policy.next_check(now, EXPIRES)
        assert now < planned <= now + policy.LONGEST
        assert planned < EXPIRES or EXPIRES - now <= policy.SHORTEST

    def test_a_token_is_readable_a_little_longer_than_its_stated_window(self):
        assert policy.is_readable(EXPIRES, EXPIRES)
        assert not policy.is_readable(EXPIRES, EXPIRES + CLOSING_GRACE)


def test_polls_of_one_check_are_never_within_seconds():
    assert min(later - sooner for sooner, later in pairwise(walk(LOWEST_THRESHOLD_SECONDS))) >= MIN_POLL_GAP
