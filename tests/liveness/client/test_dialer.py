import ipaddress
import socket
import threading
import time

import pytest

from liveness.client.deadline import total_deadline
from liveness.client.dialer import Dialer, IpAddress, system_resolver
from liveness.client.errors import AddressRefusedError, DeadlineError, NetworkError

from .server import http, serve


def is_loopback(address: IpAddress) -> bool:
    return address.is_loopback


def test_it_connects_to_an_address_the_guard_accepts() -> None:
    with serve(http("{}")) as server:
        connected = Dialer(lambda host, port: ["127.0.0.1"], is_loopback).connect("vendor.invalid", server.port, 2)
        with connected:
            assert connected.getpeername() == ("127.0.0.1", server.port)


@pytest.mark.parametrize(
    "addresses",
    [
        ["10.0.0.1"],
        ["127.0.0.1", "10.0.0.1"],
        ["127.0.0.1", "::ffff:10.0.0.1"],
        ["fd00::1", "127.0.0.1"],
        ["169.254.169.254", "127.0.0.1"],
    ],
)
def test_it_refuses_a_host_when_one_address_is_refused(addresses: list[str]) -> None:
    with serve(http("{}")) as server:
        dialer = Dialer(lambda host, port: addresses, is_loopback)
        with pytest.raises(AddressRefusedError):
            dialer.connect("vendor.invalid", server.port, 2)
        assert server.connections == 0


@pytest.mark.parametrize("host", ["127.0.0.1", "0x7f.1", "2130706433", "127.1", "localhost"])
def test_it_shows_the_guard_the_address_that_the_system_would_contact(host: str) -> None:
    seen: list[IpAddress] = []

    def refuse(address: IpAddress) -> bool:
        seen.append(address)
        return False

    with serve(http("{}")) as server:
        with pytest.raises(AddressRefusedError):
            Dialer(guard=refuse).connect(host, server.port, 2)
        assert server.connections == 0
    assert all(address.is_loopback for address in seen)


def test_it_looks_the_name_up_once_so_that_a_changing_answer_changes_nothing() -> None:
    answers = [["127.0.0.1"], ["10.0.0.1"]]
    with serve(http("{}")) as server:
        dialer = Dialer(lambda host, port: answers.pop(0), is_loopback)
        dialer.connect("rebinding.invalid", server.port, 2).close()
    assert answers == [["10.0.0.1"]]


def test_it_refuses_a_peer_that_is_not_the_checked_address(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(socket.socket, "getpeername", lambda sock: ("127.0.0.2", 1))
    with serve(http("{}")) as server, pytest.raises(AddressRefusedError):
        Dialer(lambda host, port: ["127.0.0.1"], is_loopback).connect("vendor.invalid", server.port, 2)


def test_it_tries_the_next_address() -> None:
    listener = socket.create_server(("127.0.0.1", 0))
    port = listener.getsockname()[1]
    with listener, Dialer(lambda host, port: ["127.0.0.2", "127.0.0.1"]).connect("vendor.invalid", port, 2) as sock:
        assert sock.getpeername()[0] == "127.0.0.1"


@pytest.mark.parametrize("failure", [socket.gaierror(-2, "Name or service not known"), UnicodeError("label too long")])
def test_it_reports_a_name_that_cannot_be_resolved(failure: Exception) -> None:
    def resolver(host: str, port: int) -> list[str]:
        raise failure

    with pytest.raises(NetworkError) as caught:
        Dialer(resolver).connect("vendor.invalid", 443, 2)
    assert caught.value.code == "Network.Dns"
    assert caught.value.retryable


def test_it_reports_a_name_without_addresses() -> None:
    with pytest.raises(NetworkError) as caught:
        Dialer(lambda host, port: []).connect("vendor.invalid", 443, 2)
    assert caught.value.code == "Network.Dns"


@pytest.mark.parametrize(("timeout", "deadline", "kind"), [(0.2, 30, NetworkError), (30, 0.2, DeadlineError)])
def test_it_does_not_wait_for_a_resolver_that_hangs(timeout: float, deadline: float, kind: type[NetworkError]) -> None:
    hang = threading.Event()

    def resolver(host: str, port: int) -> list[str]:
        hang.wait(10)
        return ["127.0.0.1"]

    started = time.monotonic()
    with total_deadline(deadline), pytest.raises(kind) as caught:
        Dialer(resolver).connect("vendor.invalid", 443, timeout)
    hang.set()
    assert type(caught.value) is kind
    assert 0.2 <= time.monotonic() - started < 2


def test_it_reports_a_refused_connection() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    with pytest.raises(NetworkError) as caught:
        Dialer().connect("127.0.0.1", port, 2)
    assert caught.value.code == "Network.Connect"


@pytest.mark.parametrize(
    ("timeout", "deadline", "code"), [(0.2, 30, "Network.ConnectTimeout"), (30, 0.2, "Network.Deadline")]
)
def test_it_gives_up_on_a_host_that_does_not_answer(timeout: float, deadline: float, code: str) -> None:
    # A listener with a full backlog leaves further SYNs unanswered, like a black hole.
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        fillers = [socket.socket() for _ in range(4)]
        for filler in fillers:
            filler.setblocking(False)
            filler.connect_ex(listener.getsockname())
        time.sleep(0.1)
        started = time.monotonic()
        with total_deadline(deadline), pytest.raises(NetworkError) as caught:
            Dialer().connect("127.0.0.1", listener.getsockname()[1], timeout)
        assert caught.value.code == code
        assert 0.2 <= time.monotonic() - started < 2
        for filler in fillers:
            filler.close()


def test_it_resolves_with_the_system() -> None:
    assert ipaddress.ip_address(system_resolver("127.0.0.1", 80)[0]).is_loopback
