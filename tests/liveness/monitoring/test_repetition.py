"""When one hook is sent a danger again, and when it is over."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from liveness.monitoring.alert_rules import Alert
from liveness.monitoring.repetition import REST, Notified

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
DANGER = Alert("at_risk", "3 at risk", "", size=3, seconds_left=480.0)
sizes, lefts = st.integers(1, 10_001), st.none() | st.floats(0, 7200)


def sent(danger=DANGER) -> Notified:
    return Notified().seen(danger, NOW).sent(danger, NOW)


def test_what_was_never_sent_is_news():
    assert Notified().seen(DANGER, NOW).is_news(DANGER, NOW)


@pytest.mark.parametrize(
    ("change", "is_news"),
    [
        ({}, False),
        ({"size": 5}, False),
        ({"size": 6}, True),
        ({"size": 1, "seconds_left": 241.0}, False),
        ({"seconds_left": 240.0}, True),
        ({"seconds_left": None}, False),
    ],
)
def test_what_doubled_or_has_half_the_time_left_is_news(change, is_news):
    assert sent().is_news(replace(DANGER, **change), NOW + MINUTE) is is_news


@pytest.mark.parametrize(
    ("before", "left", "is_news"), [(7200.0, 3000.0, False), (7200.0, 1800.0, True), (60.0, 1.0, False)]
)
def test_time_that_halves_counts_between_an_hour_and_a_minute(before, left, is_news):
    notified = sent(replace(DANGER, seconds_left=before))
    assert notified.is_news(replace(DANGER, seconds_left=left), NOW + MINUTE) is is_news


def test_those_that_come_into_danger_after_the_first_are_gone_have_a_time_of_their_own():
    notified = sent(replace(DANGER, seconds_left=40.0))
    for left, is_news in ((900.0, False), (460.0, False), (450.0, True)):
        danger = replace(DANGER, seconds_left=left)
        notified = notified.seen(danger, NOW + MINUTE)
        assert notified.is_news(danger, NOW + MINUTE) is is_news


def test_a_new_cause_is_news_though_there_are_no_more_of_them():
    clock, chain = (replace(DANGER, size=1, seconds_left=None, causes=[cause]) for cause in ("clock", "chain"))
    notified = sent(clock)
    assert not notified.is_news(clock, NOW + MINUTE)
    assert notified.is_news(chain, NOW + MINUTE)
    assert not notified.sent(chain, NOW + MINUTE).is_news(clock, NOW + MINUTE)


@given(size=sizes, left=lefts)
def test_what_was_just_sent_is_no_news(size, left):
    danger = replace(DANGER, size=size, seconds_left=left)
    assert not sent(danger).is_news(danger, NOW + MINUTE)


@given(sizes=st.lists(sizes, min_size=1, max_size=200))
def test_growth_alone_sends_few_messages(sizes):
    notified, count = Notified(), 0
    for size in sorted(sizes):
        danger = replace(DANGER, size=size, seconds_left=None)
        notified = notified.seen(danger, NOW)
        if notified.is_news(danger, NOW):
            notified, count = notified.sent(danger, NOW), count + 1
    assert count <= 15


@given(stored=st.recursive(st.none() | st.booleans() | st.floats(allow_nan=False) | st.text(), st.lists))
def test_whatever_else_is_stored_is_read_as_nothing_known(stored):
    assert isinstance(Notified.parse(stored), Notified)


@given(size=sizes, left=lefts, lost=st.integers(0, 9))
def test_what_is_stored_is_read_again(size, left, lost):
    notified = replace(sent(replace(DANGER, size=size, seconds_left=left)), lost=lost)
    assert Notified.parse(notified.as_json) == notified


def test_it_is_over_when_it_was_gone_for_long_enough():
    notified = sent().seen(DANGER, NOW + 5 * MINUTE)
    assert not notified.is_over(NOW + REST)
    assert notified.is_over(NOW + 5 * MINUTE + REST)
