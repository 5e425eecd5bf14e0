"""A server on a real loopback socket that answers with exactly the bytes a test wants."""

import json
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

FIXTURES = Path(__file__).parents[2] / "fixtures"

Handler = Callable[[socket.socket, "Server"], None]


class Server:
    """What a test sees of the server: where it is, and what arrived."""

    def __init__(self, listener: socket.socket, scheme: str) -> None:
        self.port: int = listener.getsockname()[1]
        self.scheme = scheme
        self.connections = 0
        self.requests: list[bytes] = []
        self.stopped = threading.Event()

    @property
    def url(self) -> str:
        return f"{self.scheme}://127.0.0.1:{self.port}"

    def header(self, name: str, index: int = -1) -> str | None:
        """A header of a request that arrived."""
        head = self.requests[index].partition(b"\r\n\r\n")[0].decode("latin-1")
        for line in head.split("\r\n")[1:]:
            key, _, value = line.partition(": ")
            if key.lower() == name.lower():
                return value
        return None

    def body(self, index: int = -1) -> bytes:
        return self.requests[index].partition(b"\r\n\r\n")[2]


@contextmanager
def serve(
    answer: bytes | Handler,
    *,
    context: ssl.SSLContext | None = None,
    greet: Handler | None = None,
) -> Iterator[Server]:
    """Answer every request with `answer`, bytes or a function of the connection.

    `greet` takes over each connection before any request is read, and before TLS.
    """
    listener = socket.create_server(("127.0.0.1", 0))
    server = Server(listener, "https" if context else "http")
    open_sockets: list[socket.socket] = [listener]

    def accept() -> None:
        while not server.stopped.is_set():
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            server.connections += 1
            open_sockets.append(connection)
            threading.Thread(target=talk, args=(connection,), daemon=True).start()

    def talk(connection: socket.socket) -> None:
        with suppress(OSError, ValueError):
            if greet:
                greet(connection, server)
            if context:
                connection = context.wrap_socket(connection, server_side=True)
                open_sockets.append(connection)
            while request := _read_request(connection):
                server.requests.append(request)
                if callable(answer):
                    answer(connection, server)
                else:
                    connection.sendall(answer)
        # A handler that set SO_LINGER wants a reset, and a reset is all that close does then.
        connection.close()

    thread = threading.Thread(target=accept, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.stopped.set()
        with suppress(OSError):
            listener.shutdown(socket.SHUT_RDWR)
        for opened in open_sockets:
            with suppress(OSError):
                opened.close()
        thread.join(5)


def _read_request(connection: socket.socket) -> bytes:
    data = b""
    while b"\r\n\r\n" not in data:
        received = connection.recv(65_536)
        if not received:
            return b""
        data += received
    head, _, body = data.partition(b"\r\n\r\n")
    length = 0
    for line in head.split(b"\r\n"):
        if line.lower().startswith(b"content-length:"):
            length = int(line.partition(b":")[2])
    while len(body) < length:
        body += connection.recv(65_536)
    return head + b"\r\n\r\n" + body


def http(
    body: bytes | str | dict[str, object],
    status: str = "200 OK",
    content_type: str = "application/json",
    headers: tuple[str, ...] = (),
) -> bytes:
    """A whole HTTP answer with its Content-Length."""
    if isinstance(body, dict):
        body = json.dumps(body)
    if isinstance(body, str):
        body = body.encode()
    lines = [f"HTTP/1.1 {status}", f"Content-Type: {content_type}", f"Content-Length: {len(body)}", *headers]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


def fixture(name: str) -> bytes:
    """A captured answer."""
    return (FIXTURES / f"{name}.json").read_bytes()


def drip(head: bytes = b"", piece: bytes = b"a", every: float = 0.03) -> Handler:
    """Send `head` at once, then `piece` again and again until the server stops."""

    def handler(connection: socket.socket, server: Server) -> None:
        connection.sendall(head)
        while not server.stopped.wait(every):
            connection.sendall(piece)

    return handler


def stall(head: bytes = b"") -> Handler:
    """Send `head` at once, then nothing."""

    def handler(connection: socket.socket, server: Server) -> None:
        connection.sendall(head)
        server.stopped.wait(30)

    return handler


def reset(head: bytes = b"") -> Handler:
    """Send `head`, then break the connection with a RST."""

    def handler(connection: socket.socket, server: Server) -> None:
        connection.sendall(head)
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\x00\x00\x00\x00\x00\x00\x00")
        connection.close()

    return handler


def hang_up(head: bytes = b"") -> Handler:
    """Send `head`, then close the connection in good order."""

    def handler(connection: socket.socket, server: Server) -> None:
        connection.sendall(head)
        connection.close()

    return handler
