"""Clients over real sockets: many that read at full speed, one that waits for answers, and some that stop reading."""

import socket
import time
from collections.abc import Iterator
from concurrent.futures import Executor, ProcessPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from http.client import HTTPConnection
from multiprocessing import get_context
from statistics import median

from bench.common.endings import deaf_children

HOST = "127.0.0.1"
# What a browser reads at a time.
PIECE = 64 * 1024
# All clients begin at the same moment, when each has been told of it.
LEAD = 0.1
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


def rates(targets: dict[str, Target], *, rounds: int, clients: int, files: int) -> dict[str, float]:
    """Megabytes a second that all clients together get of each target: the medians of rounds, measured by turns.

    Each client is a process of its own, for threads of one Python share one core and leave the other to the server.
    """
    with ProcessPoolExecutor(clients, mp_context=get_context("spawn")) as pool:
        with deaf_children():
            pool.submit(int).result()
        # The first round only warms up.
        measured = [
            {name: _rate(pool, target, clients, files) for name, target in targets.items()} for _ in range(rounds + 1)
        ][1:]
    return {name: median(one[name] for one in measured) for name in targets}


def _rate(pool: Executor, target: Target, clients: int, files: int) -> float:
    start = time.monotonic() + LEAD
    readers = [pool.submit(_read, target, files, start) for _ in range(clients)]
    done = [reader.result() for reader in readers]
    return sum(size for size, _end in done) / 1e6 / (max(end for _size, end in done) - start)


def _read(target: Target, files: int, start: float) -> tuple[int, float]:
    """Read the file so many times over one connection from `start` on; the bytes and the moment of the last."""
    buffer, total = memoryview(bytearray(PIECE)), 0
    with target.connection() as connection:
        time.sleep(max(0.0, start - time.monotonic()))
        for _ in range(files):
            connection.request("GET", target.path, headers=target.headers)
            response = connection.getresponse()
            assert response.status == 200, response.status
            while read := response.readinto(buffer):
                total += read
    return total, time.monotonic()


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
