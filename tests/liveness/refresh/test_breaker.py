"""When the vendor is out of reach nobody calls, and one caller at a time finds out whether it is back."""

import threading

import pytest

from liveness.client.errors import NetworkError
from liveness.exceptions import AccountError, OutageError
from liveness.refresh.breaker import ALL_REFUSED, FIRST_PAUSE, LONGEST_PAUSE, OUTAGE, Breaker

PROBLEM = NetworkError("Network.Reset", "the connection was cut off")


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
    """One that waits out an outage, and that has just met one."""
    breaker = Breaker(is_patient=True, clock=clock)
    for _ in range(OUTAGE):
        breaker.failed(PROBLEM)
    return breaker


def is_admitted(breaker):
    """Would a caller be let through at once?"""
    stop = threading.Event()
    waiting = threading.Timer(0.05, stop.set)
    waiting.start()
    admitted = breaker.admit(stop)
    waiting.cancel()
    return admitted


def test_a_few_failures_are_no_outage():
    breaker = Breaker()
    for _ in range(OUTAGE - 1):
        breaker.failed(PROBLEM)
    breaker.answered()
    breaker.failed(PROBLEM)
    assert not breaker.is_open


def test_a_run_after_an_outage_begins_with_a_single_probe():
    breaker = Breaker(is_wary=True)
    assert [is_admitted(breaker), is_admitted(breaker)] == [True, False]
    with pytest.raises(OutageError):
        breaker.failed(PROBLEM)
    breaker.answered()
    assert is_admitted(breaker)


def test_an_outage_ends_a_run_that_is_started_again_anyway():
    breaker = Breaker()
    with pytest.raises(OutageError, match=r"out of reach \(Network.Reset"):
        for _ in range(OUTAGE):
            breaker.failed(PROBLEM)


def test_in_an_outage_nobody_calls(breaker):
    assert breaker.is_open
    assert not is_admitted(breaker)


def test_after_a_pause_one_caller_probes_and_the_others_wait(breaker, clock):
    clock.now += FIRST_PAUSE
    assert is_admitted(breaker)
    assert not is_admitted(breaker)


def test_probes_become_rarer(breaker, clock):
    pauses = []
    for _ in range(8):
        begun = clock.now
        while not is_admitted(breaker):
            clock.now += FIRST_PAUSE
        pauses.append(clock.now - begun)
        breaker.failed(PROBLEM)
    assert pauses == sorted(pauses)
    assert pauses[-1] == LONGEST_PAUSE


def test_calls_that_were_under_way_make_no_probe_rarer(breaker, clock):
    for _ in range(3):
        breaker.failed(PROBLEM)
    clock.now += FIRST_PAUSE
    assert is_admitted(breaker)


def test_the_next_outage_begins_with_the_first_pause_again(breaker, clock):
    for _ in range(4):
        clock.now += LONGEST_PAUSE
        assert is_admitted(breaker)
        breaker.failed(PROBLEM)
    breaker.answered()
    for _ in range(OUTAGE):
        breaker.failed(PROBLEM)
    clock.now += FIRST_PAUSE
    assert is_admitted(breaker)


def test_the_first_answer_ends_the_outage(breaker, clock):
    clock.now += FIRST_PAUSE
    assert is_admitted(breaker)
    breaker.answered()
    assert is_admitted(breaker)
    assert is_admitted(breaker)


def test_whoever_is_told_to_stop_waits_no_longer(breaker):
    stop = threading.Event()
    stop.set()
    assert not breaker.admit(stop)


def test_an_account_that_knows_no_token_is_a_wrong_one():
    breaker = Breaker()
    with pytest.raises(AccountError, match="LIVENESS_REGION"):
        for _ in range(ALL_REFUSED):
            breaker.refused()


def test_one_token_that_is_known_clears_the_account():
    breaker = Breaker()
    breaker.answered()
    for _ in range(3 * ALL_REFUSED):
        breaker.refused()
