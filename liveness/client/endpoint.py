"""The address of the vendor's API, checked before anything is sent to it."""

import ipaddress
import re
from dataclasses import dataclass
from urllib.parse import urlsplit

from liveness.client.errors import ConfigurationError

_ORIGIN = re.compile(r"https?://(?:[a-z0-9-]+(?:\.[a-z0-9-]+)*|\[[0-9a-f:.]+\])(?::[0-9]{1,5})?/?", re.IGNORECASE)
_DEFAULT_PORTS = {"http": 80, "https": 443}


@dataclass(frozen=True)
class Endpoint:
    """`authority` is the Host header as sent and signed: with the port when it is not the scheme's own."""

    url: str
    authority: str
    is_loopback: bool


def parse_endpoint(text: str) -> Endpoint:
    """Read `https://host[:port]`, or `http://` for this machine itself; anything else is a ConfigurationError."""
    if not _ORIGIN.fullmatch(text):
        raise ConfigurationError("The endpoint must look like https://faceid.tencentcloudapi.com, without a path.")
    try:
        parts = urlsplit(text)
        port = parts.port
    except ValueError:
        raise ConfigurationError("The endpoint's host or port is not valid.") from None
    host = parts.hostname or ""
    is_loopback = _is_loopback(host)
    if parts.scheme != "https" and not is_loopback:
        raise ConfigurationError("The endpoint must be https://; http:// is only for this machine (127.0.0.1).")
    authority = f"[{host}]" if ":" in host else host
    if port is not None and port != _DEFAULT_PORTS[parts.scheme]:
        authority += f":{port}"
    return Endpoint(f"{parts.scheme}://{authority}/", authority, is_loopback)


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
