"""This machine's clock, checked against the vendor's."""

import pytest

from liveness.clock import TOLERANCE_SECONDS, CheckedClock

START = 1_800_000_000.0
HOUR = 3600.0


class Machine:
    """A machine whose clock can be set."""

    def __init__(self):
        self.seconds, self.set_by = 0.0, 0.0

    def unix(self):
        return START + self.seconds + self.set_by

    def monotonic(self):
        return 100.0 + self.seconds

    def vendor(self):
        return START + self.seconds


@pytest.fixture
def machine():
    return Machine()


@pytest.fixture
def clock(machine):
    return CheckedClock(machine)


def test_without_an_answer_of_the_vendor_nothing_is_confirmed(clock):
    assert not clock.is_confirmed(since=0.0)
    assert clock.wrong_by is None


@pytest.mark.parametrize("skew", [0.0, TOLERANCE_SECONDS, -TOLERANCE_SECONDS])
def test_a_clock_that_agrees_within_a_minute_is_confirmed(skew, clock, machine):
    machine.set_by = skew
    clock.observe(machine.vendor())
    assert clock.is_confirmed(since=machine.monotonic())
    assert clock.unix() == machine.unix()


@pytest.mark.parametrize("skew", [HOUR, -HOUR, TOLERANCE_SECONDS + 1])
def test_where_the_clocks_differ_the_vendors_time_counts(skew, clock, machine):
    machine.set_by = skew
    clock.observe(machine.vendor())
    machine.seconds += 300
    assert clock.unix() == machine.vendor()
    assert clock.now().timestamp() == machine.vendor()
    assert clock.wrong_by == skew
    assert not clock.is_confirmed(since=0.0)


@pytest.mark.parametrize("step", [HOUR, -HOUR])
def test_a_clock_that_was_set_since_the_last_answer_is_not_confirmed(step, clock, machine):
    clock.observe(machine.vendor())
    machine.seconds += 10
    machine.set_by = step
    assert clock.has_stepped
    assert not clock.is_confirmed(since=0.0)
    clock.observe(machine.vendor())
    assert not clock.has_stepped
    assert clock.wrong_by == step


def test_a_clock_that_is_put_right_is_confirmed_by_the_next_answer(clock, machine):
    machine.set_by = HOUR
    clock.observe(machine.vendor())
    machine.set_by = 0.0
    assert clock.unix() == machine.vendor()
    clock.observe(machine.vendor())
    assert clock.is_confirmed(since=0.0)


def test_an_answer_of_an_earlier_run_confirms_nothing(clock, machine):
    clock.observe(machine.vendor())
    machine.seconds += 60
    assert not clock.is_confirmed(since=machine.monotonic())


def test_time_that_merely_passes_changes_nothing(clock, machine):
    clock.observe(machine.vendor())
    machine.seconds += 30 * HOUR
    assert clock.is_confirmed(since=0.0)


def test_a_date_that_is_not_believed_confirms_nothing_and_moves_no_clock(clock, machine):
    clock.observe(machine.vendor() + HOUR, is_believed=False)
    assert clock.unix() == machine.unix()
    assert (clock.wrong_by, clock.differs_by) == (None, -HOUR)
    assert not clock.is_confirmed(since=0.0)
    assert not clock.is_known(since=0.0)
    clock.observe(machine.vendor())
    assert clock.is_confirmed(since=0.0)


def test_a_clock_that_is_wrong_by_a_known_time_is_known_though_not_confirmed(clock, machine):
    machine.set_by = HOUR
    clock.observe(machine.vendor())
    assert clock.is_known(since=0.0)
    assert not clock.is_confirmed(since=0.0)
    assert not clock.is_known(since=machine.monotonic() + 1)
