"""No call is made where several attempts agree that it is useless; one caller at a time then probes."""

import threading

import pytest

from liveness.client.errors import CredentialsError, NetworkError
from liveness.worker.circuit_breaker import (
    AGREEING_ATTEMPTS,
    FIRST_PAUSE_SECONDS,
    LONGEST_PAUSE_SECONDS,
    OUTAGE_FAILURES,
    UNKNOWN_TOKENS,
    CircuitBreaker,
    CircuitBreakers,
)

PROBLEM = NetworkError("Network.Reset", "the connection was cut off")
REFUSAL = CredentialsError("UnsupportedRegion", "the action is not served in this region")
GO_ON = threading.Event()


class Clock:
    def __init__(self):
        self.now = 1000.0

    def __call__(self):
        return self.now


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def breaker(clock):
    return CircuitBreaker("ap-singapore", clock)


def call(breaker):
    """Would a call be let through?"""
    is_admitted = breaker.wait_until_allowed(GO_ON)
    if is_admitted:
        breaker.leave()
    return is_admitted


def break_down(breaker, attempts=OUTAGE_FAILURES):
    for number in range(OUTAGE_FAILURES):
        breaker.record_failure(number % attempts, PROBLEM)


def refuse(breaker, *attempts):
    for attempt in attempts:
        breaker.record_refusal(attempt, REFUSAL)


def test_a_few_failures_are_no_outage(breaker):
    for number in range(OUTAGE_FAILURES - 1):
        breaker.record_failure(number, PROBLEM)
    breaker.record_answer()
    breaker.record_failure(1, PROBLEM)
    assert not breaker.is_open


def test_failures_of_one_or_two_attempts_are_no_outage_however_many(breaker):
    for _ in range(5):
        break_down(breaker, attempts=AGREEING_ATTEMPTS - 1)
    assert not breaker.is_open


def test_in_an_outage_no_call_is_made(breaker):
    break_down(breaker)
    assert breaker.is_outage
    assert not call(breaker)


def test_one_attempt_that_is_refused_stops_no_other(breaker):
    for _ in range(10):
        refuse(breaker, 1)
    assert call(breaker)


def test_several_attempts_that_are_refused_stop_all_others(breaker):
    refuse(breaker, *range(AGREEING_ATTEMPTS))
    assert breaker.is_refused
    assert not call(breaker)
    assert breaker.problem is REFUSAL


def test_refusals_with_different_codes_do_not_agree(breaker):
    refuse(breaker, 1, 2)
    breaker.record_refusal(3, CredentialsError("UnauthorizedOperation", "the account may not do this"))
    assert not breaker.is_open


def test_refusals_agree_whatever_fails_between_them(breaker):
    for attempt in range(AGREEING_ATTEMPTS):
        breaker.record_failure(99, PROBLEM)
        refuse(breaker, attempt)
    assert breaker.is_refused


def test_an_answer_between_refusals_clears_the_account(breaker):
    refuse(breaker, 1, 2)
    breaker.record_answer()
    refuse(breaker, 3)
    assert not breaker.is_open


def test_after_a_first_refusal_one_call_at_a_time_is_made(breaker):
    refuse(breaker, 1)
    assert breaker.wait_until_allowed(GO_ON)
    second = threading.Thread(target=breaker.wait_until_allowed, args=(GO_ON,), daemon=True)
    second.start()
    second.join(0.1)
    assert second.is_alive()
    breaker.leave()
    second.join(5)
    assert not second.is_alive()


def test_after_a_pause_one_caller_probes_and_the_others_make_no_call(breaker, clock):
    break_down(breaker)
    clock.now += FIRST_PAUSE_SECONDS
    assert call(breaker)
    assert not call(breaker)


@pytest.mark.parametrize("fail", [break_down, lambda breaker: refuse(breaker, 1, 2, 3)], ids=["outage", "refusal"])
def test_probes_become_rarer(fail, breaker, clock):
    fail(breaker)
    pauses = []
    for _ in range(8):
        begun = clock.now
        while not call(breaker):
            clock.now += FIRST_PAUSE_SECONDS
        pauses.append(clock.now - begun)
        fail(breaker)
    assert pauses == sorted(pauses)
    assert pauses[-1] == LONGEST_PAUSE_SECONDS


def test_calls_that_were_under_way_make_no_probe_rarer(breaker, clock):
    break_down(breaker)
    for number in range(3):
        breaker.record_failure(number, PROBLEM)
    clock.now += FIRST_PAUSE_SECONDS
    assert call(breaker)


@pytest.mark.parametrize("fail", [break_down, lambda breaker: refuse(breaker, 1, 2, 3)], ids=["outage", "refusal"])
def test_the_first_answer_closes_it(fail, breaker, clock):
    fail(breaker)
    clock.now += LONGEST_PAUSE_SECONDS
    assert call(breaker)
    breaker.record_answer()
    assert call(breaker)
    assert call(breaker)


def test_a_caller_that_is_to_stop_waits_no_longer(breaker):
    stop = threading.Event()
    stop.set()
    assert not breaker.wait_until_allowed(stop)


def test_an_account_that_knows_no_token_at_all_is_doubtful(breaker):
    for number in range(UNKNOWN_TOKENS):
        assert not breaker.is_doubtful
        breaker.record_unknown(number)
    assert breaker.is_doubtful
    assert call(breaker), "a known token may follow"


def test_one_token_that_is_known_clears_the_account(breaker):
    breaker.record_answer()
    for number in range(3 * UNKNOWN_TOKENS):
        breaker.record_unknown(number)
    assert not breaker.is_doubtful


def test_regions_and_keys_have_breakers_of_their_own(settings):
    breakers = CircuitBreakers()
    refuse(breakers.of("ap-jakarta"), 1, 2, 3)
    assert breakers.blocked_regions() == {"ap-jakarta"}
    assert breakers.of("ap-singapore").wait_until_allowed(GO_ON)
    settings.LIVENESS_SECRET_ID = "AKIDanother"
    assert breakers.blocked_regions() == set()
