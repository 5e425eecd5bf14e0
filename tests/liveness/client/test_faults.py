"""Every fault of the network and of the vendor's front door ends in one typed error, and never in a result."""

import gzip
import json
import socket
import threading
import time
import tracemalloc
import zlib

import pytest

from liveness.client.errors import (
    AddressRefusedError,
    CredentialsError,
    DeadlineError,
    FaceIdError,
    MalformedAnswerError,
    NetworkError,
    ThrottledError,
    TlsError,
    TokenExpiredError,
    TokenIllegalError,
    VendorError,
)
from liveness.client.session import build_session

from .conftest import TOKEN, Certificate, client_for
from .server import Handler, Server, drip, fixture, hang_up, http, reset, serve, stall

PASSED = fixture("get_liveness_result.passed")
HTML = "<html><head><title>502 Bad Gateway</title></head></html>"


def failure_of(answer: bytes | Handler, **options: object) -> FaceIdError:
    with serve(answer) as server, client_for(server, **options) as client, pytest.raises(FaceIdError) as caught:
        client.get_liveness_result(TOKEN)
    return caught.value


@pytest.mark.parametrize(
    ("answer", "kind", "code"),
    [
        (http(HTML, "500 Internal Server Error", "text/html"), VendorError, "Http.500"),
        (http(HTML, "502 Bad Gateway", "text/html"), VendorError, "Http.502"),
        (http(gzip.compress(b"x"), "502 Bad Gateway", headers=("Content-Encoding: gzip",)), VendorError, "Http.502"),
        (hang_up(http(HTML, "503 Service Unavailable")[:-5]), VendorError, "Http.503"),
        (http(b"x" * 2_000_000, "502 Bad Gateway"), VendorError, "Http.502"),
        (http("", "429 Too Many Requests"), ThrottledError, "Http.429"),
        (http(HTML, "403 Forbidden", "text/html"), MalformedAnswerError, "Http.403"),
        (http(HTML, "407 Proxy Authentication Required"), MalformedAnswerError, "Http.407"),
        (http("", "304 Not Modified"), MalformedAnswerError, "Http.304"),
        (http("", "204 No Content"), MalformedAnswerError, "Http.204"),
        (http(HTML, content_type="text/html"), MalformedAnswerError, "Answer.NotJson"),
        (http(""), MalformedAnswerError, "Answer.NotJson"),
        (http(PASSED[:-20]), MalformedAnswerError, "Answer.NotJson"),
        (http(PASSED + PASSED), MalformedAnswerError, "Answer.NotJson"),
        (http(b" " * 1_048_577), MalformedAnswerError, "Answer.TooLarge"),
        (drip(b"HTTP/1.1 200 OK\r\n\r\n", b" " * 300_000, 0.0), MalformedAnswerError, "Answer.TooLarge"),
        (http(gzip.compress(PASSED), headers=("Content-Encoding: gzip",)), NetworkError, "Network.Encoding"),
        (hang_up(http(PASSED)[:-1]), NetworkError, "Network.Broken"),
        (hang_up(), NetworkError, "Network.Reset"),
        (reset(), NetworkError, "Network.Reset"),
        (reset(http(PASSED)[:200]), NetworkError, "Network.Reset"),
        (hang_up(b"SSH-2.0-OpenSSH\r\n"), NetworkError, "Network.Broken"),
        (http(fixture("get_liveness_result.internal_error")), VendorError, "InternalError"),
        (http(fixture("get_liveness_result.throttled")), ThrottledError, "RequestLimitExceeded"),
        (http(fixture("get_liveness_result.key_not_found")), CredentialsError, "AuthFailure.SecretIdNotFound"),
        (
            http(fixture("get_liveness_result.token_expired")),
            TokenExpiredError,
            "InvalidParameterValue.BizTokenExpired",
        ),
        (
            http(fixture("get_liveness_result.token_illegal")),
            TokenIllegalError,
            "InvalidParameterValue.BizTokenIllegal",
        ),
    ],
)
def test_it_raises_the_typed_error(answer: bytes | Handler, kind: type[FaceIdError], code: str) -> None:
    error = failure_of(answer)
    assert (type(error), error.code) == (kind, code)


@pytest.mark.parametrize("content_type", ["application/json; charset=utf-8", "text/plain", "text/html", "x", ""])
def test_it_reads_answers_of_any_content_type(content_type: str) -> None:
    with serve(http(PASSED, content_type=content_type)) as server, client_for(server) as client:
        assert client.get_liveness_result(TOKEN).result == "0"
    error = failure_of(http(fixture("get_liveness_result.token_illegal"), content_type=content_type))
    assert type(error) is TokenIllegalError


def test_it_hangs_up_on_an_answer_that_it_does_not_read_to_the_end() -> None:
    hung_up = threading.Event()

    def endless(connection: socket.socket, server: Server) -> None:
        try:
            while not server.stopped.is_set():
                connection.sendall(b"HTTP/1.1 200 OK\r\n\r\n" + b" " * 100_000)
        except OSError:
            hung_up.set()

    with serve(endless) as server, client_for(server) as client:
        with pytest.raises(MalformedAnswerError) as caught:
            client.get_liveness_result(TOKEN)
        assert hung_up.wait(2)
    assert caught.value.code == "Answer.TooLarge"


