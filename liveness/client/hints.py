"""What an operator should do about each of the vendor's error codes, in one sentence."""

_UNLISTED = "this version does not know the code; look it up with the request id."

_HINTS = {
    "RequestLimitExceeded": "over the vendor's rate limit; calls must be spaced further apart.",
    "FailedOperation.RequestLimitExceeded": "over the vendor's rate limit; calls must be spaced further apart.",
    "InternalError": "the vendor failed; try again later.",
    "ServiceUnavailable": "the vendor is down for the moment; try again later.",
    "ResourceInUse": "the vendor's resource is busy; try again later.",
    "ResourceInsufficient": "the vendor is short of resources; try again later.",
    "ResourceUnavailable": "the vendor's resource is unavailable; try again later.",
    "FailedOperation": "the operation failed at the vendor; try again later.",
    "AuthFailure": "the vendor refused the signature or key; check TENCENTCLOUD_SECRET_ID and _SECRET_KEY.",
    "AuthFailure.InvalidAuthorization": "the Authorization header was refused; check the keys for stray characters.",
    "AuthFailure.InvalidSecretId": "TENCENTCLOUD_SECRET_ID is not a cloud API key; copy it again.",
    "AuthFailure.MFAFailure": "the key demands multi-factor authentication; use an API-only sub-account.",
    "AuthFailure.SecretIdNotFound": "TENCENTCLOUD_SECRET_ID is deleted, disabled or mistyped.",
    "AuthFailure.SignatureExpire": "this machine's clock is more than five minutes off; check its time service.",
    "AuthFailure.SignatureFailure": "the signature is wrong; check TENCENTCLOUD_SECRET_KEY.",
    "AuthFailure.TokenFailure": "the temporary key's token is wrong or expired; renew TENCENTCLOUD_TOKEN.",
    "AuthFailure.UnauthorizedOperation": "the key may not do this; grant it the FaceID action in CAM.",
    "UnauthorizedOperation": "the account may not do this; grant the key the FaceID action in CAM.",
    "UnauthorizedOperation.ActivateError": "activating FaceID failed; activate it in the vendor's console.",
    "UnauthorizedOperation.Activating": "FaceID is still being activated; wait and run again.",
    "UnauthorizedOperation.Nonactivated": "FaceID is not activated; activate it in the vendor's console.",
    "UnauthorizedOperation.NonAuthorize": "the account is not verified; verify it in the vendor's console.",
    "UnauthorizedOperation.Arrears": "the account is in arrears; pay the vendor's bill.",
    "UnauthorizedOperation.ChargeStatusException": "the account's billing state is abnormal; see its console.",
    "FailedOperation.StsUnAuthErrError": "the temporary key is not authorised; check its role.",
    "LimitExceeded": "the account's quota is used up; raise it in the vendor's console.",
    "IpInBlacklist": "this machine's address is on the vendor's block list; see the key's network policy.",
    "IpNotInWhitelist": "this machine's address is not on the vendor's allow list; add it in the console.",
    "ActionOffline": "the vendor has withdrawn this action; this version cannot work any more.",
    "InvalidAction": "the endpoint does not know this action; check LIVENESS_ENDPOINT.",
    "NoSuchProduct": "the endpoint does not know FaceID; check LIVENESS_ENDPOINT.",
    "NoSuchVersion": "the endpoint does not know this API version; check LIVENESS_ENDPOINT.",
    "UnsupportedProtocol": "the endpoint refused the protocol; check LIVENESS_ENDPOINT.",
    "UnsupportedRegion": "the action is not served in this region; check LIVENESS_REGION.",
    "InvalidParameterValue.BizTokenExpired": "the token is past its two hours; its result is gone.",
    "InvalidParameterValue.BizTokenIllegal": "the vendor does not know the token in this account and region.",
    "FailedOperation.InvalidTokenParameter": "the vendor does not know the token in this account and region.",
    "InvalidParameter": "the vendor refused a parameter.",
    "InvalidParameterValue": "the vendor refused a parameter's value.",
    "MissingParameter": "the vendor misses a parameter.",
    "UnknownParameter": "the vendor does not know a parameter.",
    "InvalidRequest": "the vendor could not read the request.",
    "OperationDenied": "the vendor denied the operation for this token.",
    "UnsupportedOperation": "the vendor does not support the operation.",
    "ResourceNotFound": "the vendor has nothing for this request.",
    "RequestSizeLimitExceeded": "the request is too large.",
    "ResponseSizeLimitExceeded": "the answer would be too large.",
    "DryRunOperation": "the request was only a rehearsal.",
}


def hint_for(code: str, clock_skew_seconds: float | None = None) -> str:
    """The hint for the code or its nearest listed parent, with the measured clock skew where there is one."""
    hint = _nearest(code)
    if clock_skew_seconds is None:
        return hint
    direction = "ahead of" if clock_skew_seconds > 0 else "behind"
    return f"{hint} It is {abs(clock_skew_seconds):.0f} s {direction} the vendor's."


def _nearest(code: str) -> str:
    name = code
    while name:
        if name in _HINTS:
            return _HINTS[name]
        name = name.rpartition(".")[0]
    return _UNLISTED
