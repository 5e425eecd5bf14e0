"""An exchange ends at its deadline, and each wait at its timeout, wherever the other side dawdles."""

import socket
import time
from collections.abc import Callable

import pytest

from liveness.client.deadline import Deadline, total_deadline
from liveness.client.errors import DeadlineError, NetworkError
from liveness.client.session import build_session, read_body

from .conftest import Certificate
from .downloading import BODY, download
from .server import Handler, Server, drip, http, serve, stall

LIMIT = 0.3


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
