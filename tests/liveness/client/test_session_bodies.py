"""Reading a body to its true end: what is delivered, what is refused, what breaks."""

import gzip

import pytest

from liveness.client.errors import NetworkError
from liveness.client.session import build_session, read_body

from .conftest import Certificate
from .downloading import BODY, download
from .server import Handler, drip, hang_up, http, reset, serve


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
