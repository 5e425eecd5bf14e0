"""`requests` sessions that are safe to point at a vendor: bounded in time, blind to redirects, cookies and environment.

    session = build_session(guard=is_public)
    with total_deadline(30):
        response = session.get(url, timeout=(3, 10))
        for chunk in read_body(response):
            ...

Every failure of the network is a NetworkError, whose text shows neither URL nor answer. A session belongs to one
thread and is made after a fork, not before.
"""

import logging
import os
import re
import ssl
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from http.client import HTTPException
from http.cookiejar import DefaultCookiePolicy
from typing import Any

import requests
import urllib3
from requests.adapters import HTTPAdapter
from requests.structures import CaseInsensitiveDict

from liveness.client.connections import connection_classes, exact_target
from liveness.client.dialer import AddressGuard, Dialer, Resolver, system_resolver
from liveness.client.errors import ConfigurationError, NetworkError, StaleConnectionError
from liveness.client.failures import as_network_error
from liveness.client.proxy import parse_proxy

CHUNK_SIZE = 262_144
DEFAULT_TIMEOUTS = (3.0, 10.0)

_FAILURES = (
    NetworkError,
    requests.RequestException,
    urllib3.exceptions.HTTPError,
    HTTPException,
    OSError,
    UnicodeError,
)
# Whatever is printable ASCII behind the authority, without a fragment.
_TARGET = re.compile(r"https?://[^/?#\\\s]+(/[\x21\x22\x24-\x7e]*)", re.IGNORECASE)
_LENGTH = re.compile(r"[0-9]{1,18}")
_is_private: ContextVar[bool] = ContextVar("private_exchange", default=False)


@dataclass(frozen=True)
class Route:
    """How the network is left. `proxy` is a URL for `parse_proxy`, `ca_bundle` a PEM file of the authorities to trust.

    Without them calls go directly, and the authorities are those of `certifi`. What the environment says of either is
    never read.
    """

    proxy: str = field(default="", repr=False)
    ca_bundle: str = ""


def build_session(
    *, guard: AddressGuard | None = None, resolver: Resolver = system_resolver, route: Route | None = None
) -> requests.Session:
    """A session whose calls raise only NetworkError (or ValueError for an argument of the wrong kind).

    `guard` sees every address that a host resolves to; one refusal refuses the host with AddressRefusedError. Through
    a proxy it sees none. Raises ConfigurationError for a `route` that cannot be taken. The target of a `get` is sent
    byte for byte as the URL has it.
    Answers are streamed: read them with `read_body`, then close them. Without a `timeout` argument a call waits 3 s
    to connect and 10 s for each read; `total_deadline` bounds the whole exchange.
    """
    route = route or Route()
    session = _Session()
    if route.ca_bundle:
        session.verify = checked_bundle(route.ca_bundle)
    adapter = _Adapter(Dialer(resolver, guard, parse_proxy(route.proxy) if route.proxy else None))
    session.mount("https://", adapter)
    session.mount("http://", adapter)
    return session


def checked_bundle(path: str) -> str:
    """The path, if a PEM file with certificates is there. Raises ConfigurationError."""
    try:
        ssl.create_default_context(cafile=path)
    except OSError as problem:
        # An SSLError is an OSError too, and its number is not the system's.
        reason = "it holds no certificates" if isinstance(problem, ssl.SSLError) else os.strerror(problem.errno or 0)
        raise ConfigurationError(f"LIVENESS_CA_BUNDLE cannot be used ({reason}): {path}") from None
    return path


def answered_afresh(session: requests.Session, exchange: Callable[[], requests.Response]) -> requests.Response:
    """What `exchange` brings, tried once more on a fresh connection if the idle one had been closed meanwhile.

    For exchanges that only read: nobody knows whether the other side has acted on the first try.
    """
    try:
        return exchange()
    except StaleConnectionError:
        # The other idle connections are as old as this one.
        session.close()
    return exchange()


