"""The checks every call passes, in the vendor's way: who calls, when, with which signature, for what.

Sources: "Common Params", "Signature v3" and "Common Error Codes" of the Tencent Cloud API 3.0 documentation.
"""

import hmac
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from liveness.client import signing
from liveness.client.signing import Credentials
from liveness.sandbox.errors import ApiError

SERVICE, VERSION = "faceid", "2018-03-01"
REGIONS = ("ap-hongkong", "ap-jakarta", "ap-singapore")
# Each action's parameters, and whether they are required; all of them are strings.
ACTIONS: dict[str, dict[str, bool]] = {
    "GetLivenessResult": {"SdkToken": True},
    "ApplyLivenessToken": {"SecureLevel": False},
}
MAX_CLOCK_DIFFERENCE = 300.0
MAX_BODY = 10 * 1024 * 1024
AUTHORIZATION = re.compile(
    r"TC3-HMAC-SHA256 +Credential=(?P<id>[^/ ,]+)/(?P<scope>[^ ,]+), *"
    r"SignedHeaders=(?P<headers>[^ ,]+), *Signature=(?P<signature>[0-9a-f]{64})"
)


@dataclass(frozen=True)
class ApiRequest:
    """An HTTP request to `/`, its header names in lower case."""

    method: str
    headers: Mapping[str, str]
    body: bytes

    @property
    def action(self) -> str:
        return self.headers.get("x-tc-action", "")

    def required(self, name: str) -> str:
        """The value of a common parameter (`X-TC-<name>`) that every call must carry."""
        value = self.headers.get(f"x-tc-{name.lower()}", "")
        if not value:
            raise ApiError("MissingParameter", f"The request is missing a required parameter `{name}`.")
        return value


def authenticate(request: ApiRequest, account: Credentials, now: float) -> None:
    """Check key, clock, temporary token and signature; `now` is the server's Unix time in seconds."""
    if request.method != "POST":
        raise ApiError("UnsupportedProtocol", f"The method {request.method} is not supported here.")
    if len(request.body) > MAX_BODY:
        raise ApiError("RequestSizeLimitExceeded", "The request is larger than 10 MB.")
    request.required("Action")
    timestamp = _timestamp(request)
    parts = AUTHORIZATION.fullmatch(request.headers.get("authorization", ""))
    if parts is None or not {"content-type", "host"} <= set(parts["headers"].split(";")):
        raise ApiError("AuthFailure.InvalidAuthorization", "The Authorization header is malformed.")
    if abs(now - timestamp) > MAX_CLOCK_DIFFERENCE:
        raise ApiError("AuthFailure.SignatureExpire", "The request time is more than 5 minutes off the server's.")
    if parts["id"] != account.secret_id:
        raise ApiError("AuthFailure.SecretIdNotFound", "The SecretId is not found.")
    if request.headers.get("x-tc-token", "") != (account.token or ""):
        raise ApiError("AuthFailure.TokenFailure", "The temporary token is wrong, missing or not wanted.")
    if not _is_signed(request, account, timestamp, parts):
        raise ApiError("AuthFailure.SignatureFailure", "The provided credentials could not be validated.")


def _timestamp(request: ApiRequest) -> int:
    text = request.required("Timestamp")
    # Twelve digits reach past the year 9999, where no date can be written any more.
    if not (text.isascii() and text.isdigit() and len(text) < 12):
        raise ApiError("InvalidParameter", "The parameter `Timestamp` is not a Unix time.")
    return int(text)


def _is_signed(request: ApiRequest, account: Credentials, timestamp: int, parts: re.Match[str]) -> bool:
    # The vendor signs lower-case values; the scope and the key come from the time stamp, never from the caller.
    signed = {name: request.headers.get(name, "").lower() for name in parts["headers"].split(";")}
    unsigned_body = request.headers.get("x-tc-content-sha256") == "UNSIGNED-PAYLOAD"
    hashed = signing.payload_hash(b"UNSIGNED-PAYLOAD" if unsigned_body else request.body)
    scope = signing.credential_scope(timestamp, SERVICE)
    to_sign = signing.string_to_sign(timestamp, scope, signing.canonical_request("POST", "", signed, hashed))
    day_key = signing.date_key(account.secret_key, signing.utc_date(timestamp))
    proof = signing.signature(signing.signing_key(signing.service_key(day_key, SERVICE)), to_sign)
    expected = f"{scope} {signing.signed_header_names(signed)} {proof}"
    given = f"{parts['scope']} {parts['headers']} {parts['signature']}"
    return hmac.compare_digest(expected.encode(), given.encode())


def parameters(request: ApiRequest) -> dict[str, str]:
    """Check action, version, region and body of an authentic call, and return its parameters."""
    known = ACTIONS.get(request.action)
    if known is None:
        raise ApiError("InvalidAction", "The requested action does not exist.")
    if request.required("Version") != VERSION:
        raise ApiError("NoSuchVersion", "The requested version does not exist.")
    if request.required("Region") not in REGIONS:
        raise ApiError("UnsupportedRegion", "The action does not support the requested region.")
    given = _object(request)
    for name, value in given.items():
        if name not in known:
            raise ApiError("UnknownParameter", f"The parameter `{name[:64]}` is not recognized.")
        if not isinstance(value, str):
            raise ApiError("InvalidParameter", f"The value type of parameter `{name}` is not valid.")
    for name, is_required in known.items():
        if is_required and name not in given:
            raise ApiError("MissingParameter", f"The request is missing a required parameter `{name}`.")
    return given


def _object(request: ApiRequest) -> dict[str, Any]:
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != "application/json":
        raise ApiError("InvalidParameter", "The content type must be application/json.")
    try:
        given = json.loads(request.body)
    except (ValueError, RecursionError):
        given = None
    if not isinstance(given, dict):
        raise ApiError("InvalidParameter", "The request body is not a JSON object.")
    return given
