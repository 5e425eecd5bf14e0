"""Faults in what the API says, seen over a real connection."""

import json
import time
from email.utils import parsedate_to_datetime

import pytest

from liveness.sandbox import Sandbox
from tests.liveness.sandbox.calling import answer, code, post, read


@pytest.mark.parametrize(
    "wanted",
    ["InternalError", "AuthFailure.UnauthorizedOperation", "UnauthorizedOperation.Arrears", "InvalidParameterValue.X"],
)
def test_it_answers_with_any_error(sandbox: Sandbox, token: str, wanted: str):
    sandbox.inject("error", code=wanted)
    refused = read(sandbox, token)
    assert refused["Error"]["Code"] == wanted
    assert set(refused) == {"Error", "RequestId"}


@pytest.mark.parametrize(
    ("fault", "options", "wanted"),
    [
        ("request_limit", {}, "RequestLimitExceeded"),
        ("request_limit", {"kind": "IPLimitExceeded"}, "RequestLimitExceeded.IPLimitExceeded"),
        ("token_expired", {}, "InvalidParameterValue.BizTokenExpired"),
        ("token_illegal", {}, "InvalidParameterValue.BizTokenIllegal"),
    ],
)
def test_it_answers_with_the_errors_that_have_names(
    sandbox: Sandbox, token: str, fault: str, options: dict[str, str], wanted: str
):
    sandbox.inject(fault, **options)
    assert code(sandbox, {"SdkToken": token}) == wanted


@pytest.mark.parametrize("minutes", [-10, 10])
def test_its_clock_can_be_wrong_and_its_date_shows_it(sandbox: Sandbox, token: str, minutes: int):
    sandbox.inject("clock_skew", seconds=minutes * 60)
    reply = post(sandbox, {"SdkToken": token})
    claimed = parsedate_to_datetime(reply.headers["Date"]).timestamp()
    assert reply.json()["Response"]["Error"]["Code"] == "AuthFailure.SignatureExpire"
    assert abs(claimed - time.time() - minutes * 60) < 30


def test_a_caller_that_follows_the_wrong_clock_is_let_in(sandbox: Sandbox, token: str):
    sandbox.inject("clock_skew", seconds=1200)
    assert code(sandbox, {"SdkToken": token}, at=int(time.time()) + 1200) == "OK"


def test_credentials_can_be_revoked_in_the_middle_of_a_run(sandbox: Sandbox, token: str):
    sandbox.inject("revoked", times=None, skip=2)
    codes = [code(sandbox, {"SdkToken": token}) for _ in range(4)]
    assert codes == ["OK", "OK", "AuthFailure.SecretIdNotFound", "AuthFailure.SecretIdNotFound"]


@pytest.mark.parametrize("value", ["1002", 0, None, ["0"], {"code": "0"}, "", "999999", True])
def test_a_result_can_be_anything(sandbox: Sandbox, token: str, value: object):
    sandbox.inject("result", value=value, description="Changed")
    changed = read(sandbox, token)
    assert (changed["Result"], changed["Description"]) == (value, "Changed")


def test_a_result_can_be_an_integer(sandbox: Sandbox, token: str):
    sandbox.inject("integer_result")
    assert read(sandbox, token)["Result"] == 0
    assert '"Result": "0"' in post(sandbox, {"SdkToken": token}).text


def test_an_integer_result_leaves_a_call_without_a_result_alone(sandbox: Sandbox):
    sandbox.inject("integer_result")
    assert set(answer(sandbox, {}, action="ApplyLivenessToken")) == {"SdkToken", "RequestId"}


@pytest.mark.parametrize(("fault", "field"), [("missing_result", "Result"), ("no_request_id", "RequestId")])
def test_a_field_can_be_missing(sandbox: Sandbox, token: str, fault: str, field: str):
    sandbox.inject(fault)
    assert field not in read(sandbox, token)


def test_media_can_be_null_or_missing(sandbox: Sandbox, token: str):
    sandbox.inject("null_media")
    both = read(sandbox, token)
    sandbox.inject("null_media", kind="video")
    one = read(sandbox, token)
    sandbox.inject("missing_media", kind="best_frame")
    missing = read(sandbox, token)
    assert (both["BestFrame"], both["Video"]) == (None, None)
    assert (bool(one["BestFrame"]), one["Video"]) == (True, None)
    assert "BestFrame" not in missing and missing["Video"]


def test_fields_can_be_added(sandbox: Sandbox, token: str):
    sandbox.inject("extra_fields", fields={"Similarity": 98.2})
    assert read(sandbox, token)["Similarity"] == 98.2


@pytest.mark.parametrize(
    ("fault", "options", "field", "value"),
    [
        ("wrong_size", {"size": -1}, "Size", -1),
        ("wrong_size", {"size": 2**63}, "Size", 2**63),
        ("wrong_md5", {}, "MD5", "0" * 32),
        ("wrong_md5", {"md5": ""}, "MD5", ""),
        ("media_url", {"url": "http://169.254.169.254/"}, "Url", "http://169.254.169.254/"),
    ],
)
def test_the_description_of_a_file_can_be_wrong(
    sandbox: Sandbox, token: str, fault: str, options: dict[str, object], field: str, value: object
):
    sandbox.inject(fault, kind="video", **options)
    result = read(sandbox, token)
    assert result["Video"][field] == value
    assert result["BestFrame"][field] != value


def test_a_size_can_be_text(sandbox: Sandbox, token: str):
    size = read(sandbox, token)["Video"]["Size"]
    sandbox.inject("text_size")
    assert read(sandbox, token)["Video"]["Size"] == str(size)


def test_a_key_can_come_twice(sandbox: Sandbox):
    sandbox.inject("duplicate_keys")
    token = sandbox.issue("mask", finishes_after=0)
    text = post(sandbox, {"SdkToken": token}).text
    pairs = json.loads(text, object_pairs_hook=list)[0][1]
    assert [value for key, value in pairs if key == "Result"] == ["1005", "0"]
