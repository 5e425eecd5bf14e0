"""A real CONNECT proxy on loopback, which notes what it sees."""

import socket
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field

REFUSED = b"HTTP/1.1 %d Refused\r\nContent-Length: 0\r\n\r\n"


@dataclass
class ConnectProxy:
    """`heads` are the requests that came, `carried` all that went through in clear sight of the proxy."""

    port: int
    heads: list[bytes] = field(default_factory=list)
    carried: bytearray = field(default_factory=bytearray)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def hosts(self) -> list[str]:
        return [head.split(b" ")[1].decode() for head in self.heads]


@contextmanager
def connect_proxy(
    leads_to: Mapping[str, int] | None = None, *, answer: bytes | None = None, authorization: str = ""
) -> Iterator[ConnectProxy]:
    """Connect every `host:port` of `leads_to` to that port of this machine, and others to where they say.

    `answer` is sent instead of a connection. With an `authorization` only requests that have it are served.
    """
    listener = socket.create_server(("127.0.0.1", 0))
    proxy = ConnectProxy(listener.getsockname()[1])
    opened: list[socket.socket] = [listener]

    def accept() -> None:
        with suppress(OSError):
            while True:
                client, _ = listener.accept()
                opened.append(client)
                threading.Thread(target=serve, args=(client,), daemon=True).start()

    def serve(client: socket.socket) -> None:
        with suppress(OSError), client:
            head = b""
            while not head.endswith(b"\r\n\r\n"):
                received = client.recv(1)
                if not received:
                    return
                head += received
            proxy.heads.append(head)
            refusal = answer
            if authorization and f"Proxy-Authorization: {authorization}\r\n".encode() not in head:
                refusal = REFUSED % 407
            if refusal is not None:
                client.sendall(refusal)
                return
            host, _, port = proxy.hosts[-1].rpartition(":")
            place = (leads_to or {}).get(proxy.hosts[-1], int(port))
            with socket.create_connection(("127.0.0.1", place) if leads_to else (host, place)) as server:
                opened.append(server)
                client.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
                back = threading.Thread(target=carry, args=(server, client), daemon=True)
                back.start()
                carry(client, server)
                back.join()

    def carry(source: socket.socket, target: socket.socket) -> None:
        with suppress(OSError):
            while data := source.recv(65_536):
                proxy.carried.extend(data)
                target.sendall(data)
            target.shutdown(socket.SHUT_WR)

    threading.Thread(target=accept, daemon=True).start()
    try:
        yield proxy
    finally:
        with suppress(OSError):
            listener.shutdown(socket.SHUT_RDWR)
        for each in opened:
            with suppress(OSError):
                each.close()
