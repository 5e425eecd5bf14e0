"""One row as a registration: values of JSON, and what a spreadsheet has spoilt."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from liveness.attempts.bulk_import.records import COLUMNS
from liveness.attempts.bulk_import.rows import registration_of
from liveness.exceptions import RegistrationError
from tests.liveness.attempts.bulk_import.saving import token

NOW = datetime(2026, 11, 30, 12, 0, tzinfo=UTC)
GOOD = {"sdk_token": token(1), "subject_reference": "C-1"}


def test_a_whole_number_is_a_reference():
    assert registration_of(GOOD | {"subject_reference": 17}, now=NOW).subject_reference == "17"


@pytest.mark.parametrize("value", [True, 1.5, 17.0, ["C-1"], {}, None, ""])
def test_other_values_are_no_reference(value):
    with pytest.raises(RegistrationError, match=r"subject.reference"):
        registration_of(GOOD | {"subject_reference": value}, now=NOW)


@pytest.mark.parametrize(
    ("value", "expected"), [(True, True), (1, True), ("Yes", True), (False, False), (0, False), ("", False)]
)
def test_a_check_is_finished_by_words_or_numbers(value, expected):
    assert registration_of(GOOD | {"finished": value}, now=NOW).is_finished is expected


@pytest.mark.parametrize("value", ["maybe", 2, 0.5])
def test_other_words_are_refused(value):
    with pytest.raises(RegistrationError, match="finished must be true or false"):
        registration_of(GOOD | {"finished": value}, now=NOW)


@pytest.mark.parametrize("seconds", [1796038200, 1796038200000, "1796038200", 1796038200.0])
def test_a_unix_time_in_seconds_or_milliseconds_is_unambiguous(seconds):
    wanted = registration_of(GOOD | {"issued_at": seconds}, now=NOW)
    assert wanted.issued_at == datetime(2026, 11, 30, 11, 30, tzinfo=UTC)


@pytest.mark.parametrize("value", [0, -1, 17, 1764523200000000, 10**400, 1e308, 46356.7])
def test_a_number_that_may_be_anything_is_refused(value):
    with pytest.raises(RegistrationError, match="neither seconds nor milliseconds"):
        registration_of(GOOD | {"issued_at": value}, now=NOW)


@pytest.mark.parametrize("name", ["sdk_token", "subject_reference"])
@pytest.mark.parametrize("text", ["1.23457E+14", "1,23457E+14", "6E+27"])
def test_a_number_that_a_spreadsheet_rounded_is_refused(name, text):
    with pytest.raises(RegistrationError, match="rounded"):
        registration_of(GOOD | {name: text}, now=NOW)


def test_a_region_is_read_without_case():
    assert registration_of(GOOD | {"region": " AP-Jakarta "}, now=NOW).region == "ap-jakarta"


def test_a_zone_that_is_named_is_that_of_times_without_an_offset():
    wanted = registration_of(GOOD | {"issued_at": "2026-11-30T19:30"}, now=NOW, zone=ZoneInfo("Asia/Hong_Kong"))
    assert wanted.issued_at == datetime(2026, 11, 30, 11, 30, tzinfo=UTC)


def test_a_refusal_never_quotes_a_value():
    for name in COLUMNS:
        with pytest.raises(RegistrationError) as refusal:
            registration_of(GOOD | {name: "canary-\x07-canary"}, now=NOW)
        assert "canary" not in str(refusal.value)


VALUES = (
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=30) | st.lists(st.none(), max_size=1)
)


@given(st.dictionaries(st.sampled_from(COLUMNS), VALUES))
def test_no_values_break_registration(row):
    try:
        assert registration_of(row, now=NOW).subject_reference
    except RegistrationError as refusal:
        assert "\n" not in str(refusal)
