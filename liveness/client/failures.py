"""Turning what `requests`, urllib3 and the socket raise into a NetworkError.

Their texts quote the URL, and the exceptions hold the request with its headers and body; none of that is carried over.
"""

import ssl
from collections.abc import Iterator

import requests
import urllib3
from urllib3.util.ssl_match_hostname import CertificateError

from liveness.client.deadline import Deadline, deadline_error
from liveness.client.errors import AddressRefusedError, NetworkError, TlsError

_CERTIFICATE = (ssl.SSLCertVerificationError, CertificateError)
_BAD_ADDRESS = (
    requests.exceptions.InvalidURL,
    requests.exceptions.MissingSchema,
    requests.exceptions.InvalidSchema,
    urllib3.exceptions.LocationValueError,
    UnicodeError,
)
_KINDS: tuple[tuple[tuple[type[BaseException], ...], str, str], ...] = (
    ((TimeoutError, urllib3.exceptions.TimeoutError), "Timeout", "the other side fell silent"),
    ((ssl.SSLError,), "Tls", "the encrypted connection could not be made or broke"),
    ((ConnectionError, EOFError), "Reset", "the connection was cut off"),
)


def as_network_error(failure: BaseException) -> NetworkError:
    """The NetworkError for a failed exchange, cut off from the frames that hold the request."""
    if isinstance(failure, NetworkError):
        return failure.with_traceback(None)
    links = tuple(_chain(failure))

    def is_a(*kinds: type[BaseException]) -> bool:
        return any(isinstance(link, kinds) for link in links)

    if is_a(*_CERTIFICATE):
        return TlsError("Network.Certificate", "the server's certificate is not valid; do not go on before it is.")
    if is_a(*_BAD_ADDRESS):
        return AddressRefusedError("Network.Address", "the address is not a usable URL.")
    if Deadline.current().is_over():
        return deadline_error()
    for kinds, code, what in _KINDS:
        if is_a(*kinds):
            return NetworkError(f"Network.{code}", f"{what}; try again later.")
    return NetworkError("Network.Broken", "the answer is not complete or not valid HTTP; try again later.")


def _chain(failure: BaseException) -> Iterator[BaseException]:
    """The exception and those it wraps: requests and urllib3 wrap by cause, by `reason` and by argument alike."""
    found: list[BaseException] = [failure]
    for link in found:
        inner = (link.__cause__, getattr(link, "reason", None), *link.args)
        found += [item for item in inner if isinstance(item, BaseException) and item not in found]
    yield from found
