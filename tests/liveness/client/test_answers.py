"""From the bytes of an answer to a typed result: its code, its files, and its odd fields."""

import json

import pytest

from liveness.client.envelope import open_envelope
from liveness.client.errors import MalformedAnswerError
from liveness.client.results import Outcome, explain
from liveness.client.types import FileInfo, LivenessToken, parse_liveness_result, parse_liveness_token

from .conftest import TOKEN
from .reading import read, read_fields
from .server import fixture

URL = "https://intl-reflect-h5-1257237511.cos.ap-guangzhou.myqcloud.com"
MD5 = "682e24b207acf1825286c1fceef5631c"


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
