"""A strict vendor in a process of its own: it counts who arrived when, and refuses what exceeds the limit."""

import asyncio
import os
import time
from contextlib import suppress
from dataclasses import dataclass
from multiprocessing import get_context
from multiprocessing.connection import Connection

from bench.common.clients import HOST
from bench.common.endings import deaf_children
from liveness.sandbox.limits import CallLog, SlidingWindow

ANSWER = b"HTTP/1.1 %b\r\nContent-Length: 0\r\n\r\n"
TAKEN, REFUSED = ANSWER % b"200 OK", ANSWER % b"429 Too Many Requests"


@dataclass(frozen=True)
class Arrivals:
    """Moments (monotonic, seconds) and callers, in order, and how many of them were refused."""

    calls: list[tuple[float, str]]
    refused: int

    @property
    def rate(self) -> float:
        """Calls a second, from the first to the last."""
        return (len(self.calls) - 1) / (self.calls[-1][0] - self.calls[0][0])

    @property
    def busiest_second(self) -> int:
        """The most arrivals, refused ones included, in any half-open window of one second."""
        log = CallLog()
        for at, _caller in self.calls:
            log.add(at=at, action="", code="", token="")
        return log.busiest_second()

    def unevenness(self, callers: int) -> float:
        """The calls of the process that made most, over those of the one that made least."""
        made = [caller for _at, caller in self.calls]
        counts = [made.count(str(number)) for number in range(callers)]
        return max(counts) / min(counts) if min(counts) else float("inf")


class Counter:
    """The running server; `take` returns what arrived since the last time."""

    def __init__(self, limit: int) -> None:
        context = get_context("spawn")
        self._pipe, theirs = context.Pipe()
        self._process = context.Process(target=_serve, args=(limit, theirs))

    def __enter__(self) -> "Counter":
        with deaf_children():
            self._process.start()
        self.port: int = self._pipe.recv()
        return self

    def __exit__(self, *failure: object) -> None:
        self._process.terminate()
        self._process.join()

    def take(self) -> Arrivals:
        self._pipe.send(None)
        return Arrivals(*self._pipe.recv())


class _Vendor:
    def __init__(self, limit: int, pipe: Connection) -> None:
        self._limit, self._pipe = limit, pipe
        self._reset()

    def arrived(self, at: float, caller: str) -> bytes:
        self._calls.append((at, caller))
        return TAKEN if self._window.accept(at) else REFUSED

    def hand_over(self) -> None:
        self._pipe.recv()
        self._pipe.send((self._calls, self._window.rejected))
        self._reset()

    def _reset(self) -> None:
        self._calls: list[tuple[float, str]] = []
        self._window = SlidingWindow(self._limit)


class _Connection(asyncio.Protocol):
    """A request is one piece: its line and headers fit into a segment, and nobody sends two at once."""

    def __init__(self, vendor: _Vendor) -> None:
        self._vendor = vendor

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        at = time.monotonic()
        assert data.endswith(b"\r\n\r\n"), data
        self._transport.write(self._vendor.arrived(at, data.split()[1].decode().lstrip("/")))


def _serve(limit: int, pipe: Connection) -> None:
    # The vendor has machines of its own. Here it comes first, where it may (as root): else, on a busy machine, half of
    # what is measured is how long the counter itself waits for a processor.
    with suppress(PermissionError, AttributeError):
        os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(1))
    asyncio.run(_listen(_Vendor(limit, pipe), pipe))


async def _listen(vendor: _Vendor, pipe: Connection) -> None:
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: _Connection(vendor), HOST, 0)
    loop.add_reader(pipe.fileno(), vendor.hand_over)
    pipe.send(server.sockets[0].getsockname()[1])
    await server.serve_forever()
