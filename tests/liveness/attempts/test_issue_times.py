"""Times of issue as people and programs write them."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from liveness.attempts import issue_times
from liveness.exceptions import RegistrationError

FIRST, LAST = (datetime(year, 3, 1, tzinfo=None) for year in (2018, 2100))  # noqa: DTZ001 - hypothesis adds the zone
MOMENT = datetime(2026, 11, 30, 9, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    "text",
    [
        "2026-11-30T09:30:00Z",
        "2026-11-30t09:30:00z",
        "2026-11-30 09:30:00 UTC",
        "2026-11-30 09:30Z",
        "20261130T093000Z",
        "2026-11-30T17:30:00+08:00",
        "2026-11-30T17:30:00+0800",
        "2026-11-30T17:30:00+08",
        "2026-11-30 17:30:00 +08:00",
        "2026-11-30T05:30:00\u221204:00",
        "2026-11-30T05:30:00-04",
        "2026-11-30T09:30:00.000Z",
        "2026-11-30T09:30:00,000000Z",
        "2026-11-30T09:30:00.000000000+00:00",
        " 2026-11-30T09:30:00Z ",
        "1796031000",
        "1796031000000",
    ],
)
def test_every_spelling_of_iso_8601_and_unix_time_is_read(text):
    assert issue_times.parse(text) == MOMENT


def test_fractions_of_a_second_are_kept_to_the_microsecond():
    assert issue_times.parse("2026-11-30T09:30:00.1234567Z") == MOMENT.replace(microsecond=123456)


def test_no_text_is_no_time():
    assert issue_times.parse("  ") is None


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("2026-11-30T09:30:00", "no UTC offset"),
        ("2026-11-30 09:30", "--timezone"),
        ("20261130T093000", "no UTC offset"),
        ("2026-11-30", "date without a time"),
        ("20261130", "date without a time"),
        ("46356.72", "spreadsheet's number"),
        ("46356", "spreadsheet's number"),
        ("2026-13-01T00:00:00Z", "no time of the calendar"),
        ("2026-02-29T00:00:00Z", "no time of the calendar"),
        ("2026-11-30T09:60:00Z", "no time of the calendar"),
        ("2026-11-30T24:00:01Z", "no time of the calendar"),
        ("2026-11-30T09:30:00+99:00", "no time of the calendar"),
        ("0001-01-01T00:00:00+14:00", "no time of the calendar"),
        ("9999-12-31T23:59:59-14:00", "no time of the calendar"),
        ("30/11/2026 09:30", "ISO 8601"),
        ("yesterday", "ISO 8601"),
        ("2026-W48-1T09:30:00Z", "ISO 8601"),
        ("Mon, 30 Nov 2026 09:30:00 GMT", "ISO 8601"),
        ("2026-11-30X09:30:00Z", "ISO 8601"),
        ("\u0662\u0660\u0662\u0666-11-30T09:30:00Z", "ISO 8601"),
        ("9999999999", "neither seconds nor milliseconds"),
    ],
)
def test_a_time_that_would_be_a_guess_is_refused_with_what_to_write(text, words):
    with pytest.raises(RegistrationError) as refusal:
        issue_times.parse(text)
    assert words in str(refusal.value)
    assert "2026-01-31T09:30:00Z" in str(refusal.value)


@pytest.mark.parametrize("text", ["2026-11-30T17:30:00", "2026-11-30 17:30", "20261130T1730"])
def test_a_time_without_an_offset_is_taken_in_the_named_zone(text):
    assert issue_times.parse(text, ZoneInfo("Asia/Hong_Kong")) == MOMENT


def test_an_offset_goes_before_the_named_zone():
    assert issue_times.parse("2026-11-30T09:30:00Z", ZoneInfo("Asia/Hong_Kong")) == MOMENT


@pytest.mark.parametrize(
    ("text", "words"), [("2026-03-29T02:30:00", "does not exist"), ("2026-10-25T02:30:00", "exists twice")]
)
def test_a_time_that_the_clocks_show_twice_or_never_is_refused(text, words):
    with pytest.raises(RegistrationError, match=f"{words} in Europe/Berlin"):
        issue_times.parse(text, ZoneInfo("Europe/Berlin"))


def test_a_date_alone_is_refused_in_a_named_zone_too():
    with pytest.raises(RegistrationError, match="date without a time"):
        issue_times.parse("2026-11-30", ZoneInfo("Asia/Hong_Kong"))


@given(st.text(max_size=40))
def test_no_text_breaks_the_parser(text):
    for zone in (None, ZoneInfo("America/New_York")):
        try:
            moment = issue_times.parse(text, zone)
        except RegistrationError as refusal:
            assert text.strip() not in ("", "Z") and "\n" not in str(refusal)
        else:
            assert moment is None or moment.tzinfo is UTC


@given(st.datetimes(FIRST, LAST, timezones=st.timezones()))
def test_what_python_writes_is_read_back(aware):
    if aware.utcoffset().total_seconds() % 60 == 0:
        assert issue_times.parse(aware.isoformat()) == aware.astimezone(UTC)
