"""From the bytes of an answer to a typed error: nothing malformed passes for a result."""

import json

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from liveness.client.envelope import open_envelope
from liveness.client.errors import (
    BadRequestError,
    ClockError,
    CredentialsError,
    FaceIdError,
    MalformedAnswerError,
    ThrottledError,
    TokenExpiredError,
    TokenIllegalError,
    VendorError,
)
from liveness.client.redaction import storable

from .conftest import TOKEN
from .reading import read, read_fields
from .server import fixture


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("get_liveness_result.token_expired", TokenExpiredError),
        ("get_liveness_result.token_illegal", TokenIllegalError),
        ("get_liveness_result.denied", BadRequestError),
        ("get_liveness_result.internal_error", VendorError),
        ("get_liveness_result.throttled", ThrottledError),
        ("get_liveness_result.signature_expired", ClockError),
        ("get_liveness_result.key_not_found", CredentialsError),
        ("apply_liveness_token.invalid_parameter", BadRequestError),
    ],
)
def test_it_raises_every_captured_error(name: str, kind: type[FaceIdError]) -> None:
    with pytest.raises(kind) as caught:
        open_envelope(200, fixture(name))
    assert type(caught.value) is kind
    assert caught.value.request_id == "b8cb2269-08b2-426c-8be8-c7142c7e64e4"


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b" ",
        b"<html><body>502 Bad Gateway</body></html>",
        b"null",
        b"[]",
        b'"text"',
        b"{}",
        b'{"Response": null}',
        b'{"Response": []}',
        b'{"Response": "0"}',
        b'{"response": {"Result": "0"}}',
        b'{"Response": {"Result": "0"}',
        b'{"Response": {"Result": "0"}} trailing',
        b'{"Response": {"Result": "0"}}{"Response": {"Result": "0"}}',
        b'{"Response": {"Result": "1001", "Result": "0"}}',
        b'{"Response": {"Result": "0"}, "Response": {"Result": "0"}}',
        b'{"Response": {"Result": "0", "Extra": {"a": 1, "a": 2}}}',
        b'{"Response": {"Result": "0", "Similarity": NaN}}',
        b'{"Response": {"Result": "0", "Similarity": -Infinity}}',
        b"[" * 200_000,
        b'{"Response": ' * 100_000,
    ],
    ids=lambda body: repr(body[:50]),
)
def test_it_takes_nothing_malformed_for_a_result(body: bytes) -> None:
    with pytest.raises(MalformedAnswerError):
        read(body)


@pytest.mark.parametrize(
    "error",
    [
        None,
        {},
        [],
        "InternalError",
        {"Message": "no code"},
        {"Code": None},
        {"Code": ""},
        {"Code": 5},
        {"Code": "a b"},
        {"Code": "x\r\ny"},
        {"Code": TOKEN},
    ],
)
def test_it_takes_even_a_broken_error_for_an_error(error: object) -> None:
    with pytest.raises(MalformedAnswerError):
        read_fields(Error=error)


def test_it_believes_an_error_that_stands_beside_a_result() -> None:
    with pytest.raises(TokenExpiredError):
        read_fields(Error={"Code": "InvalidParameterValue.BizTokenExpired", "Message": ""})


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (429, ThrottledError),
        (500, VendorError),
        (502, VendorError),
        (503, VendorError),
        (204, MalformedAnswerError),
        (206, MalformedAnswerError),
        (301, MalformedAnswerError),
        (307, MalformedAnswerError),
        (401, MalformedAnswerError),
        (403, MalformedAnswerError),
        (404, MalformedAnswerError),
        (407, MalformedAnswerError),
    ],
)
@pytest.mark.parametrize("body", [b"<html>", b"", fixture("get_liveness_result.passed")])
def test_it_takes_a_result_with_status_200_only(status: int, kind: type[FaceIdError], body: bytes) -> None:
    with pytest.raises(kind) as caught:
        open_envelope(status, body)
    assert type(caught.value) is kind
    assert caught.value.code == f"Http.{status}"
    assert caught.value.__cause__ is None


@pytest.mark.parametrize("status", [200, 302, 403, 500])
def test_it_finds_an_error_in_the_body_whatever_the_status(status: int) -> None:
    with pytest.raises(TokenIllegalError):
        open_envelope(status, fixture("get_liveness_result.token_illegal"))


def test_it_tells_the_clock_skew_for_an_expired_signature_only() -> None:
    with pytest.raises(CredentialsError) as expired:
        open_envelope(200, fixture("get_liveness_result.signature_expired"), clock_skew_seconds=400.0)
    with pytest.raises(CredentialsError) as missing:
        open_envelope(200, fixture("get_liveness_result.key_not_found"), clock_skew_seconds=400.0)
    assert expired.value.clock_skew_seconds == 400.0
    assert missing.value.clock_skew_seconds is None


names = st.sampled_from(["Response", "Error", "Code", "Message", "Result", "RequestId", "Video", "Url", "MD5", "Size"])
values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text()
    | st.sampled_from(["0", "-999", "InternalError"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(names | st.text(max_size=5), inner, max_size=5),
    max_leaves=15,
)
responses = st.fixed_dictionaries(
    {}, optional={"Error": values, "Result": values, "Video": values, "Description": values, "RequestId": values}
)


@given(
    document=values | st.builds(lambda fields: {"Response": fields}, responses),
    status=st.sampled_from([200, 200, 200, 302, 500]),
)
@example(document={"Response": {"Result": "0"}}, status=200)
@example(document={"Response": {"Result": "0"}}, status=500)
def test_it_makes_a_result_or_a_typed_error_of_any_json(document: object, status: int) -> None:
    try:
        result = read(json.dumps(document).encode(), status)
    except FaceIdError as error:
        assert "\n" not in str(error)
        return
    assert isinstance(document, dict)
    response = document["Response"]
    assert status == 200
    assert "Error" not in response
    code = response["Result"]
    assert result.result == storable(code if isinstance(code, str) else json.dumps(code, ensure_ascii=False))


@given(st.binary(max_size=200) | st.text(max_size=200).map(lambda text: text.encode("utf-8", "replace")))
def test_it_makes_a_typed_error_of_any_bytes(body: bytes) -> None:
    with pytest.raises(FaceIdError):
        read(body)
