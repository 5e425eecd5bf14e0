"""Sending an answer as its delivery says: late, in drips, cut off, reset, or never."""

import select
import socket
import struct
import threading
from collections.abc import Iterator

from liveness.sandbox.reply import Reply

ENDLESS_PIECE = 64 * 1024


class Wire:
    """One client's connection; `stopping` ends every wait when the sandbox stops."""

    def __init__(self, connection: socket.socket, stopping: threading.Event) -> None:
        self.connection = connection
        self.stopping = stopping

    def send(self, reply: Reply, head: bytes) -> None:
        """Send a whole answer, or as much of it as its delivery allows."""
        how, body = reply.delivery, _framed(reply)
        if self.stopping.wait(how.wait):
            return
        end = {"start": 0, "mid_headers": len(head) // 2, "headers": len(head)}.get(how.cut)
        if end is None:
            end = len(head) + (len(body) // 2 if how.cut == "middle" else len(body))
        pieces = _pieces(head[:end], body[: max(0, end - len(head))], reply)
        for pause, piece in pieces:
            self.connection.sendall(piece)
            if pause and self.stopping.wait(pause):
                return
        if how.is_continuous:
            self._send_for_ever(body or b"\0")
        self._end(how.ending)

    def _send_for_ever(self, body: bytes) -> None:
        piece = body * -(-ENDLESS_PIECE // len(body))
        while not self.stopping.is_set():
            self.connection.sendall(piece)

    def _end(self, ending: str) -> None:
        if ending == "hold":
            self._hold()
        elif ending == "reset":
            # Lingering for zero seconds makes the kernel send RST instead of FIN.
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))

    def _hold(self) -> None:
        while not self.stopping.is_set():
            readable, _, _ = select.select([self.connection], [], [], 0.1)
            if readable and not self.connection.recv(4096):
                return


def _framed(reply: Reply) -> bytes:
    if reply.framing not in ("chunked", "both"):
        return reply.body
    return b"%x\r\n%s\r\n0\r\n\r\n" % (len(reply.body), reply.body)


def _pieces(head: bytes, body: bytes, reply: Reply) -> Iterator[tuple[float, bytes]]:
    how = reply.delivery
    if not how.header_pause and not how.body_pause:
        yield 0.0, head + body
        return
    yield from _dripped(head, how.header_pause, 1)
    yield from _dripped(body, how.body_pause, how.piece)


def _dripped(data: bytes, pause: float, piece: int) -> Iterator[tuple[float, bytes]]:
    step = piece if pause else max(1, len(data))
    for start in range(0, len(data), step):
        yield pause, data[start : start + step]
