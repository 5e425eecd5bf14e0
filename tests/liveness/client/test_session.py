"""The session on its own, as a downloader would use it."""

import gzip
import logging
import socket
import threading
import time
from collections.abc import Callable

import pytest
import requests

from liveness.client.deadline import Deadline, total_deadline
from liveness.client.errors import AddressRefusedError, DeadlineError, NetworkError
from liveness.client.session import build_session, read_body

from .conftest import Certificate
from .server import Handler, Server, drip, hang_up, http, reset, serve, stall

BODY = bytes(range(256)) * 1_000
LIMIT = 0.3


def download(server: Server, total: float = 5.0, timeout: tuple[float, float] = (2.0, 2.0), **verify: str) -> bytes:
    session = build_session()
    with total_deadline(total):
        response = session.get(f"{server.url}/x?sign=1", timeout=timeout, **verify)
        try:
            return b"".join(read_body(response, 1_000))
        finally:
            response.close()
            session.close()


def chunked(*pieces: bytes) -> bytes:
    body = b"".join(b"%x\r\n%b\r\n" % (len(piece), piece) for piece in pieces)
    return b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + body + b"0\r\n\r\n"


def test_it_reads_a_body_with_its_length() -> None:
    with serve(http(BODY)) as server:
        assert download(server) == BODY


def test_it_reads_a_chunked_body() -> None:
    with serve(chunked(BODY[:7], BODY[7:50_000], BODY[50_000:])) as server:
        assert download(server) == BODY


def test_it_reads_a_body_that_ends_with_the_connection() -> None:
    with serve(hang_up(b"HTTP/1.1 200 OK\r\n\r\n" + BODY)) as server:
        assert download(server) == BODY


def test_it_reads_an_empty_body() -> None:
    with serve(http(b"")) as server:
        assert download(server) == b""


def test_it_reads_over_tls(certificate: Certificate) -> None:
    with serve(http(BODY), context=certificate.context) as server:
        assert download(server, verify=str(certificate.path)) == BODY


def test_it_raises_when_the_body_ends_early_but_has_delivered_what_came() -> None:
    with serve(hang_up(http(BODY)[:-1])) as server:
        response = build_session().get(server.url)
        received = b""
        with pytest.raises(NetworkError) as caught:
            for chunk in read_body(response, 1_000):
                received += chunk
        response.close()
    assert caught.value.code == "Network.Broken"
    assert received == BODY[:-1]


@pytest.mark.parametrize(
    "head",
    [
        b"Content-Length: 5\r\nTransfer-Encoding: chunked",
        b"Transfer-Encoding: gzip, chunked",
        b"Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked",
        b"Transfer-Encoding: identity",
        b"Content-Length: 5\r\nContent-Length: 6",
        b"Content-Length: +5",
        b"Content-Length: -5",
        b"Content-Length: 5_0",
        b"Content-Length: five",
        b"Content-Length: 0x5",
        b"Content-Length: " + b"9" * 30,
    ],
)
def test_it_refuses_a_body_whose_end_can_be_read_in_two_ways(head: bytes) -> None:
    with (
        serve(hang_up(b"HTTP/1.1 200 OK\r\n" + head + b"\r\n\r\n5\r\nhello\r\n0\r\n\r\n")) as server,
        pytest.raises(NetworkError),
    ):
        download(server)


@pytest.mark.parametrize("size", [b"-1", b"-5", b"zz", b"", b"1" * 70_000])
def test_it_refuses_a_chunk_without_a_size(size: bytes) -> None:
    head = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
    with serve(drip(head + size + b"\r\n", b"a" * 1_000, 0.001)) as server, pytest.raises(NetworkError) as caught:
        download(server)
    assert caught.value.code == "Network.Broken"


@pytest.mark.parametrize("encoding", ["gzip", "br", "deflate", "zstd", "gzip, gzip", "x-unknown"])
def test_it_never_inflates(encoding: str) -> None:
    answer = http(gzip.compress(BODY), headers=(f"Content-Encoding: {encoding}",))
    with serve(answer) as server, pytest.raises(NetworkError) as caught:
        download(server)
    assert caught.value.code == "Network.Encoding"