def read_body(response: requests.Response, chunk_size: int = CHUNK_SIZE) -> Iterator[bytes]:
    """The body as it came over the wire, never decoded, in chunks of up to `chunk_size` bytes.

    Raises NetworkError when it is shorter than its Content-Length, badly framed, encoded, late or cut off.
    """
    _check_framing(response)
    while chunk := _read(response, chunk_size):
        yield chunk


def _read(response: requests.Response, size: int) -> bytes:
    try:
        with _unlogged():
            chunk: bytes = response.raw.read(size, decode_content=False)
    except _FAILURES as failure:
        error = as_network_error(failure)
    else:
        return chunk
    # Raised here, outside the handler, so that the request does not hang on the error as its context.
    raise error


def _check_framing(response: requests.Response) -> None:
    """Refuse a body whose end, or whose meaning, two readers could see differently (RFC 9112, section 6.3)."""
    headers = response.raw.headers
    lengths, transfers = set(headers.getlist("Content-Length")), headers.getlist("Transfer-Encoding")
    if lengths and (transfers or len(lengths) > 1 or not _LENGTH.fullmatch(lengths.pop())):
        raise NetworkError("Network.Framing", "the answer's length is contradictory; try again later.")
    if transfers and [value.strip().lower() for value in transfers] != ["chunked"]:
        raise NetworkError("Network.Framing", "the answer's transfer encoding is unknown; try again later.")
    if headers.get("Content-Encoding", "identity").strip().lower() not in ("identity", ""):
        raise NetworkError("Network.Encoding", "the answer is compressed although that was not asked for.")


class _Session(requests.Session):
    def __init__(self) -> None:
        super().__init__()
        self.trust_env = False
        self.stream = True
        self.headers = CaseInsensitiveDict({"Accept": "*/*", "Accept-Encoding": "identity", "User-Agent": "liveness"})
        self.cookies.set_policy(DefaultCookiePolicy(allowed_domains=()))

    def request(self, method: Any, url: Any, *args: Any, **kwargs: Any) -> requests.Response:
        kwargs.setdefault("timeout", DEFAULT_TIMEOUTS)
        with exact_target(None if args or kwargs.get("params") else _target_of(url)):
            return _exchanged(super().request, method, url, *args, **kwargs)

    def send(self, *args: Any, **kwargs: Any) -> requests.Response:
        kwargs.setdefault("timeout", DEFAULT_TIMEOUTS)
        return _exchanged(super().send, *args, **kwargs)

    def get_redirect_target(self, resp: requests.Response) -> None:
        # Even with allow_redirects=False requests would prepare the next request, and read (and inflate) the whole
        # body of the redirect to do so.
        return None


def _target_of(url: Any) -> str | None:
    """Path and query as the URL has them; None for a URL that needs the library's help to become a request."""
    match = _TARGET.fullmatch(url) if isinstance(url, str) else None
    return match[1] if match else None


def _exchanged(exchange: Callable[..., requests.Response], *args: Any, **kwargs: Any) -> requests.Response:
    try:
        with _unlogged():
            return exchange(*args, **kwargs)
    except _FAILURES as failure:
        error = as_network_error(failure)
    raise error


class _Adapter(HTTPAdapter):
    def __init__(self, dialer: Dialer) -> None:
        self._classes = connection_classes(dialer)
        super().__init__(pool_connections=4, pool_maxsize=4, max_retries=0)

    def get_connection_with_tls_context(self, *args: Any, **kwargs: Any) -> Any:
        pool: Any = super().get_connection_with_tls_context(*args, **kwargs)
        pool.ConnectionCls = self._classes[pool.scheme]
        return pool


class _Unlogged(logging.Filter):
    def filter(self, record: logging.LogRecord) -> bool:
        return not _is_private.get()


@contextmanager
def _unlogged() -> Iterator[None]:
    reset = _is_private.set(True)
    try:
        yield
    finally:
        _is_private.reset(reset)


# urllib3 logs the path and query of each request: for a signed URL that is the secret. It keeps doing so for others.
for _name in ("connection", "connectionpool", "response", "util.retry"):
    logging.getLogger(f"urllib3.{_name}").addFilter(_Unlogged())
