"""From the bytes of an answer to a typed result or a typed error."""

import json
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from liveness.client.envelope import open_envelope
from liveness.client.errors import (
    BadRequestError,
    CredentialsError,
    FaceIdError,
    MalformedAnswerError,
    ThrottledError,
    TokenExpiredError,
    TokenIllegalError,
    VendorError,
)
from liveness.client.results import Outcome, explain
from liveness.client.types import (
    FileInfo,
    LivenessResult,
    LivenessToken,
    parse_liveness_result,
    parse_liveness_token,
)

from .server import fixture

TOKEN = "D2B55F0C-FB5D-4FB6-8765-3E931EBBFC79"
URL = "https://intl-reflect-h5-1257237511.cos.ap-guangzhou.myqcloud.com"
MD5 = "682e24b207acf1825286c1fceef5631c"


def read(body: bytes, status: int = 200) -> LivenessResult:
    return parse_liveness_result(open_envelope(status, body))


def read_fields(**fields: Any) -> LivenessResult:
    return read(json.dumps({"Response": {"Result": "0", "RequestId": "r-1"} | fields}).encode())


def test_it_reads_the_example_of_the_vendors_page() -> None:
    result = read(fixture("get_liveness_result.failed"))
    assert result.result == "1001"
    assert result.description == "Failed to call the liveness engine"
    assert result.request_id == "b8cb2269-08b2-426c-8be8-c7142c7e64e4"
    assert result.video == FileInfo(URL, "682e24b207acf1825286c1fceef5631c", 9_430_792)
    assert result.best_frame == FileInfo(URL, "667c2448b10b09ee9ec14ab2b0d36608", 232_267)


@pytest.mark.parametrize(
    ("name", "outcome", "has_media"),
    [
        ("passed", Outcome.PASSED, True),
        ("failed", Outcome.FAILED, True),
        ("pending", Outcome.PENDING, False),
        ("without_media", Outcome.FAILED, False),
        ("unknown", Outcome.UNKNOWN, False),
    ],
)
def test_it_reads_every_captured_result(name: str, outcome: Outcome, has_media: bool) -> None:
    result = read(fixture(f"get_liveness_result.{name}"))
    assert explain(result.result).outcome is outcome
    assert (result.video is not None, result.best_frame is not None) == (has_media, has_media)


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("get_liveness_result.token_expired", TokenExpiredError),
        ("get_liveness_result.token_illegal", TokenIllegalError),
        ("get_liveness_result.denied", BadRequestError),
        ("get_liveness_result.internal_error", VendorError),
        ("get_liveness_result.throttled", ThrottledError),
        ("get_liveness_result.signature_expired", CredentialsError),
        ("get_liveness_result.key_not_found", CredentialsError),
        ("apply_liveness_token.invalid_parameter", BadRequestError),
    ],
)
def test_it_raises_every_captured_error(name: str, kind: type[FaceIdError]) -> None:
    with pytest.raises(kind) as caught:
        open_envelope(200, fixture(name))
    assert type(caught.value) is kind
    assert caught.value.request_id == "b8cb2269-08b2-426c-8be8-c7142c7e64e4"


def test_it_reads_an_issued_token() -> None:
    token = parse_liveness_token(open_envelope(200, fixture("apply_liveness_token.issued")))
    assert token == LivenessToken(TOKEN, "b8cb2269-08b2-426c-8be8-c7142c7e64e4")


@pytest.mark.parametrize("token", [None, "", 1, "two words", "x" * 513, "a\x00b", "näh"])
def test_it_refuses_an_answer_without_a_usable_token(token: object) -> None:
    with pytest.raises(MalformedAnswerError):
        parse_liveness_token({"SdkToken": token, "RequestId": "r"})


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
        b'{"Response": {"Result": "0", "Similarity": 1e999}}',
        b'{"Response": {"Result": "0", "Description": "\xff\xfe"}}',
        b'\xef\xbb\xbf{"Response": {"Result": "0"}}',
        b'{"Response": {"Result": "0", "Extra": ' + b"9" * 5_000 + b"}}",
        b"[" * 200_000,
        b'{"Response": {"Result": "0", "Extra": ' + b"[" * 500 + b"]" * 500 + b"}}",
        b'{"Response": ' * 100_000,
    ],
    ids=lambda body: repr(body[:50]),
)
def test_it_takes_nothing_malformed_for_a_result(body: bytes) -> None:
    with pytest.raises(MalformedAnswerError):
        read(body)


@pytest.mark.parametrize("result", [None, True, False, 0.0, 1.5, [], ["0"], {}, "0\n", "x" * 65, "0\x00", "０", 10**30])
def test_it_refuses_a_result_that_is_no_code(result: object) -> None:
    with pytest.raises(MalformedAnswerError):
        read_fields(Result=result)


