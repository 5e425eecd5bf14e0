"""HTTP on the sandbox's port: the API at `/`, files under `/media/`, the control plane under `/_sandbox/`."""

import contextlib
import logging
import socket
import struct
import sys
import threading
import time
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from socketserver import TCPServer
from typing import Any
from urllib.parse import urlsplit

from liveness.sandbox import control, media
from liveness.sandbox.gate import ACTIONS, MAX_BODY, ApiRequest
from liveness.sandbox.reply import Reply
from liveness.sandbox.service import Answered, FaceIdService
from liveness.sandbox.wire import Wire

# Bodies over the vendor's limit are read, so that the refusal can be; much longer ones are cut off.
READ_AT_MOST = 4 * MAX_BODY
logger = logging.getLogger("liveness.sandbox")


class SandboxHandler(BaseHTTPRequestHandler):
    """One connection; nothing it logs holds a token, a signature or a query string."""

    protocol_version = "HTTP/1.1"
    timeout = 60
    disable_nagle_algorithm = True
    server: "SandboxServer"

    def handle_request(self) -> None:
        """Answer whatever method the request line names."""
        length = self.headers.get("Content-Length", "0")
        if not (length.isascii() and length.isdigit()) or int(length[:15]) > READ_AT_MOST:
            self.close_connection = True
            return
        body = self.rfile.read(int(length))
        parts = urlsplit(self.path)
        answered = self._answer(parts.path, parts.query, body)
        logger.info("%s %s -> %s", self.command, self._what(parts.path), answered.code)
        self._send(answered)

    do_GET = do_POST = do_HEAD = do_DELETE = do_PUT = handle_request

    def _answer(self, path: str, query: str, body: bytes) -> Answered:
        service, headers = self.server.service, {name.lower(): value for name, value in self.headers.items()}
        if path.startswith(control.PREFIX):
            return _plain(control.handle(service, self.command, path, headers, body))
        if path.startswith(media.PREFIX):
            return service.download(self.command, path, query, headers)
        if path == "/":
            return service.answer(ApiRequest(self.command, headers, body))
        return _plain(Reply(404, b"", "text/plain"))

    def _what(self, path: str) -> str:
        if path == "/":
            action = self.headers.get("X-TC-Action", "")
            return action if action in ACTIONS else "?"
        return path if path.startswith(control.PREFIX) else media.PREFIX

    def _send(self, answered: Answered) -> None:
        reply = answered.reply if self.command != "HEAD" else replace(answered.reply, body=b"", declared=0)
        self.close_connection = self.close_connection or not reply.is_regular
        head = reply.head(self.date_time_string(answered.at), is_last=self.close_connection)
        Wire(self.connection, self.server.stopping).send(reply, head)

    def log_message(self, format: str, *args: Any) -> None:
        """Silence the base class, whose request lines would show signed links."""


def _plain(reply: Reply) -> Answered:
    return Answered(reply, time.time(), str(reply.status))


class SandboxServer(ThreadingHTTPServer):
    """A thread for each connection; stopping ends the connections that are still open."""

    daemon_threads = True
    request_queue_size = 256

    def __init__(self, address: tuple[str, int], service: FaceIdService) -> None:
        self.service = service
        self.stopping = threading.Event()
        self._open: set[socket.socket] = set()
        super().__init__(address, SandboxHandler)

    def server_bind(self) -> None:
        """Bind without the base class's look-up of the host's name."""
        TCPServer.server_bind(self)
        self.server_name, self.server_port = str(self.server_address[0]), self.server_address[1]

    def get_request(self) -> tuple[socket.socket, Any]:
        connection, address = super().get_request()
        self._open.add(connection)
        return connection, address

    def shutdown_request(self, request: Any) -> None:
        """Close a connection; one that is to be reset must not say good-bye (FIN) first."""
        self._open.discard(request)
        lingers, _ = struct.unpack("ii", request.getsockopt(socket.SOL_SOCKET, socket.SO_LINGER, 8))
        if lingers:
            self.close_request(request)
        else:
            super().shutdown_request(request)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that went away is no error; anything else is ours."""
        if not isinstance(sys.exception(), OSError):
            logger.exception("The sandbox failed on a request.")

    def stop(self) -> None:
        """Stop listening, cut every connection, and free the port."""
        self.stopping.set()
        self.shutdown()
        for connection in self._open.copy():
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
        self.server_close()
