"""Periods of days, in the portal's time zone, found by the key."""

import random
from datetime import UTC, date, datetime, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st

from liveness.database import periods
from liveness.models import VerificationAttempt
from tests.builders import make_attempt

EVERYTHING = VerificationAttempt.objects.all()


def make(*moments: datetime) -> list[int]:
    keys = []
    for moment in moments:
        keys.append(make_attempt().pk)
        VerificationAttempt.objects.filter(pk=keys[-1]).update(created_at=moment)
    return keys


def found(first: date | None, last: date | None) -> list[int]:
    rows = periods.within(EVERYTHING, "created_at", first, last)
    return list(rows.order_by("pk").values_list("pk", flat=True))


@pytest.mark.django_db
@pytest.mark.postgres
def test_a_day_is_one_of_the_portals_time_zone():
    before, first, last, after = make(
        *(
            datetime(2026, 3, day, hour, 59 if hour != 16 else 0, tzinfo=UTC)
            for day, hour in ((8, 15), (8, 16), (9, 15), (9, 16))
        )
    )
    with timezone.override("Asia/Hong_Kong"):
        assert found(date(2026, 3, 9), date(2026, 3, 9)) == [first, last]
        assert found(date(2026, 3, 9), None) == [first, last, after]
        assert found(None, date(2026, 3, 9)) == [before, first, last]
        assert found(date(2026, 3, 10), date(2026, 3, 8)) == []
    assert found(None, None) == [before, first, last, after]


@pytest.mark.django_db
def test_it_finds_the_same_rows_as_reading_the_table_however_they_are_spread():
    chance = random.Random(7)
    start = datetime(2026, 1, 1, tzinfo=UTC)
    moments = sorted(start + timedelta(minutes=chance.randrange(60 * 24 * 20)) for _ in range(120))
    # Hosts' clocks differ.
    moments = [moment + timedelta(minutes=chance.randrange(-25, 25)) for moment in moments]
    keys = make(*moments)
    VerificationAttempt.objects.filter(pk__in=keys[10:30]).delete()
    for _ in range(30):
        first = date(2026, 1, 1) + timedelta(days=chance.randrange(-2, 22))
        last = first + timedelta(days=chance.randrange(0, 4))
        read = EVERYTHING.filter(
            created_at__gte=periods.midnight(first), created_at__lt=periods.midnight(last + periods.DAY)
        )
        assert found(first, last) == list(read.order_by("pk").values_list("pk", flat=True))


@pytest.mark.django_db
def test_looking_for_a_day_costs_a_few_looks_at_the_key():
    start = datetime(2026, 1, 1, tzinfo=UTC)
    make(*(start + timedelta(hours=hour) for hour in range(64)))
    with CaptureQueriesContext(connection) as captured:
        assert len(found(date(2026, 1, 2), date(2026, 1, 2))) == 24
    assert len(captured) <= 2 * 8 + 3
    assert all("LIMIT 1" in query["sql"] for query in captured.captured_queries[:-1])


@pytest.mark.django_db
def test_an_empty_table_has_no_rows_of_any_day():
    assert found(date(2026, 1, 1), date(2026, 1, 2)) == []


@given(st.text() | st.dates().map(str))
def test_any_text_is_a_day_or_none(text):
    parsed = periods.day(text)
    if parsed:
        assert str(parsed) == text or text.isalnum() or "W" in text
        with timezone.override("Pacific/Kiritimati"):
            assert periods.midnight(parsed + periods.DAY) > periods.midnight(parsed)


@pytest.mark.parametrize("text", ["", "2026-13-45", "0001-01-01", "9999-12-31", "yesterday", "2026-1-1", "20260101"])
def test_what_is_no_day_that_anybody_means_is_none(text):
    assert periods.day(text) is None
