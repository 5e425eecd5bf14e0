"""The session on its own, as a downloader would use it."""

import gzip
import logging
import socket
import threading

import pytest
import requests

from liveness.client.errors import AddressRefusedError, NetworkError
from liveness.client.session import build_session, read_body

from .conftest import Certificate
from .downloading import BODY, download
from .server import Handler, Server, hang_up, http, serve


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
