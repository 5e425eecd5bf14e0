import json
from datetime import UTC, datetime

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from liveness.exceptions import RegistrationError
from liveness.models import VerificationAttempt
from liveness.services import intake
from liveness.services.audit import Actor

ACTOR = Actor.system("tests")
HEADER = "sdk_token,subject_reference,issued_at,region"
TOKEN = "D2B55F0C-FB5D-4FB6-8765-3E931EBBFC79"

database = pytest.mark.django_db


def register(*lines: str) -> intake.Intake:
    return list(intake.register_lines(lines, actor=ACTOR))[-1]


@database
@pytest.mark.parametrize(
    "lines",
    [
        ("sdk_token,subject_reference,finished", f"{TOKEN},subject-1,yes"),
        (json.dumps({"sdk_token": TOKEN, "subject_reference": "subject-1", "finished": True}),),
    ],
    ids=["CSV", "JSON"],
)
def test_a_line_can_report_that_the_check_is_done(lines):
    register(*lines)
    assert VerificationAttempt.objects.get().reported_at


@database
def test_a_second_line_can_report_what_the_first_registered():
    result = register("sdk_token,subject_reference,finished", f"{TOKEN},subject-1,", f"{TOKEN},subject-1,true")
    assert (result.registered, result.duplicates) == (1, 1)
    assert VerificationAttempt.objects.get().reported_at


@database
def test_it_refuses_a_word_that_is_neither_yes_nor_no():
    result = register("sdk_token,subject_reference,finished", f"{TOKEN},subject-1,maybe")
    assert "finished must be true or false" in result.rejected[0][1]
    assert not VerificationAttempt.objects.exists()


@database
def test_it_registers_csv_lines():
    result = register(HEADER, f"{TOKEN},subject-1,2026-01-31T09:30:00Z,ap-jakarta")
    attempt = VerificationAttempt.objects.get()
    assert (result.registered, result.duplicates, result.rejected) == (1, 0, [])
    assert (attempt.sdk_token, attempt.region) == (TOKEN, "ap-jakarta")
    assert attempt.issued_at.isoformat() == "2026-01-31T09:30:00+00:00"


@database
def test_it_registers_json_lines():
    register(json.dumps({"sdk_token": TOKEN, "subject_reference": "subject-1"}))
    assert VerificationAttempt.objects.get().region == "ap-singapore"


@database
def test_the_last_columns_may_be_left_out():
    assert register("sdk_token,subject_reference", f"{TOKEN},subject-1").registered == 1


@database
def test_a_bad_line_is_told_with_its_number_and_the_others_go_in():
    result = register(
        HEADER,
        f"{TOKEN},subject-1,,",
        "short,subject-2,,",
        "AAAAAAAA-FB5D-4FB6-8765-3E931EBBFC79,subject-3,yesterday,",
        "",
        "BBBBBBBB-FB5D-4FB6-8765-3E931EBBFC79,subject-4,,ap-mars",
        "CCCCCCCC-FB5D-4FB6-8765-3E931EBBFC79,subject-5,,,extra",
        "EEEEEEEE-FB5D-4FB6-8765-3E931EBBFC79,subject-6,,",
    )
    assert result.registered == 2
    assert [line for line, _ in result.rejected] == [3, 4, 6, 7]
    assert "ISO 8601" in result.rejected[1][1]


@database
def test_registering_a_file_again_changes_nothing():
    lines = (HEADER, f"{TOKEN},subject-1,,")
    register(*lines)
    assert (register(*lines).registered, register(*lines).duplicates) == (0, 1)


@database
def test_a_token_of_another_subject_is_rejected():
    register(HEADER, f"{TOKEN},subject-1,,")
    assert "another subject" in register(HEADER, f"{TOKEN},subject-2,,").rejected[0][1]


@database
def test_a_rejection_never_quotes_the_token():
    secret = "canary-token-with-a-bad-character-\x07"
    result = register(json.dumps({"sdk_token": secret, "subject_reference": "x"}))
    assert "canary" not in str(result.rejected)


def test_an_unknown_header_is_refused_with_the_right_one():
    with pytest.raises(RegistrationError, match=HEADER):
        register("token,name", "a,b")


def test_a_future_issue_time_is_refused():
    with pytest.raises(RegistrationError, match="future"):
        intake.register_row(
            {"sdk_token": TOKEN, "subject_reference": "x", "issued_at": "2999-01-01T00:00:00Z"}, actor=ACTOR
        )


def test_a_time_without_offset_is_in_the_projects_zone(settings):
    settings.TIME_ZONE = "Asia/Singapore"
    moment = intake.parse_issued_at("2026-01-31T09:30:00")
    assert moment == datetime(2026, 1, 31, 1, 30, tzinfo=UTC)


@pytest.mark.parametrize("text", ["0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00", "2026-13-01T00:00:00Z"])
def test_a_time_that_cannot_be_is_refused(text):
    with pytest.raises(RegistrationError, match="ISO 8601"):
        intake.parse_issued_at(text)


def test_an_issue_before_the_vendors_api_is_refused():
    with pytest.raises(RegistrationError, match="year"):
        intake.register_row(
            {"sdk_token": TOKEN, "subject_reference": "x", "issued_at": "1926-01-31T09:30:00Z"}, actor=ACTOR
        )


@given(st.lists(st.text(max_size=80), max_size=8))
def test_no_text_breaks_the_reader(lines):
    try:
        rows = list(intake.read_lines(lines))
    except RegistrationError:
        return
    for number, row in rows:
        assert 1 <= number <= len(lines)
        assert isinstance(row, dict | RegistrationError)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=20), lambda inner: st.lists(inner, max_size=3)
)


@database
@hypothesis_settings(suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(st.dictionaries(st.sampled_from(intake.COLUMNS), json_values))
def test_no_json_object_breaks_registration(row):
    result = register(json.dumps(row))
    assert result.total == 1
