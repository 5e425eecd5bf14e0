"""The typed errors of a FaceID call, and the table that turns the vendor's error codes into them.

Codes: "Common error codes" of the Tencent Cloud API 3.0 and the error codes of the FaceID product. The vendor says
that messages may change, so only the code is read; its message is never repeated, because it may quote the request.
"""

from enum import StrEnum
from typing import ClassVar

from liveness.client.hints import hint_for


class Fault(StrEnum):
    """Whose fault a failed call is."""

    NETWORK = "network"
    THROTTLED = "throttled"
    VENDOR = "vendor"
    CONFIGURATION = "configuration"
    REQUEST = "request"
    TOKEN = "token"  # noqa: S105


class ConfigurationError(Exception):
    """The client was given something it cannot work with; no call was made. Its text never quotes the value."""


class FaceIdError(Exception):
    """A call that brought no result. Its text is one line: the code, the request id if known, and what to do.

    `code` is the vendor's error code, or one of ours: `Network.*`, `Http.<status>`, `Answer.*`, `Request.*`.
    `retryable` means that the same call may succeed soon. `stops_run` means that every other call would fail too
    until an operator has acted.
    """

    fault: ClassVar[Fault]
    retryable: ClassVar[bool] = False
    stops_run: ClassVar[bool] = False

    def __init__(self, code: str, hint: str, request_id: str | None = None) -> None:
        super().__init__(code, hint, request_id)
        self.code = code
        self.hint = hint
        self.request_id = request_id

    def __str__(self) -> str:
        request = f" (request {self.request_id})" if self.request_id else ""
        return f"{self.code}{request}: {self.hint}"


class NetworkError(FaceIdError):
    """The exchange did not complete: no name, no connection, too slow, cut off, or broken HTTP."""

    fault = Fault.NETWORK
    retryable = True


class DeadlineError(NetworkError):
    """The total deadline of the exchange ran out, however busy the other side was."""


class StaleConnectionError(NetworkError):
    """A connection that had been used before was closed by the other side while it was idle: no byte came back."""


class ProxyRefusedError(NetworkError):
    """The proxy of LIVENESS_PROXY refuses to connect us. It would refuse every other call too, so the run stops."""

    retryable = False
    stops_run = True


class TlsError(NetworkError):
    """The server's certificate is not valid for its name. Verification is never turned off, so the run stops."""

    retryable = False
    stops_run = True


class AddressRefusedError(NetworkError):
    """The URL is unusable, or its host resolves to an address that the guard refuses; nothing was sent."""

    retryable = False


class ThrottledError(FaceIdError):
    """The vendor refused the call because of its rate limit; the call was not counted as a look."""

    fault = Fault.THROTTLED
    retryable = True


class VendorError(FaceIdError):
    """The vendor's side failed."""

    fault = Fault.VENDOR
    retryable = True


class MalformedAnswerError(VendorError):
    """Something answered, but not with a well-formed answer of this API: never a result."""


class CredentialsError(FaceIdError):
    """Keys, permissions, quota, region or billing: no call can succeed until an operator has acted on `hint`.

    `clock_skew_seconds` is set for `AuthFailure.SignatureExpire` when the answer carried a date: this machine's
    clock minus the vendor's.
    """

    fault = Fault.CONFIGURATION
    stops_run = True

    def __init__(
        self, code: str, hint: str, request_id: str | None = None, clock_skew_seconds: float | None = None
    ) -> None:
        super().__init__(code, hint, request_id)
        self.clock_skew_seconds = clock_skew_seconds


class ClockError(CredentialsError):
    """The signature's time is too far from the vendor's: this machine's clock is wrong."""


class BadRequestError(FaceIdError):
    """The vendor will not answer this request as it stands, or we do not know its error code."""

    fault = Fault.REQUEST


class TokenExpiredError(FaceIdError):
    """The token is past its two hours."""

    fault = Fault.TOKEN


class TokenIllegalError(FaceIdError):
    """The vendor does not know the token in this account and region."""

    fault = Fault.TOKEN


_CODES_OF: dict[type[FaceIdError], tuple[str, ...]] = {
    ThrottledError: ("RequestLimitExceeded", "FailedOperation.RequestLimitExceeded"),
    # A bare or unlisted FailedOperation says nothing about the request, and asking again costs one call.
    VendorError: (
        "InternalError",
        "ServiceUnavailable",
        "ResourceInUse",
        "ResourceInsufficient",
        "ResourceUnavailable",
        "FailedOperation",
    ),
    CredentialsError: (
        "AuthFailure",
        "UnauthorizedOperation",
        "FailedOperation.StsUnAuthErrError",
        "LimitExceeded",
        "IpInBlacklist",
        "IpNotInWhitelist",
        "ActionOffline",
        "InvalidAction",
        "NoSuchProduct",
        "NoSuchVersion",
        "UnsupportedProtocol",
        "UnsupportedRegion",
    ),
    ClockError: ("AuthFailure.SignatureExpire",),
    TokenExpiredError: ("InvalidParameterValue.BizTokenExpired",),
    TokenIllegalError: ("InvalidParameterValue.BizTokenIllegal", "FailedOperation.InvalidTokenParameter"),
    BadRequestError: (
        "InvalidParameter",
        "InvalidParameterValue",
        "MissingParameter",
        "UnknownParameter",
        "InvalidRequest",
        "OperationDenied",
        "UnsupportedOperation",
        "ResourceNotFound",
        "RequestSizeLimitExceeded",
        "ResponseSizeLimitExceeded",
        "DryRunOperation",
    ),
}
_CLASS_OF = {code: kind for kind, codes in _CODES_OF.items() for code in codes}


def error_class(code: str) -> type[FaceIdError]:
    """The class of the code or of its nearest listed parent (`AuthFailure` for `AuthFailure.MFAFailure`).

    A code that nobody listed is a `BadRequestError`: asked again it would give the same answer for two hours and
    eat the shared rate, and it is no ground to stop every other call.
    """
    if code.startswith("RequestLimitExceeded"):
        return ThrottledError
    name = code
    while name:
        if name in _CLASS_OF:
            return _CLASS_OF[name]
        name = name.rpartition(".")[0]
    return BadRequestError


def error_for(code: str, request_id: str | None = None, clock_skew_seconds: float | None = None) -> FaceIdError:
    """The error for a code of the vendor's answer, with the hint that goes with it."""
    kind = error_class(code)
    hint = hint_for(code, clock_skew_seconds)
    if issubclass(kind, CredentialsError):
        return kind(code, hint, request_id, clock_skew_seconds)
    return kind(code, hint, request_id)
