"""The way out through a proxy: an address of its own, and a tunnel to the host behind it.

Only CONNECT is used (RFC 9110, section 9.3.6), and only for `https://`: the proxy learns host and port, and carries
bytes that are encrypted from end to end. Nothing is ever sent to it in clear but its own password.
"""

import base64
import re
import socket
from dataclasses import dataclass, field
from urllib.parse import unquote, urlsplit

from liveness.client.deadline import Deadline
from liveness.client.errors import ConfigurationError, NetworkError, ProxyRefusedError

MAX_HEAD = 16_384
REFUSALS = {
    401: "it wants a name and a password",
    403: "it forbids this host",
    405: "it does not offer CONNECT",
    407: "it wants another name and password",
}

_HOST = re.compile(r"[a-z0-9]([a-z0-9.-]*[a-z0-9])?|[0-9a-f:.]*:[0-9a-f:.]*", re.IGNORECASE)
_STATUS = re.compile(rb"HTTP/1\.[01] ([0-9]{3})(?: |\r)")


@dataclass(frozen=True)
class Proxy:
    """An HTTP proxy that offers CONNECT. Its repr shows neither name nor password."""

    host: str
    port: int
    authorization: str = field(default="", repr=False)


def parse_proxy(text: str) -> Proxy:
    """Read `http://[name:password@]host:port`, name and password percent-encoded. Raises ConfigurationError."""
    try:
        parts = urlsplit(text.strip())
        host, port = parts.hostname or "", parts.port
    except ValueError:
        raise _unreadable() from None
    is_bare = parts.path in ("", "/") and not (parts.query or parts.fragment)
    if parts.scheme != "http" or not _HOST.fullmatch(host) or not port or not is_bare:
        raise _unreadable()
    if parts.username is None:
        return Proxy(host, port)
    pair = f"{unquote(parts.username)}:{unquote(parts.password or '')}".encode()
    return Proxy(host, port, "Basic " + base64.b64encode(pair).decode())


def open_tunnel(sock: socket.socket, proxy: Proxy, host: str, port: int, timeout: float | None) -> None:
    """Have the proxy at the other end of `sock` connect it to `host`. `timeout` (seconds) bounds each step.

    Raises ProxyRefusedError, or NetworkError when it may succeed later; OSError as the socket does.
    """
    sock.settimeout(Deadline.current().bound(timeout))
    sock.sendall(_request(proxy, host, port))
    match = _STATUS.match(_head(sock, timeout))
    status = int(match[1]) if match else 0
    if 200 <= status < 300:
        return
    reason = REFUSALS.get(status)
    if reason:
        text = f"the proxy refused the connection (HTTP {status}): {reason}; check LIVENESS_PROXY."
        raise ProxyRefusedError("Network.ProxyRefused", text)
    answered = f"answered HTTP {status}" if status else "did not answer as an HTTP proxy does"
    raise NetworkError("Network.Proxy", f"the proxy {answered}; try again later, or check LIVENESS_PROXY.")


def _request(proxy: Proxy, host: str, port: int) -> bytes:
    authority = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
    lines = [f"CONNECT {authority} HTTP/1.1", f"Host: {authority}", "User-Agent: liveness"]
    if proxy.authorization:
        lines.append(f"Proxy-Authorization: {proxy.authorization}")
    return "\r\n".join([*lines, "", ""]).encode("ascii")


def _head(sock: socket.socket, timeout: float | None) -> bytes:
    """The head of the answer. A byte at a time: what follows it belongs to the tunnel."""
    head = b""
    while not head.endswith(b"\r\n\r\n"):
        sock.settimeout(Deadline.current().bound(timeout))
        received = sock.recv(1)
        if not received or len(head) >= MAX_HEAD:
            raise NetworkError("Network.Proxy", "the proxy broke off its answer; try again later.")
        head += received
    return head


def _unreadable() -> ConfigurationError:
    return ConfigurationError(
        "The proxy must look like http://host:port or http://name:password@host:port, special characters %-encoded."
    )