def tls_record_drip() -> Handler:
    """A TLS handshake record of 16 kB that never completes."""
    return drip(b"\x16\x03\x03\x40\x00", b"\x02")


STAGES: dict[str, tuple[Handler | bytes, Handler | None]] = {
    "waiting": (stall(), None),
    "dripping the status line": (drip(b"HTTP/1.1 200 O", b"K"), None),
    "dripping headers": (drip(b"HTTP/1.1 200 OK\r\n", b"X-A: b\r\n"), None),
    "dripping interim answers": (drip(b"", b"HTTP/1.1 100 Continue\r\n\r\n"), None),
    "stalling in the body": (stall(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc"), None),
    "dripping the body": (drip(b"HTTP/1.1 200 OK\r\nContent-Length: 99999\r\n\r\n"), None),
    "dripping a chunk": (drip(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nffff\r\n"), None),
    "dripping chunks": (drip(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", b"1\r\na\r\n"), None),
    "dripping a chunk's extension": (drip(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1;"), None),
    "dripping trailers": (drip(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n", b"X: y\r\n"), None),
    "dripping without a length": (drip(b"HTTP/1.1 200 OK\r\n\r\n"), None),
}


def cut_after(call: Callable[[], object]) -> float:
    started = time.monotonic()
    with pytest.raises(DeadlineError):
        call()
    return time.monotonic() - started


@pytest.mark.parametrize("stage", STAGES.values(), ids=STAGES)
def test_it_cuts_an_exchange_at_its_total_deadline(stage: tuple[Handler, None]) -> None:
    with serve(stage[0]) as server:
        # The goal is 1.1 times the deadline; the rest is leave for a busy machine.
        assert LIMIT <= cut_after(lambda: download(server, total=LIMIT)) < LIMIT * 1.1 + 0.5


@pytest.mark.parametrize("stage", ["dripping headers", "dripping the body", "dripping chunks", "waiting"])
def test_it_cuts_an_encrypted_exchange_at_its_total_deadline(stage: str, certificate: Certificate) -> None:
    with serve(STAGES[stage][0], context=certificate.context) as server:
        spent = cut_after(lambda: download(server, total=LIMIT, verify=str(certificate.path)))
    assert LIMIT <= spent < LIMIT * 1.1 + 0.5


@pytest.mark.parametrize("greet", [stall(), tls_record_drip()], ids=["stalls", "drips"])
def test_it_cuts_a_tls_handshake_at_the_total_deadline(greet: Handler, certificate: Certificate) -> None:
    with serve(http(BODY), context=certificate.context, greet=greet) as server:
        spent = cut_after(lambda: download(server, total=LIMIT, verify=str(certificate.path)))
    assert LIMIT <= spent < LIMIT * 1.1 + 0.5


@pytest.mark.parametrize("greet", [stall(), tls_record_drip()], ids=["stalls", "drips"])
def test_it_gives_a_tls_handshake_no_longer_than_the_connect_timeout(greet: Handler, certificate: Certificate) -> None:
    with serve(http(BODY), context=certificate.context, greet=greet) as server:
        started = time.monotonic()
        with pytest.raises(NetworkError) as caught:
            download(server, timeout=(0.3, 30), verify=str(certificate.path))
    assert caught.value.code == "Network.Timeout"
    assert time.monotonic() - started < 2


@pytest.mark.parametrize("answer", [stall(), stall(http(BODY)[:-1])], ids=["headers", "body"])
def test_it_waits_for_each_read_no_longer_than_the_read_timeout(answer: Handler) -> None:
    with serve(answer) as server:
        started = time.monotonic()
        with pytest.raises(NetworkError) as caught:
            download(server, timeout=(2.0, 0.3))
    assert (type(caught.value), caught.value.code) == (NetworkError, "Network.Timeout")
    assert time.monotonic() - started < 2


def test_it_lets_a_slow_but_steady_body_come_within_the_deadline() -> None:
    def slowly(connection: socket.socket, server: Server) -> None:
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n")
        for _ in range(10):
            server.stopped.wait(0.06)
            connection.sendall(b"x")

    with serve(slowly) as server:
        assert download(server, timeout=(2.0, 0.4)) == b"x" * 10


def test_it_cuts_the_sending_of_a_request_that_nobody_reads() -> None:
    session = build_session()
    with serve(stall(http(b""))) as server:
        assert list(read_body(session.get(server.url))) == []
        with total_deadline(LIMIT):
            spent = cut_after(lambda: session.post(server.url, data=b"x" * 30_000_000, timeout=(20, 20)))
    assert LIMIT <= spent < LIMIT * 1.1 + 0.5


def test_it_keeps_the_deadline_with_the_answer() -> None:
    with serve(drip(b"HTTP/1.1 200 OK\r\nContent-Length: 99999\r\n\r\n")) as server:
        with total_deadline(LIMIT):
            response = build_session().get(server.url)
        assert cut_after(lambda: b"".join(read_body(response))) < LIMIT * 1.1 + 0.5
        response.close()


def test_it_lets_the_earlier_of_two_deadlines_count_and_forgets_both() -> None:
    with total_deadline(50):
        outer = Deadline.current().end
        with total_deadline(100):
            assert Deadline.current().end == outer
        with total_deadline(0):
            assert Deadline.current().is_over()
            with pytest.raises(DeadlineError):
                Deadline.current().bound(1)
        assert Deadline.current().end == outer
    assert Deadline.current() == Deadline(None)
    assert Deadline.current().bound(None) is None


def test_it_reuses_its_connection() -> None:
    session = build_session()
    with serve(http(BODY)) as server:
        for _ in range(5):
            response = session.get(server.url)
            assert b"".join(read_body(response)) == BODY
            response.close()
        session.close()
        assert server.connections == 1


def test_it_closes_a_finished_connection_though_the_answer_is_still_held() -> None:
    closed = threading.Event()

    def answer(connection: socket.socket, server: Server) -> None:
        connection.sendall(http(BODY, headers=("Connection: close",)))
        if connection.recv(1) == b"":
            closed.set()

    session = build_session()
    with serve(answer) as server:
        response = session.get(server.url)
        assert b"".join(read_body(response)) == BODY
        assert closed.wait(2)
    assert response.status_code == 200


def test_it_does_not_hand_surplus_bytes_to_the_next_question() -> None:
    forged = http(b"forged")
    answers = [http(b"first") + forged, http(b"second"), http(b"third")]

    def answer(connection: socket.socket, server: Server) -> None:
        connection.sendall(answers[len(server.requests) - 1])

    session = build_session()
    with serve(answer) as server:
        bodies = []
        for _ in range(3):
            response = session.get(server.url)
            bodies.append(b"".join(read_body(response)))
            response.close()
        session.close()
        assert bodies == [b"first", b"second", b"third"]
        assert server.connections == 2


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
@pytest.mark.parametrize("follow", [True, False])
def test_it_never_follows_a_redirect(status: int, follow: bool) -> None:
    with serve(http(BODY)) as other:
        bomb = gzip.compress(b"\x00" * 5_000_000)
        headers = (f"Location: {other.url}/", "Content-Encoding: gzip")
        with serve(http(bomb, status=f"{status} Moved", headers=headers)) as server:
            response = build_session().get(server.url, allow_redirects=follow)
            assert response.status_code == status
            assert response.raw.tell() == 0
            response.close()
        assert other.connections == 0


def test_it_ignores_proxies_and_certificates_of_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    with serve(http(b"proxy")) as proxy, serve(http(b"direct")) as server:
        for name in ("http_proxy", "HTTP_PROXY", "https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"):
            monkeypatch.setenv(name, proxy.url)
        monkeypatch.setenv("REQUESTS_CA_BUNDLE", "/nowhere")
        monkeypatch.delenv("NO_PROXY", raising=False)
        monkeypatch.delenv("no_proxy", raising=False)
        assert download(server) == b"direct"
        assert proxy.connections == 0


def test_it_keeps_no_cookies() -> None:
    session = build_session()
    with serve(http(b"", headers=("Set-Cookie: a=b; Path=/",))) as server:
        for _ in range(2):
            session.get(server.url).close()
        assert server.header("Cookie") is None
    assert not session.cookies


def test_it_asks_for_an_unencoded_answer() -> None:
    with serve(http(b"")) as server:
        download(server)
        assert server.header("Accept-Encoding") == "identity"
        assert server.header("User-Agent") == "liveness"


@pytest.mark.parametrize(
    "answer",
    [
        hang_up(),
        reset(),
        hang_up(b"HTTP/1.1 200 OK\r\n"),
        hang_up(b"HTTP/1.1 200 OK\r\nContent-Le"),
        hang_up(b"HTTP/1.1 200 OK\r\nno header\r\nContent-Length: 9\r\n\r\nabc"),
        reset(http(BODY)[:2_000]),
        hang_up(chunked(BODY)[:-5]),
        hang_up(b"garbage\r\n"),
        hang_up(b"\x15\x03\x01"),
    ],
    ids=[
        "closed",
        "reset",
        "closed after the status",
        "closed in a header",
        "hidden length",
        "reset in body",
        "cut last chunk",
        "no HTTP",
        "TLS alert",
    ],
)
def test_it_reports_a_broken_connection(answer: Handler) -> None:
    with serve(answer) as server, pytest.raises(NetworkError) as caught:
        download(server)
    assert type(caught.value) is NetworkError
    assert caught.value.code in ("Network.Reset", "Network.Broken")


@pytest.mark.parametrize(
    "url",
    [
        "canary",
        "file:///canary",
        "ftp://canary.example/",
        "http://",
        "http://[canary",
        "http://can ary/",
        "http://" + "c" * 300 + "/",
        "https://*canary/",
    ],
)
def test_it_refuses_an_unusable_url_without_quoting_it(url: str) -> None:
    session = build_session(resolver=lambda host, port: [])
    with pytest.raises(NetworkError) as caught:
        session.get(url)
    assert isinstance(caught.value, AddressRefusedError) or caught.value.code == "Network.Dns"
    assert "canary" not in repr(caught.value)


def test_it_guards_every_new_connection() -> None:
    session = build_session(guard=lambda address: not address.is_loopback)
    with serve(http(BODY)) as server:
        with pytest.raises(AddressRefusedError):
            session.get(f"{server.url}/?sign=canary")
        assert server.connections == 0


def test_it_connects_to_the_checked_address_under_the_name_of_the_host(certificate: Certificate) -> None:
    session = build_session(guard=lambda address: address.is_loopback, resolver=lambda host, port: ["127.0.0.1"])
    with serve(http(BODY), context=certificate.context) as server:
        response = session.get(f"https://vendor.invalid:{server.port}/", verify=str(certificate.path))
        assert b"".join(read_body(response)) == BODY
        session.close()
        assert server.header("Host") == f"vendor.invalid:{server.port}"


@pytest.mark.parametrize(
    "answer",
    [
        http(BODY),
        hang_up(b"HTTP/1.1 200 OK\r\nbroken header canary\r\nContent-Length: 0\r\n\r\n"),
        hang_up(b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
    ],
)
def test_it_keeps_the_url_out_of_every_log(answer: bytes | Handler, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    session = build_session()
    with serve(answer) as server:
        try:
            response = session.get(f"{server.url}/canary?q-signature=canary")
            b"".join(read_body(response))
        except NetworkError:
            pass
    assert "canary" not in caplog.text


def test_it_leaves_the_log_of_other_sessions_alone(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    with serve(http(b"")) as server, requests.Session() as session:
        session.get(f"{server.url}/visible")
    assert "/visible" in caplog.text