def test_it_never_makes_a_result_of_an_answer_without_one() -> None:
    with pytest.raises(MalformedAnswerError):
        read(b'{"Response": {"RequestId": "r"}}')


@pytest.mark.parametrize(("result", "code"), [(0, "0"), (-999, "-999"), (1001, "1001"), ("", ""), ("0", "0")])
def test_it_takes_a_json_integer_for_a_result_as_its_digits(result: object, code: str) -> None:
    assert read_fields(Result=result).result == code


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


@pytest.mark.parametrize("description", [None, 5, ["x"], {}, True])
def test_it_reads_a_missing_description_as_empty(description: object) -> None:
    assert read_fields(Description=description).description == ""
    assert read_fields().description == ""


def test_it_makes_a_hostile_description_harmless() -> None:
    text = f"a\x00\r\n\x1b[2J\ud800 https://u:p@h.example/x?sign=1 {TOKEN}" + "y" * 3_000
    body = json.dumps({"Response": {"Result": "0", "Description": text}}).encode()
    description = parse_liveness_result(open_envelope(200, body), (TOKEN,)).description
    assert description.startswith("a� [2J� https://h.example/x [hidden]y")
    assert 1_990 < len(description) <= 2_000


@pytest.mark.parametrize(
    "media", [None, "", {}, [], 0, False, {"Url": "", "MD5": "", "Size": 0}, {"Url": None}, {"Other": 1}]
)
def test_it_reads_empty_media_as_absent(media: object) -> None:
    result = read_fields(Video=media, BestFrame=media)
    assert (result.video, result.best_frame) == (None, None)


@pytest.mark.parametrize(
    ("size", "expected"),
    [
        (1, 1),
        ("232267", 232_267),
        (2**53, 2**53),
        *(
            (bad, None)
            for bad in (None, 0, -1, 2**53 + 1, 2**63, True, 1.0, "", "-5", "12a", " 12", "1e3", "²", "9" * 17, [1])
        ),
    ],
)
def test_it_reads_a_size_or_knows_that_it_is_unusable(size: object, expected: int | None) -> None:
    assert read_fields(Video={"Url": URL, "MD5": MD5, "Size": size}).video == FileInfo(URL, MD5, expected)


@pytest.mark.parametrize(
    ("md5", "expected"),
    [(MD5.upper(), MD5), *((bad, None) for bad in (None, "", 5, MD5[:-1], MD5 + "0", "g" * 32, MD5 + "\n", [MD5]))],
)
def test_it_reads_an_md5_or_knows_that_it_is_unusable(md5: object, expected: str | None) -> None:
    assert read_fields(Video={"Url": URL, "MD5": md5, "Size": 5}).video == FileInfo(URL, expected, 5)


@pytest.mark.parametrize("url", [None, "", 5, [URL], {"x": URL}, True])
def test_it_keeps_the_outcome_when_the_link_is_unusable(url: object) -> None:
    result = read_fields(Video={"Url": url, "MD5": MD5, "Size": 5})
    assert (result.result, result.video) == ("0", FileInfo("", MD5, 5))


@pytest.mark.parametrize("media", ["https://x.example", 7, [1], True])
def test_it_keeps_the_outcome_when_the_media_is_no_object(media: object) -> None:
    assert read_fields(Video=media).video == FileInfo("", None, None)


@pytest.mark.parametrize("request_id", [None, "", 5, "a b", "x" * 65, "a\r\nb", TOKEN, "https://h.example/?x"])
def test_it_keeps_a_result_whose_request_id_is_unusable(request_id: object) -> None:
    response = {"Result": "0", "RequestId": request_id}
    result = parse_liveness_result(response, (TOKEN,))
    assert (result.result, result.request_id) == ("0", "")


def test_it_keeps_the_signed_url_for_the_download_and_out_of_the_ledger() -> None:
    url = f"{URL}/{TOKEN}/video.mp4?q-ak=canary&q-signature=canary"
    response = {"Result": "0", "Video": {"Url": url, "MD5": MD5, "Size": 5}, "Tomorrow": {"Copy": [url]}}
    result = parse_liveness_result(response, (TOKEN,))
    assert result.video is not None
    assert result.video.url == url
    assert result.answer["Video"]["Url"] == f"{URL}/[hidden]/video.mp4"
    assert result.answer["Tomorrow"] == {"Copy": [f"{URL}/[hidden]/video.mp4"]}


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
    assert result.result == str(response["Result"])


@given(st.binary(max_size=200) | st.text(max_size=200).map(lambda text: text.encode("utf-8", "replace")))
def test_it_makes_a_typed_error_of_any_bytes(body: bytes) -> None:
    with pytest.raises(FaceIdError):
        read(body)
