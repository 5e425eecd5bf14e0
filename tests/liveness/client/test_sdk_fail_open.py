"""The answers on which the official SDK (3.1.193) returns a success, follows, or hangs; one test for each."""

import gzip
import time

import pytest

from liveness.client.errors import (
    DeadlineError,
    FaceIdError,
    MalformedAnswerError,
    NetworkError,
    ThrottledError,
    TokenExpiredError,
    VendorError,
)
from liveness.client.types import LivenessResult

from .conftest import TOKEN, client_for
from .server import Handler, drip, fixture, hang_up, http, serve

EXPIRED = fixture("get_liveness_result.token_expired")
PASSED = fixture("get_liveness_result.passed")


def ask(answer: bytes | Handler, **options: object) -> LivenessResult:
    with serve(answer) as server, client_for(server, **options) as client:
        return client.get_liveness_result(TOKEN)


@pytest.mark.parametrize(
    "content_type", ["application/json", "application/json; charset=utf-8", "text/html", "text/plain"]
)
def test_it_raises_an_error_whatever_its_content_type(content_type: str) -> None:
    with pytest.raises(TokenExpiredError):
        ask(http(EXPIRED, content_type=content_type))


def test_it_raises_when_there_is_only_a_request_id() -> None:
    with pytest.raises(MalformedAnswerError):
        ask(http({"Response": {"RequestId": "b8cb2269"}}))


def test_it_returns_an_integer_result_as_text() -> None:
    assert ask(http({"Response": {"Result": 0, "RequestId": "b8cb2269"}})).result == "0"


def test_it_refuses_duplicate_keys() -> None:
    with pytest.raises(MalformedAnswerError):
        ask(http('{"Response": {"Result": "1002", "Result": "0", "RequestId": "b8cb2269"}}'))


@pytest.mark.parametrize("body", ["<html></html>", "", "null", "[]", "{}"])
def test_it_raises_a_typed_error_for_what_is_no_answer(body: str) -> None:
    with pytest.raises(MalformedAnswerError) as caught:
        ask(http(body))
    assert caught.value.code.startswith("Answer.")


def test_it_raises_a_vendor_error_with_a_text_for_a_502_page() -> None:
    with pytest.raises(VendorError) as caught:
        ask(http("<html>502</html>", "502 Bad Gateway", "text/html"))
    assert str(caught.value).startswith("Http.502: ")


def test_it_may_retry_a_truncated_answer() -> None:
    with pytest.raises(NetworkError) as caught:
        ask(hang_up(http(PASSED)[:-30]))
    assert caught.value.retryable


@pytest.mark.parametrize("status", ["302 Found", "307 Temporary Redirect"])
def test_it_neither_follows_a_redirect_nor_sends_the_token_on(status: str) -> None:
    with serve(http(PASSED)) as other:
        with pytest.raises(FaceIdError):
            ask(http("", status, headers=(f"Location: {other.url}/",)))
        assert (other.connections, other.requests) == (0, [])


def test_it_refuses_a_gzip_bomb() -> None:
    with pytest.raises(NetworkError):
        ask(http(gzip.compress(PASSED + b" " * 10_000_000), headers=("Content-Encoding: gzip",)))


def test_it_cuts_a_dripping_answer() -> None:
    started = time.monotonic()
    with pytest.raises(DeadlineError):
        ask(drip(b"HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n"), timeouts=(1.0, 1.0), deadline=0.3)
    assert time.monotonic() - started < 0.3 * 1.1 + 0.5


def test_it_reads_an_error_without_a_request_id() -> None:
    with pytest.raises(VendorError) as caught:
        ask(http({"Response": {"Error": {"Code": "InternalError", "Message": "x"}}}))
    assert (caught.value.code, caught.value.request_id) == ("InternalError", None)


def test_it_accepts_missing_media_and_unknown_fields() -> None:
    result = ask(http({"Response": {"Result": "0", "Video": None, "Tomorrow": 1, "RequestId": "b8cb2269"}}))
    assert (result.video, result.best_frame, result.answer["Tomorrow"]) == (None, None, 1)


@pytest.mark.parametrize("code", ["RequestLimitExceeded.IPLimitExceeded", "RequestLimitExceeded.UinLimitExceeded"])
def test_it_knows_every_kind_of_throttling(code: str) -> None:
    with pytest.raises(ThrottledError):
        ask(http({"Response": {"Error": {"Code": code, "Message": ""}}}))


def test_it_reports_no_old_error_after_a_success() -> None:
    answers = [http(fixture("get_liveness_result.throttled")), http(PASSED)]
    with serve(lambda connection, server: connection.sendall(answers.pop(0))) as server:
        client = client_for(server)
        with pytest.raises(ThrottledError):
            client.get_liveness_result(TOKEN)
        assert client.get_liveness_result(TOKEN).result == "0"
        client.close()
