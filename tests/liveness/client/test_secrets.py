"""Planted canaries never come out: not in a text, a repr, a chained exception, a traceback or a log line."""

import json
import logging
import traceback

import pytest

from liveness.client.errors import FaceIdError
from liveness.client.session import build_session, read_body
from liveness.client.signing import Credentials
from liveness.client.types import FileInfo, LivenessToken

from .conftest import Certificate, client_for
from .server import Handler, drip, hang_up, http, reset, serve, stall

CANARY = "OSSIFRAGE"
TOKEN = f"{CANARY}-5D-4FB6-8765-3E931EBBFC79"
KEYS = Credentials(f"ID{CANARY}0123456789", f"KEY{CANARY}0123456789", f"STS{CANARY}0123456789")
SIGNED = f"https://host.example/v.mp4?q-ak={CANARY}&q-signature={CANARY}"
QUOTING = f"{TOKEN} {KEYS.secret_id} {KEYS.secret_key} {KEYS.token} {SIGNED}"
EVERYTHING = f"BODY{CANARY} {QUOTING}"


def error_answer(code: str, request_id: str = "b8cb2269") -> bytes:
    return http({"Response": {"Error": {"Code": code, "Message": EVERYTHING}, "RequestId": request_id}})


def everything_shown(error: BaseException) -> str:
    """The error and all it drags along, suppressed or not."""
    shown = []
    link: BaseException | None = error
    while link is not None:
        shown += [str(link), repr(link), repr(link.args), repr(vars(link)), *traceback.format_exception(link)]
        link = link.__cause__ or link.__context__
    return "\n".join(shown)


def is_cut_off(error: BaseException) -> bool:
    """No frame of the HTTP libraries, whose variables hold the request, hangs on the error."""
    frames = traceback.extract_tb(error.__traceback__)
    return not any("urllib3" in frame.filename or "http/client" in frame.filename for frame in frames)


def is_clean(*texts: str) -> bool:
    return not any(CANARY in text.upper() for text in texts)


@pytest.mark.parametrize(
    "answer",
    [
        error_answer("InternalError"),
        error_answer("AuthFailure.SignatureFailure"),
        error_answer("InvalidParameterValue.BizTokenIllegal"),
        error_answer("Tomorrow"),
        error_answer(TOKEN),
        error_answer(KEYS.secret_key),
        error_answer("InternalError", request_id=TOKEN),
        error_answer("InternalError", request_id=KEYS.secret_id.lower()),
        error_answer("InternalError", request_id=SIGNED),
        http(EVERYTHING),
        http(EVERYTHING, f"502 {CANARY}"),
        http(EVERYTHING, "302 Found", headers=(f"Location: {SIGNED}",)),
        http(EVERYTHING, content_type=EVERYTHING),
        http({"Response": {"RequestId": "b8cb2269", "Description": EVERYTHING}}),
        http({"Response": {"Result": None, "Message": [EVERYTHING]}}),
        http(EVERYTHING, headers=(f"Content-Encoding: {CANARY}",)),
        hang_up(http(EVERYTHING)[:-3]),
        hang_up(EVERYTHING.encode() + b"\r\n"),
        hang_up(b"HTTP/1.1 200 OK\r\nBroken " + EVERYTHING.encode() + b"\r\n\r\n"),
        hang_up(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nffff\r\n" + EVERYTHING.encode()),
        reset(http(EVERYTHING)[:90]),
        hang_up(),
        stall(http(EVERYTHING)[:-3]),
        drip(http(EVERYTHING)[:-3]),
    ],
)
def test_it_shows_no_canary_when_a_call_fails(answer: bytes | Handler, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    with serve(answer) as server, client_for(server, credentials=KEYS, deadline=0.3) as client:
        with pytest.raises(FaceIdError) as caught:
            client.get_liveness_result(TOKEN)
        assert is_clean(everything_shown(caught.value), caplog.text, repr(client))
        assert is_cut_off(caught.value)


@pytest.mark.parametrize("url", ["http://127.0.0.1:1", "https://127.0.0.1:1"])
def test_it_shows_no_canary_when_nobody_answers(url: str, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    with client_for(url, credentials=KEYS) as client, pytest.raises(FaceIdError) as caught:
        client.get_liveness_result(TOKEN)
    assert is_clean(everything_shown(caught.value), caplog.text)
    assert is_cut_off(caught.value)


def test_it_shows_no_canary_when_tls_fails(certificate: Certificate, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    with serve(http(""), context=certificate.context) as server:
        client = client_for(server, credentials=KEYS)
        with pytest.raises(FaceIdError) as caught:
            client.get_liveness_result(TOKEN)
    assert is_clean(everything_shown(caught.value), caplog.text)
    assert is_cut_off(caught.value)


@pytest.mark.parametrize(
    "answer", [hang_up(), hang_up(http("x" * 9)[:-3]), http("x", headers=("Content-Encoding: br",))]
)
def test_it_shows_no_signed_url_when_a_download_fails(
    answer: bytes | Handler, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    with serve(answer) as server, pytest.raises(FaceIdError) as caught:
        b"".join(read_body(build_session().get(f"{server.url}/{CANARY}?q-signature={CANARY}")))
    assert is_clean(everything_shown(caught.value), caplog.text)
    assert is_cut_off(caught.value)


def test_it_keeps_secrets_out_of_a_result_that_quotes_them(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    response = {
        "Result": "0",
        "Description": QUOTING,
        "Video": {"Url": SIGNED, "MD5": "", "Size": 1},
        "RequestId": TOKEN,
        TOKEN: {"deep": [QUOTING]},
    }
    with serve(http({"Response": response})) as server, client_for(server, credentials=KEYS) as client:
        result = client.get_liveness_result(TOKEN)
    assert result.video is not None
    assert result.video.url == SIGNED
    assert is_clean(json.dumps(result.answer), result.description, result.request_id, repr(result), caplog.text)


@pytest.mark.parametrize("request_id", [TOKEN, KEYS.secret_id, KEYS.secret_key, KEYS.token])
def test_it_logs_no_secret_that_comes_back_as_request_id(request_id: str, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    answer = http({"Response": {"Result": "0", "SdkToken": TOKEN, "RequestId": request_id}})
    with serve(answer) as server, client_for(server, credentials=KEYS) as client:
        assert client.apply_liveness_token().request_id == ""
        assert client.get_liveness_result("another-token").request_id in ("", TOKEN)
    assert is_clean(caplog.text)


def test_it_hides_urls_and_tokens_in_reprs() -> None:
    assert is_clean(repr(FileInfo(SIGNED, None, None)), repr(LivenessToken(TOKEN, "r")))
