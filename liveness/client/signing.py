"""TC3-HMAC-SHA256, Tencent Cloud's request signature, one pure function for each step of the specification.

Source: "Signature v3" of the Tencent Cloud API 3.0 documentation
(https://www.tencentcloud.com/document/product/1278/46714). Nothing here reads a clock: the time is passed in.
"""

import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime

ALGORITHM = "TC3-HMAC-SHA256"
TERMINATOR = "tc3_request"


@dataclass(frozen=True)
class Credentials:
    """An API key pair, with the `token` of a temporary (STS) key. Its repr shows nothing secret."""

    secret_id: str = field(repr=False)
    secret_key: str = field(repr=False)
    token: str | None = field(default=None, repr=False)


def payload_hash(body: bytes) -> str:
    """Lower-case hex SHA-256 of the body exactly as sent (of nothing for GET)."""
    return hashlib.sha256(body).hexdigest()


def signed_header_names(headers: Mapping[str, str]) -> str:
    """The names of the signed headers: lower case, in ASCII order, joined by semicolons."""
    return ";".join(sorted(name.lower() for name in headers))


def canonical_headers(headers: Mapping[str, str]) -> str:
    """One lower-case `name:value` line for each signed header; every line, the last too, ends in a newline."""
    lines = sorted((name.lower(), value.strip().lower()) for name, value in headers.items())
    return "".join(f"{name}:{value}\n" for name, value in lines)


def canonical_request(method: str, query: str, headers: Mapping[str, str], hashed_payload: str) -> str:
    """The six parts that are signed; the URI is always `/`."""
    parts = (method, "/", query, canonical_headers(headers), signed_header_names(headers), hashed_payload)
    return "\n".join(parts)


def utc_date(timestamp: int) -> str:
    """The UTC date of a Unix time: a local date would break the signature for part of every day."""
    return datetime.fromtimestamp(timestamp, UTC).strftime("%Y-%m-%d")


def credential_scope(timestamp: int, service: str) -> str:
    """`date/service/tc3_request`; unlike AWS SigV4 there is no region in it."""
    return f"{utc_date(timestamp)}/{service}/{TERMINATOR}"


def string_to_sign(timestamp: int, scope: str, canonical: str) -> str:
    """What the derived key signs."""
    digest = hashlib.sha256(canonical.encode()).hexdigest()
    return "\n".join((ALGORITHM, str(timestamp), scope, digest))


def date_key(secret_key: str, date: str) -> bytes:
    """First key derivation: the secret and the day."""
    return _hmac(f"TC3{secret_key}".encode(), date)


def service_key(key: bytes, service: str) -> bytes:
    """Second key derivation: the service, which is the first label of the host name."""
    return _hmac(key, service)


def signing_key(key: bytes) -> bytes:
    """Third key derivation: the terminator."""
    return _hmac(key, TERMINATOR)


def signature(key: bytes, to_sign: str) -> str:
    """The signature, in lower-case hex."""
    return _hmac(key, to_sign).hex()


def sign(
    credentials: Credentials,
    *,
    method: str,
    query: str,
    headers: Mapping[str, str],
    body: bytes,
    timestamp: int,
    service: str,
) -> str:
    """Return the `Authorization` header for a request whose signed `headers` must include host and content-type.

    `timestamp` is in Unix seconds and must be sent as `X-TC-Timestamp`.
    """
    scope = credential_scope(timestamp, service)
    canonical = canonical_request(method, query, headers, payload_hash(body))
    key = signing_key(service_key(date_key(credentials.secret_key, utc_date(timestamp)), service))
    proof = signature(key, string_to_sign(timestamp, scope, canonical))
    names = signed_header_names(headers)
    return f"{ALGORITHM} Credential={credentials.secret_id}/{scope}, SignedHeaders={names}, Signature={proof}"


def _hmac(key: bytes, message: str) -> bytes:
    return hmac.new(key, message.encode(), hashlib.sha256).digest()
