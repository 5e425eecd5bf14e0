"""urllib3 connections that obey the total deadline at every step and dial through a Dialer.

urllib3 bounds each single read, so a server that drips one byte a second can hold a caller for ever; it looks the host
name up itself, so an address checked beforehand need not be the one it connects to; it rewrites the target of a
request, which breaks a signature over it; and it cannot tell a connection that was closed while idle from one that was
cut within an answer. All four are mended here.
"""

import http.client
import io
import socket
import ssl
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from typing import Any, ClassVar

from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.util.response import assert_header_parsing

from liveness.client.deadline import Deadline, deadline_error
from liveness.client.dialer import Dialer
from liveness.client.errors import StaleConnectionError

# How the end of a connection shows, beside an orderly one.
_CUT_OFF = (ConnectionError, ssl.SSLEOFError)
_target: ContextVar[str | None] = ContextVar("request_target", default=None)


@contextmanager
def exact_target(target: str | None) -> Iterator[None]:
    """Requests inside ask for this target byte for byte, whatever the library made of it; None leaves it alone."""
    reset = _target.set(target)
    try:
        yield
    finally:
        _target.reset(reset)


class UnansweredError(ConnectionResetError):
    """The connection ended before one byte of an answer came."""


class _BoundedReader(io.RawIOBase):
    """The receiving side of a socket; before each read the time-out is cut down to what the deadline leaves."""

    def __init__(self, raw: io.RawIOBase, sock: socket.socket) -> None:
        self._raw = raw
        self._sock = sock
        self._idle = sock.gettimeout()
        self._deadline = Deadline.current()
        self.is_stopped = False
        self.is_at_end = False
        self.has_received = False

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int | None:
        if self.is_stopped:
            return None
        self._sock.settimeout(self._deadline.bound(self._idle))
        try:
            received = self._raw.readinto(buffer)
        except TimeoutError:
            if self._deadline.is_over():
                raise deadline_error() from None
            raise
        self.is_at_end = received == 0
        self.has_received |= bool(received)
        return received

    def close(self) -> None:
        # Closing the raw file is what gives back its reference to the socket.
        self._raw.close()
        super().close()


class _BoundedResponse(http.client.HTTPResponse):
    """An answer that is read through a _BoundedReader."""

    def __init__(self, sock: socket.socket, *args: Any, **kwargs: Any) -> None:
        super().__init__(sock, *args, **kwargs)
        self._sock = sock
        self._reader = _BoundedReader(self.fp.detach(), sock)
        self.fp = io.BufferedReader(self._reader)

    def begin(self) -> None:
        try:
            super().begin()
        except _CUT_OFF as failure:
            if self._reader.has_received:
                raise
            raise UnansweredError from failure
        # http.client takes the end of the connection for the end of the headers, and skips what follows a line that
        # is no header: in both cases a lost Content-Length would make a cut body look whole.
        if self._reader.is_at_end:
            raise http.client.RemoteDisconnected("closed within the headers")
        assert_header_parsing(self.headers)

    def _close_conn(self) -> None:
        # Bytes after the end of an answer belong to no question; a connection that carried them would hand them to
        # the next one, so it is shut down and urllib3 will find it dropped.
        self._reader.is_stopped = True
        if self.fp.peek(1):
            with suppress(OSError):
                self._sock.shutdown(socket.SHUT_RDWR)
        super()._close_conn()  # type: ignore[misc]

    def _read_next_chunk_size(self) -> int:
        # `int(line, 16)` accepts a minus sign, and http.client would read "-1" bytes: everything, without bound.
        size: int = super()._read_next_chunk_size()  # type: ignore[misc]
        if size < 0:
            self._close_conn()
            raise ValueError("negative chunk size")
        return size


class BoundedConnection(HTTPConnection):
    """A plain HTTP connection; subclasses carry the dialer of their session."""

    dialer: ClassVar[Dialer]
    response_class = _BoundedResponse
    _parts: list[bytes] | None = None
    # Has this connection brought an answer before? Then it may have been closed while it was idle.
    _is_used = False

    def _new_conn(self) -> socket.socket:
        # Not `self.host`, which lost the trailing dot that keeps the resolver's search list out.
        host = self._dns_host.strip("[]")
        return self.dialer.connect(host, self.port, self.timeout, self.socket_options or ())

    def connect(self) -> None:
        self._is_used = False
        super().connect()

    def request(self, method: str, url: str, *args: Any, **kwargs: Any) -> None:
        # urllib3 sends the head and the body of a request by themselves; together they are one packet, and one wake-up
        # of the other side.
        self._parts = []
        try:
            super().request(method, _target.get() or url, *args, **kwargs)
            request = b"".join(self._parts)
        finally:
            self._parts = None
        self.send(request)

    def getresponse(self) -> Any:
        was_used, self._is_used = self._is_used, True
        try:
            return super().getresponse()
        except UnansweredError:
            if not was_used:
                raise
        # Outside the handler, so that the request does not hang on the error as its context.
        raise StaleConnectionError("Network.Stale", "the other side closed the idle connection; try again.")

    def send(self, data: Any) -> None:
        if self._parts is not None:
            self._parts.append(data)
            return
        if self.sock is not None:
            self.sock.settimeout(Deadline.current().bound(self.timeout))
        super().send(data)


class BoundedTlsConnection(BoundedConnection, HTTPSConnection):
    """The same over TLS; name checks and certificate stay with the host name, not the address.

    It alone goes through the proxy: what is not encrypted stays off it.
    """

    def _new_conn(self) -> socket.socket:
        host = self._dns_host.strip("[]")
        return self.dialer.tunnel(host, self.port, self.timeout, self.socket_options or ())


def connection_classes(dialer: Dialer) -> dict[str, type[BoundedConnection]]:
    """The connection classes of one session, by URL scheme."""
    attributes = {"dialer": dialer}
    return {
        "http": type("PlainConnection", (BoundedConnection,), attributes),
        "https": type("TlsConnection", (BoundedTlsConnection,), attributes),
    }
