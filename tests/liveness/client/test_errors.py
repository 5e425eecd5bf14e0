import pickle

import pytest

from liveness.client.errors import (
    AddressRefusedError,
    BadRequestError,
    ClockError,
    ConfigurationError,
    CredentialsError,
    DeadlineError,
    FaceIdError,
    Fault,
    MalformedAnswerError,
    NetworkError,
    ThrottledError,
    TlsError,
    TokenExpiredError,
    TokenIllegalError,
    VendorError,
    error_class,
    error_for,
)

# Every code of the vendor's common list and of FaceID that a token or result call can meet.
CODES = {
    ThrottledError: """
        RequestLimitExceeded RequestLimitExceeded.GlobalRegionUinLimitExceeded RequestLimitExceeded.IPLimitExceeded
        RequestLimitExceeded.UinLimitExceeded FailedOperation.RequestLimitExceeded
    """,
    VendorError: """
        InternalError InternalError.UnKnown ServiceUnavailable ResourceInUse ResourceInsufficient ResourceUnavailable
        FailedOperation FailedOperation.UnKnown FailedOperation.FileSaveError FailedOperation.LivessSystemError
        FailedOperation.CompareSystemError FailedOperation.DetectEngineSystemError
        FailedOperation.DownLoadTimeoutError
    """,
    ClockError: "AuthFailure.SignatureExpire",
    CredentialsError: """
        ActionOffline AuthFailure.InvalidAuthorization AuthFailure.InvalidSecretId AuthFailure.MFAFailure
        AuthFailure.SecretIdNotFound AuthFailure.SignatureFailure AuthFailure.TokenFailure
        AuthFailure.UnauthorizedOperation InvalidAction NoSuchProduct NoSuchVersion IpInBlacklist IpNotInWhitelist
        LimitExceeded UnauthorizedOperation UnsupportedProtocol UnsupportedRegion FailedOperation.StsUnAuthErrError
        UnauthorizedOperation.ActivateError UnauthorizedOperation.Activating UnauthorizedOperation.Nonactivated
        UnauthorizedOperation.NonAuthorize UnauthorizedOperation.Arrears UnauthorizedOperation.ChargeStatusException
    """,
    BadRequestError: """
        DryRunOperation InvalidParameter InvalidParameterValue MissingParameter UnknownParameter InvalidRequest
        RequestSizeLimitExceeded ResponseSizeLimitExceeded ResourceNotFound UnsupportedOperation OperationDenied
        InvalidParameterValue.RuleIdNotExist
    """,
    TokenExpiredError: "InvalidParameterValue.BizTokenExpired",
    TokenIllegalError: "InvalidParameterValue.BizTokenIllegal FailedOperation.InvalidTokenParameter",
}
NAMED = [(code, kind) for kind, codes in CODES.items() for code in codes.split()]


@pytest.mark.parametrize(("code", "kind"), NAMED)
def test_it_knows_every_code_of_the_vendor(code: str, kind: type[FaceIdError]) -> None:
    error = error_for(code, "b8cb2269")
    assert type(error) is kind
    assert (error.code, error.request_id) == (code, "b8cb2269")
    assert "does not know the code" not in error.hint


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        ("RequestLimitExceededTomorrow", ThrottledError),
        ("AuthFailure.Tomorrow", CredentialsError),
        ("UnauthorizedOperation.Tomorrow.Deeper", CredentialsError),
        ("InternalError.Tomorrow", VendorError),
        ("InvalidParameterValue.Tomorrow", BadRequestError),
        ("InvalidParameterValue.BizTokenExpired.Tomorrow", TokenExpiredError),
    ],
)
def test_it_reads_an_unlisted_code_by_its_nearest_parent(code: str, kind: type[FaceIdError]) -> None:
    assert error_class(code) is kind


@pytest.mark.parametrize("code", ["Tomorrow", "Tomorrow.InternalError", "AuthFailureTomorrow", "", "."])
def test_it_neither_retries_nor_stops_the_run_for_a_code_nobody_listed(code: str) -> None:
    error = error_for(code)
    assert type(error) is BadRequestError
    assert not error.retryable
    assert not error.stops_run
    assert "does not know the code" in str(error)


@pytest.mark.parametrize(
    ("kind", "fault", "retryable", "stops_run"),
    [
        (NetworkError, Fault.NETWORK, True, False),
        (DeadlineError, Fault.NETWORK, True, False),
        (TlsError, Fault.NETWORK, False, True),
        (AddressRefusedError, Fault.NETWORK, False, False),
        (ThrottledError, Fault.THROTTLED, True, False),
        (VendorError, Fault.VENDOR, True, False),
        (MalformedAnswerError, Fault.VENDOR, True, False),
        (CredentialsError, Fault.CONFIGURATION, False, True),
        (BadRequestError, Fault.REQUEST, False, False),
        (TokenExpiredError, Fault.TOKEN, False, False),
        (TokenIllegalError, Fault.TOKEN, False, False),
    ],
)
def test_it_says_whose_fault_an_error_is(
    kind: type[FaceIdError], fault: Fault, retryable: bool, stops_run: bool
) -> None:
    assert (kind.fault, kind.retryable, kind.stops_run) == (fault, retryable, stops_run)


def test_it_keeps_configuration_errors_outside_the_tree() -> None:
    assert not issubclass(ConfigurationError, FaceIdError)


def test_it_writes_one_line_with_code_request_and_advice() -> None:
    text = str(error_for("AuthFailure.SecretIdNotFound", "b8cb2269"))
    assert text == (
        "AuthFailure.SecretIdNotFound (request b8cb2269): TENCENTCLOUD_SECRET_ID is deleted, disabled or mistyped."
    )


@pytest.mark.parametrize(("skew", "words"), [(400.4, "400 s ahead of"), (-301.0, "301 s behind")])
def test_it_tells_how_far_the_clock_is_off(skew: float, words: str) -> None:
    error = error_for("AuthFailure.SignatureExpire", None, skew)
    assert isinstance(error, CredentialsError)
    assert error.clock_skew_seconds == skew
    assert words in str(error)


@pytest.mark.parametrize("error", [error_for("AuthFailure.SignatureExpire", "r", 3.5), error_for("InternalError")])
def test_it_survives_pickling(error: FaceIdError) -> None:
    copy = pickle.loads(pickle.dumps(error))  # noqa: S301
    assert type(copy) is type(error)
    assert vars(copy) == vars(error)
