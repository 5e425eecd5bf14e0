"""What a row says of its time."""

from datetime import UTC, datetime, timedelta

import pytest

from liveness.review.due_time import age_of, span
from liveness.review.models import Review, ReviewState

NOW = datetime(2026, 5, 1, 12, tzinfo=UTC)
SECOND = timedelta(seconds=1)


def say(state: str, left: timedelta) -> tuple[str, str]:
    age = age_of(Review(state=state, queue_at=NOW + left), NOW)
    assert age.at == NOW + left
    return age.level, age.words


@pytest.mark.parametrize(
    ("length", "expected"),
    [
        (timedelta(0), "1 min"),
        (119 * SECOND, "1 min"),
        (timedelta(minutes=59, seconds=59), "59 min"),
        (timedelta(hours=1, minutes=5), "1 h 05 min"),
        (timedelta(hours=2), "2 h"),
        (timedelta(hours=47, minutes=59), "47 h"),
        (timedelta(days=2), "2 d"),
        (timedelta(days=400), "400 d"),
    ],
)
def test_a_length_of_time_is_said_in_the_units_that_matter(length, expected):
    assert span(length) == expected


@pytest.mark.parametrize("state", [ReviewState.OPEN, ReviewState.PROPOSED, ReviewState.ESCALATED])
def test_work_is_due_soon_or_late(settings, state):
    settings.LIVENESS_REVIEW_SLA = 4 * 3600
    hour = timedelta(hours=1)
    assert say(state, 3 * hour) == ("calm", "Due in 3 h")
    assert say(state, hour) == ("calm", "Due in 1 h 00 min")
    assert say(state, hour - SECOND) == ("soon", "Due in 59 min")
    assert say(state, timedelta(0)) == ("soon", "Due in 1 min")
    assert say(state, -SECOND) == ("late", "Late by 1 min")
    assert say(state, -30 * hour) == ("late", "Late by 30 h")


def test_the_window_of_the_vendor_closes():
    minute = timedelta(minutes=1)
    assert say(ReviewState.WAITING, 83 * minute) == ("calm", "1 h 23 min left")
    assert say(ReviewState.WAITING, 9 * minute) == ("soon", "9 min left")
    assert say(ReviewState.WAITING, -5 * minute) == ("late", "Closed 5 min ago")


@pytest.mark.parametrize("state", [ReviewState.LOST, ReviewState.DECIDED])
def test_what_is_settled_is_past(state):
    assert say(state, timedelta(days=-3)) == ("past", "3 d ago")
    # The clocks of two machines may differ a little.
    assert say(state, SECOND) == ("past", "1 min ago")
