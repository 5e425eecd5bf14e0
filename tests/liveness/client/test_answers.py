"""From the bytes of an answer to a typed result: its code, its files, and its odd fields."""

import base64
import codecs
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from liveness.client.declarations import MAX_SIZE, md5_of, size_of
from liveness.client.envelope import open_envelope
from liveness.client.errors import MalformedAnswerError
from liveness.client.results import Outcome, explain
from liveness.client.types import CUT_MARK, FileInfo, LivenessToken, parse_liveness_result, parse_liveness_token

from .conftest import TOKEN
from .reading import read, read_fields
from .server import fixture

URL = "https://intl-reflect-h5-1257237511.cos.ap-guangzhou.myqcloud.com"
MD5 = "682e24b207acf1825286c1fceef5631c"
PAIRS = [MD5[at : at + 2] for at in range(0, 32, 2)]
BASE64 = base64.b64encode(bytes.fromhex(MD5)).decode()
ANSWER = '{"Response": {"Result": "0", "Description": "好", "Similarity": %}}'


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


def test_it_reads_an_issued_token() -> None:
    token = parse_liveness_token(open_envelope(200, fixture("apply_liveness_token.issued")))
    assert token == LivenessToken(TOKEN, "b8cb2269-08b2-426c-8be8-c7142c7e64e4")


@pytest.mark.parametrize("token", [None, "", 1, "two words", "x" * 513, "a\x00b", "näh"])
def test_it_refuses_an_answer_without_a_usable_token(token: object) -> None:
    with pytest.raises(MalformedAnswerError):
        parse_liveness_token({"SdkToken": token, "RequestId": "r"})


@pytest.mark.parametrize("result", [None, [], {}])
def test_it_refuses_a_result_that_is_not_there_yet(result: object) -> None:
    with pytest.raises(MalformedAnswerError):
        read_fields(Result=result)


@pytest.mark.parametrize(
    ("result", "code"),
    [
        *(
            (text, text)
            for text in ("x" * 65, "真人检测通过", "0\n", " 0", "０", "a" * 4_000, "what?is=this", "\u202e0")
        ),
        *((number, json.dumps(number)) for number in (True, False, 0.0, 1.5, 10**30)),
        (["0"], '["0"]'),
        ({"code": "0"}, '{"code": "0"}'),
        ("0\x00", "0\ufffd"),
        ("\ud800", "\ufffd"),
        ("a" * 4_001, "a" * 4_000 + CUT_MARK),
        ("\ud800" * 5_000, "\ufffd" * 4_000 + CUT_MARK),
    ],
    ids=lambda value: repr(value)[:20],
)
def test_it_keeps_any_other_code_as_it_is_and_leaves_it_to_a_person(result: object, code: str) -> None:
    assert read_fields(Result=result).result == code
    assert explain(code).outcome is Outcome.UNKNOWN


def test_it_masks_secrets_in_a_code() -> None:
    response = {"Result": f"no {TOKEN} at https://u:p@host.example/a?q-signature=canary"}
    assert parse_liveness_result(response, (TOKEN,)).result == "no [hidden] at https://host.example/a"


@pytest.mark.parametrize(
    "body",
    [
        codecs.BOM_UTF8 + ANSWER.encode(),
        codecs.BOM_UTF16_LE + ANSWER.encode("utf-16-le"),
        codecs.BOM_UTF16_BE + ANSWER.encode("utf-16-be"),
        codecs.BOM_UTF32_LE + ANSWER.encode("utf-32-le"),
        codecs.BOM_UTF32_BE + ANSWER.encode("utf-32-be"),
        ANSWER.replace("%", "9" * 5_000).encode(),
        ANSWER.replace("%", "-1e999").encode(),
        ANSWER.replace("%", "[" * 500 + "]" * 500).encode(),
    ],
    ids=["utf-8", "utf-16-le", "utf-16-be", "utf-32-le", "utf-32-be", "many digits", "a huge number", "deep"],
)
def test_it_reads_an_answer_whose_bytes_are_unusual(body: bytes) -> None:
    result = read(body.replace(b"%", b"1"))
    assert (result.result, result.description) == ("0", "好")
    json.dumps(result.answer, allow_nan=False)


def test_it_skips_one_byte_order_mark_only() -> None:
    with pytest.raises(MalformedAnswerError):
        read(codecs.BOM_UTF8 * 2 + ANSWER.encode())


def test_it_reads_an_answer_with_a_broken_character() -> None:
    description = read(b'{"Response": {"Result": "0", "Description": "\xba\xc3\xe5\xa5"}}').description
    assert set(description) == {"\ufffd"}


def test_it_never_makes_a_result_of_an_answer_without_one() -> None:
    with pytest.raises(MalformedAnswerError):
        read(b'{"Response": {"RequestId": "r"}}')


@pytest.mark.parametrize(("result", "code"), [(0, "0"), (-999, "-999"), (1001, "1001"), ("", ""), ("0", "0")])
def test_it_takes_a_json_integer_for_a_result_as_its_digits(result: object, code: str) -> None:
    assert read_fields(Result=result).result == code


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
        *((good, 12) for good in (12.0, " 12", "12\n", '"12"', "1 2", "+12", "12.0", "012", "1.2e1", "'12' ")),
        *(
            (bad, None)
            for bad in (None, 0, -1, 2**53 + 1, 2**63, True, 1.5, 1e300, "", "-5", "12a", "²", "9" * 17, [1])
        ),
        *((bad, None) for bad in ("1,200", "12.5", "0", "0.0", "1e99", "1_2", "0x12", "NaN", "12 bytes", {"Size": 1})),
    ],
)
def test_it_reads_a_size_or_knows_that_it_is_unusable(size: object, expected: int | None) -> None:
    assert read_fields(Video={"Url": URL, "MD5": MD5, "Size": size}).video == FileInfo(URL, MD5, expected)


@pytest.mark.parametrize(
    ("md5", "expected"),
    [
        *((good, MD5) for good in (MD5.upper(), MD5 + "\n", f'"{MD5}"', f" '{MD5}' ", f"{MD5[:16]} {MD5[16:]}")),
        *((good, MD5) for good in (f"md5:{MD5}", f"0x{MD5}", ":".join(PAIRS), "-".join(PAIRS), " ".join(PAIRS))),
        *((good, MD5) for good in (BASE64, BASE64.rstrip("="), f'"{BASE64}"', f" {BASE64}\n")),
        *((bad, None) for bad in (None, "", 5, MD5[:-1], MD5 + "0", "g" * 32, [MD5], BASE64[:-1], "none")),
        *((bad, None) for bad in (BASE64[:21] + "/==", BASE64[2:], f"{MD5}-2", ":".join(PAIRS)[:-1])),
    ],
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


@given(st.binary(min_size=16, max_size=16), st.sampled_from(["", " ", '"', "\n", "'", '\\"', "“"]))
def test_it_reads_the_same_md5_from_each_of_its_forms(digest: bytes, frame: str) -> None:
    for text in (digest.hex(), digest.hex().upper(), digest.hex(":"), base64.b64encode(digest).decode()):
        assert md5_of(frame + text + frame) == digest.hex()


@given(st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.text('0123456789abcdefABCDEF+/=:- ".'))
def test_no_declaration_breaks_the_reader(value: object) -> None:
    md5, size = md5_of(value), size_of(value)
    assert md5 is None or (len(md5) == 32 and bytes.fromhex(md5))
    assert size is None or 0 < size <= MAX_SIZE