def test_it_recovers_with_the_next_call() -> None:
    answers: list[bytes] = [http(HTML, "502 Bad Gateway"), http(PASSED)[:300], http(PASSED)]

    def answer(connection: socket.socket, server: object) -> None:
        connection.sendall(answers[0])
        if len(answers.pop(0)) == 300:
            connection.close()

    with serve(answer) as server, client_for(server) as client:
        for kind in (VendorError, NetworkError):
            with pytest.raises(kind):
                client.get_liveness_result(TOKEN)
        assert client.get_liveness_result(TOKEN).result == "0"


def test_it_reports_a_refused_connection() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    with pytest.raises(NetworkError) as caught:
        client_for(f"http://127.0.0.1:{port}").get_liveness_result(TOKEN)
    assert caught.value.code == "Network.Connect"


def test_it_reports_a_name_that_does_not_resolve() -> None:
    def resolver(host: str, port: int) -> list[str]:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    client = client_for("https://vendor.invalid", session=build_session(resolver=resolver))
    with pytest.raises(NetworkError) as caught:
        client.get_liveness_result(TOKEN)
    assert caught.value.code == "Network.Dns"


def test_it_does_not_let_localhost_lead_anywhere_else(monkeypatch: pytest.MonkeyPatch) -> None:
    lie = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("10.0.0.1", 9))]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *args, **kwargs: lie)
    with pytest.raises(AddressRefusedError):
        client_for("http://localhost:9").get_liveness_result(TOKEN)


def test_it_stops_the_run_for_a_certificate_nobody_signed(certificate: Certificate) -> None:
    with serve(http(PASSED), context=certificate.context) as server, client_for(server) as client:
        with pytest.raises(TlsError) as caught:
            client.get_liveness_result(TOKEN)
        assert server.requests == []
    assert (caught.value.code, caught.value.stops_run) == ("Network.Certificate", True)


def test_it_stops_the_run_for_a_certificate_of_another_name(foreign_certificate: Certificate) -> None:
    with serve(http(PASSED), context=foreign_certificate.context) as server, client_for(server) as client:
        client._channel.session.verify = str(foreign_certificate.path)
        with pytest.raises(TlsError):
            client.get_liveness_result(TOKEN)
        assert server.requests == []


def test_it_may_retry_when_the_other_side_speaks_no_tls() -> None:
    with serve(http(PASSED), greet=hang_up(b"HTTP/1.1 400 Bad Request\r\n\r\n")) as server:
        client = client_for(server.url.replace("http:", "https:"))
        with pytest.raises(NetworkError) as caught:
            client.get_liveness_result(TOKEN)
    assert (type(caught.value), caught.value.code) == (NetworkError, "Network.Tls")


@pytest.mark.parametrize(
    "answer",
    [
        stall(),
        stall(http(PASSED)[:-9]),
        drip(b"", b"H"),
        drip(http(PASSED)[:200], b" "),
        drip(b"HTTP/1.1 200 OK\r\n", b"A: b\r\n"),
    ],
    ids=["silent", "silent in the body", "drips", "drips in the body", "drips headers"],
)
def test_it_is_back_at_the_total_deadline(answer: Handler) -> None:
    started = time.monotonic()
    error = failure_of(answer, deadline=0.3)
    assert type(error) is DeadlineError
    assert error.retryable
    assert time.monotonic() - started < 0.3 * 1.1 + 0.5


def test_it_reports_silence_at_the_read_timeout() -> None:
    error = failure_of(stall(), timeouts=(2.0, 0.2))
    assert (type(error), error.code) == (NetworkError, "Network.Timeout")


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_it_takes_nothing_to_or_from_the_target_of_a_redirect(status: int) -> None:
    with serve(http(PASSED)) as other:
        error = failure_of(http(PASSED, f"{status} Moved", headers=(f"Location: {other.url}/",)))
        assert other.connections == 0
    assert (type(error), error.code) == (MalformedAnswerError, f"Http.{status}")


def bomb(megabytes: int) -> bytes:
    packer = zlib.compressobj(9, wbits=31)
    pieces = [packer.compress(b'{"Response": {"Result": "0", "Description": "')]
    pieces += [packer.compress(b" " * 1_000_000) for _ in range(megabytes)]
    return b"".join([*pieces, packer.compress(b'"}}'), packer.flush()])


@pytest.mark.parametrize("status", ["200 OK", "302 Found", "502 Bad Gateway"])
def test_it_does_not_inflate_a_bomb(status: str) -> None:
    answer = http(bomb(50), status, headers=("Content-Encoding: gzip", "Location: /"))
    tracemalloc.start()
    try:
        failure_of(answer)
        assert tracemalloc.get_traced_memory()[1] < 5_000_000
    finally:
        tracemalloc.stop()


def test_it_spends_little_on_the_most_awkward_answer_that_fits() -> None:
    answer = {"Result": "0", "Extra": ["://x@" * 700] * 280, "Description": "%3a%2f%2f" * 5_000}
    body = json.dumps({"Response": answer}).encode()
    assert len(body) < 1_048_576
    started = time.process_time()
    with serve(http(body)) as server, client_for(server) as client:
        assert client.get_liveness_result(TOKEN).result == "0"
    assert time.process_time() - started < 2.0
