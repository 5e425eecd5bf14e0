import itertools
from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from liveness.refresh import policy

ISSUED = datetime(2026, 1, 31, 12, 0, tzinfo=UTC)
EXPIRES = ISSUED + timedelta(hours=2)
ages = st.timedeltas(min_value=timedelta(0), max_value=timedelta(hours=1, minutes=59, seconds=59))


def walk() -> list[datetime]:
    """The polls of a check that is never finished."""
    now, looks = policy.first_poll(ISSUED, ISSUED), []
    while now < EXPIRES:
        looks.append(now)
        now = policy.next_poll(ISSUED, EXPIRES, now)
    return looks


def test_the_first_poll_waits_until_somebody_can_have_finished():
    assert policy.first_poll(ISSUED, ISSUED) == ISSUED + timedelta(seconds=15)


def test_a_token_that_is_registered_late_is_polled_at_once():
    now = ISSUED + timedelta(minutes=20)
    assert policy.first_poll(ISSUED, now) == now


@given(ages)
def test_the_next_poll_always_lies_ahead_but_not_past_the_window(age):
    now = ISSUED + age
    planned = policy.next_poll(ISSUED, EXPIRES, now)
    assert now < planned <= max(EXPIRES, now + policy.SHORTEST)


def test_an_unfinished_check_costs_few_calls():
    assert len(walk()) < 40


def test_a_finished_check_is_seen_within_a_minute_while_it_can_run():
    looks = [look for look in walk() if look < ISSUED + timedelta(minutes=4)]
    assert max(later - earlier for earlier, later in itertools.pairwise(looks)) <= timedelta(minutes=1)


def test_it_looks_once_more_before_the_window_closes():
    assert EXPIRES - policy.LAST_LOOK in walk()


def test_it_looks_when_the_run_window_ends():
    assert ISSUED + policy.RUN_WINDOW in walk()


@given(ages, st.integers(min_value=1, max_value=10_000))
def test_a_failed_call_is_tried_again_while_the_window_is_open(age, failures):
    now = ISSUED + age
    planned = policy.next_try(now, EXPIRES, failures)
    assert now < planned <= now + policy.ERROR_CEILING
    assert planned < EXPIRES or EXPIRES - now <= policy.ERROR_CEILING


def test_a_token_is_readable_a_little_longer_than_its_stated_window():
    assert policy.is_readable(EXPIRES, EXPIRES)
    assert not policy.is_readable(EXPIRES, EXPIRES + policy.GRACE)
