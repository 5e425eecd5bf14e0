"""Where media may be fetched from: an allow-list of origins first, then a check of every resolved address.

The order follows the OWASP SSRF prevention cheat sheet: one strict parse, scheme, no user info, no fragment, port, host
against the list; the session then checks each address and connects to the checked one (`liveness.client.session`).
Through LIVENESS_PROXY the second check cannot be made, because the proxy alone looks names up. Then the list guards by
name, the certificate proves that name, and the proxy's own rules have to keep it from leading inside.
"""

import ipaddress
import re
from collections.abc import Iterable
from dataclasses import dataclass

from liveness.exceptions import MediaError
from liveness.loss_causes import LossCause

Address = ipaddress.IPv4Address | ipaddress.IPv6Address

# Printable ASCII without the characters on which URL parsers disagree: "@", "\", "#", quotes and spaces.
_URL = re.compile(
    r"(?P<scheme>https?)://(?P<host>[a-z0-9]([a-z0-9.-]*[a-z0-9])?|\[[0-9a-f:.]+\])(:(?P<port>[0-9]{1,5}))?"
    r"(?P<target>/[A-Za-z0-9._~!$&'()*+,;=:@%/-]*(\?[A-Za-z0-9._~!$&'()*+,;=:@%/?-]*)?)?",
    re.IGNORECASE,
)
_ORIGIN = re.compile(
    r"(?P<scheme>https?)://(?P<wild>\*\.)?(?P<host>[a-z0-9.-]+|\[[0-9a-f:.]+\])(:(?P<port>[0-9]{1,5}))?"
)
_PORTS = {"http": 80, "https": 443}
_NAT64 = ipaddress.ip_network("64:ff9b::/96")
# The only block from which public unicast addresses are assigned (IANA, Internet Protocol Version 6 Address Space).
# Outside is no public host: site-local fec0::/10, IPv4-compatible ::/96, 64:ff9b:1::/48, 5f00::/16.
_ASSIGNED = ipaddress.ip_network("2000::/3")
# Special blocks that `is_global` lets pass, at least in some version of Python, though no public storage is there
# (IANA, IPv4 and IPv6 Special-Purpose Address Registries).
_SPECIAL = tuple(
    map(
        ipaddress.ip_network,
        (
            "192.0.0.0/24",  # IETF protocol assignments, with the anycast addresses of PCP and TURN
            "192.31.196.0/24",  # AS112
            "192.52.193.0/24",  # AMT relays
            "192.88.99.0/24",  # 6to4 relays
            "192.175.48.0/24",  # AS112
            "2001::/23",  # IETF protocol assignments: ORCHID, drone ids, AMT, AS112, benchmarking
            "2001:db8::/32",  # documentation
            "2620:4f:8000::/48",  # AS112
            "3fff::/20",  # documentation
        ),
    )
)


@dataclass(frozen=True)
class Origin:
    """One entry of LIVENESS_MEDIA_ORIGINS."""

    scheme: str
    host: str
    port: int
    is_wildcard: bool

    @classmethod
    def parse(cls, text: str) -> "Origin":
        """Raises ValueError for anything but `https://host`, `https://*.domain` or an exact `http://host:port`."""
        match = _ORIGIN.fullmatch(text.strip().rstrip("/").lower())
        if not match or (match["wild"] and match["scheme"] != "https"):
            raise ValueError(f"{text!r} is not an origin such as https://*.example.com or http://127.0.0.1:9000")
        port = int(match["port"] or _PORTS[match["scheme"]])
        return cls(match["scheme"], match["host"], port, bool(match["wild"]))

    def matches(self, scheme: str, host: str, port: int) -> bool:
        named = host.endswith("." + self.host) if self.is_wildcard else host == self.host
        return named and (scheme, port) == (self.scheme, self.port)


def allow(url: str, origins: Iterable[str]) -> Origin:
    """Return the origin that allows `url`; raises MediaError, which never quotes the URL, for any other."""
    match = _URL.fullmatch(url)
    if not match:
        raise MediaError(
            "the vendor's link is not a plain http(s) URL; report it to the vendor", cause=LossCause.REFUSED
        )
    scheme, host = match["scheme"].lower(), match["host"].lower()
    port = int(match["port"] or _PORTS[scheme])
    for origin in map(Origin.parse, origins):
        if origin.matches(scheme, host, port):
            return origin
    text = f"{scheme}://{host}:{port} is not in LIVENESS_MEDIA_ORIGINS; add it if the vendor moved its media"
    raise MediaError(text, cause=LossCause.REFUSED)


def is_public(address: Address) -> bool:
    """Is this a unicast address of the public Internet, also after unwrapping the IPv6 forms that hide an IPv4 one?"""
    inner = _embedded(address)
    if inner is not None:
        return is_public(inner)
    if address.version == 6 and address not in _ASSIGNED:
        return False
    is_special = any(address in network for network in _SPECIAL)
    return address.is_global and not (is_special or address.is_multicast or address.is_reserved)


def _embedded(address: Address) -> ipaddress.IPv4Address | None:
    if isinstance(address, ipaddress.IPv4Address):
        return None
    if address in _NAT64:
        return ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
    teredo = address.teredo
    return address.ipv4_mapped or address.sixtofour or (teredo[1] if teredo else None)
