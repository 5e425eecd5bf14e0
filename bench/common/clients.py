"""Clients over real sockets: many that read at full speed, one that waits for answers, and some that stop reading."""

import socket
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from http.client import HTTPConnection
from statistics import median
from threading import Barrier

HOST = "127.0.0.1"
PIECE = 1 << 20
# nginx drops a client that takes nothing for 30 s (docs/nginx.conf); what is measured has to be over before.
PATIENCE = 25.0


@dataclass(frozen=True)
class Target:
    """Something to GET from a server on loopback."""

    port: int
    path: str
    headers: dict[str, str] = field(default_factory=dict)

    @contextmanager
    def connection(self) -> Iterator[HTTPConnection]:
        connection = HTTPConnection(HOST, self.port, timeout=PATIENCE)
        try:
            yield connection
        finally:
            connection.close()


def rate(target: Target, *, clients: int, files: int) -> float:
    """Megabytes a second that all clients together get, each reading so many files over one connection."""
    start = Barrier(clients + 1)
    with ThreadPoolExecutor(clients) as pool:
        readers = [pool.submit(_read, target, files, start) for _ in range(clients)]
        start.wait()
        begun = time.perf_counter()
        total = sum(reader.result() for reader in readers)
    return total / 1e6 / (time.perf_counter() - begun)


def answer_times(target: Target, count: int) -> list[float]:
    """Milliseconds to each of `count` answers over one connection."""
    with target.connection() as connection:
        return [_timed(connection, target) for _ in range(count)]


@contextmanager
def stalled(target: Target, count: int) -> Iterator[None]:
    """So many clients, each from an address of its own, that asked for the file and then take nothing more of it."""
    with ExitStack() as stack:
        for number in range(count):
            stack.enter_context(_stalled(target, f"127.0.0.{number + 2}"))
        begun = time.monotonic()
        yield
        if time.monotonic() - begun > PATIENCE:
            raise RuntimeError("the stalled clients were not held long enough to measure beside them")


def side_by_side(targets: dict[str, Target], *, rounds: int, clients: int, files: int) -> dict[str, float]:
    """The median rate of each target, measured by turns."""
    rates = [{name: rate(target, clients=clients, files=files) for name, target in targets.items()}]
    rates += [
        {name: rate(target, clients=clients, files=files) for name, target in targets.items()} for _ in range(rounds)
    ]
    # The first round only warms up.
    return {name: median(one[name] for one in rates[1:]) for name in targets}


def _read(target: Target, files: int, start: Barrier) -> int:
    buffer, total = memoryview(bytearray(PIECE)), 0
    with target.connection() as connection:
        start.wait()
        for _ in range(files):
            connection.request("GET", target.path, headers=target.headers)
            response = connection.getresponse()
            assert response.status == 200, response.status
            while read := response.readinto(buffer):
                total += read
    return total


def _timed(connection: HTTPConnection, target: Target) -> float:
    begun = time.perf_counter()
    connection.request("GET", target.path, headers=target.headers)
    response = connection.getresponse()
    response.read()
    assert response.status == 200, response.status
    return (time.perf_counter() - begun) * 1000


@contextmanager
def _stalled(target: Target, source: str) -> Iterator[None]:
    lines = [f"GET {target.path} HTTP/1.1", "Host: localhost", "Range: bytes=0-"]
    lines += [f"{name}: {value}" for name, value in target.headers.items()]
    with socket.socket() as client:
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        client.settimeout(PATIENCE)
        client.bind((source, 0))
        client.connect((HOST, target.port))
        client.sendall("\r\n".join([*lines, "", ""]).encode())
        answer = client.recv(256)
        assert b" 206 " in answer, answer.partition(b"\r\n")[0]
        yield
