"""A server that gives every request the same bytes, in a process of its own: the least that can answer a call."""

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from multiprocessing import get_context
from multiprocessing.connection import Connection
from typing import Any

from bench.common.clients import HOST
from bench.common.endings import deaf_children


@dataclass(frozen=True)
class Answering:
    """Where the server is. `port` takes whole requests, one after another on each connection."""

    port: int
    _accepted: Any

    @property
    def url(self) -> str:
        return f"http://{HOST}:{self.port}"

    @property
    def connections(self) -> int:
        """How many were opened so far."""
        return self._accepted.value


@contextmanager
def answering(body: bytes, *, drip: float = 0.0) -> Iterator[Answering]:
    """Answer with `body` as JSON: at once, or its last bytes one by one every `drip` seconds."""
    head = f"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n".encode()
    context = get_context("spawn")
    receiver, sender = context.Pipe(duplex=False)
    accepted = context.Value("i", 0)
    process = context.Process(target=_serve, args=(sender, head + body, drip, accepted))
    with deaf_children():
        process.start()
    sender.close()
    try:
        yield Answering(receiver.recv(), accepted)
    finally:
        process.terminate()
        process.join()


def _serve(sender: Connection, answer: bytes, drip: float, accepted: Any) -> None:
    with socket.create_server((HOST, 0), backlog=128) as listener:
        sender.send(listener.getsockname()[1])
        while True:
            connection, _ = listener.accept()
            accepted.value += 1
            threading.Thread(target=_talk, args=(connection, answer, drip), daemon=True).start()


def _talk(connection: socket.socket, answer: bytes, drip: float) -> None:
    data = b""
    # A client that gave up closes the connection in the middle of an answer.
    with connection, suppress(OSError):
        while received := connection.recv(65_536):
            data += received
            if _is_whole(data):
                data = b""
                _send(connection, answer, drip)


def _is_whole(data: bytes) -> bool:
    head, end, body = data.partition(b"\r\n\r\n")
    lengths = [line.partition(b":")[2] for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:")]
    return bool(end) and len(body) >= int(lengths[0] if lengths else 0)


def _send(connection: socket.socket, answer: bytes, drip: float) -> None:
    if not drip:
        connection.sendall(answer)
        return
    head, end, body = answer.partition(b"\r\n\r\n")
    connection.sendall(head + end)
    for number in range(len(body)):
        time.sleep(drip)
        connection.sendall(body[number : number + 1])
