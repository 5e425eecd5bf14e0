from datetime import timedelta

import pytest
import time_machine
from django.utils import timezone

from liveness.templatetags.liveness import age, ago, remaining, short

NOW = "2026-11-22T12:00:00Z"


@pytest.mark.parametrize(
    ("passed", "expected"),
    [
        (timedelta(seconds=-5), "now"),
        (timedelta(seconds=59), "now"),
        (timedelta(seconds=60), "1 min"),
        (timedelta(minutes=59, seconds=59), "59 min"),
        (timedelta(hours=1), "1 h"),
        (timedelta(hours=47), "47 h"),
        (timedelta(hours=48), "2 d"),
        (timedelta(days=29), "29 d"),
        (timedelta(days=30), "23 Oct 2026"),
    ],
)
@time_machine.travel(NOW, tick=False)
def test_an_age_is_one_number(passed, expected):
    assert age(timezone.now() - passed) == expected
    is_plain = expected == "now" or " 20" in expected
    assert ago(timezone.now() - passed) == (expected if is_plain else f"{expected} ago")


@pytest.mark.parametrize(
    ("left", "expected"),
    [
        (timedelta(0), ""),
        (timedelta(seconds=-1), ""),
        (timedelta(seconds=59), "less than a minute"),
        (timedelta(minutes=1), "1 min"),
        (timedelta(minutes=59, seconds=59), "59 min"),
        (timedelta(hours=1, minutes=3), "1 h 03 min"),
    ],
)
@time_machine.travel(NOW, tick=False)
def test_the_time_that_is_left_is_told_in_hours_and_minutes(left, expected):
    assert remaining(timezone.now() + left) == expected


def test_an_id_is_shortened_only_when_that_saves_something():
    assert short("0123456789abcdef") == "0123456789ab…"
    assert short("0123456789abc") == "0123456789abc"
