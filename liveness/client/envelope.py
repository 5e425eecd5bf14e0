"""Reading the vendor's envelope `{"Response": {...}}` strictly: what is not one well-formed answer is an error."""

import json
import math
import re
from collections.abc import Sequence
from typing import Any

from liveness.client.errors import FaceIdError, MalformedAnswerError, ThrottledError, VendorError, error_for
from liveness.client.redaction import without_secrets
from liveness.client.types import request_id_of

_ERROR_CODE = re.compile(r"[A-Za-z][A-Za-z0-9]{0,63}(\.[A-Za-z0-9]{1,64}){0,3}")


def open_envelope(
    status: int, body: bytes, *, secrets: Sequence[str] = (), clock_skew_seconds: float | None = None
) -> dict[str, Any]:
    """The fields of a successful answer. Anything else raises the typed error for it.

    An `Error` in the body counts whatever the status and the content type say; a result counts with status 200 only.
    `clock_skew_seconds` goes into the error when the vendor says that the signature has expired.
    """
    try:
        response = _decode(body)
    except MalformedAnswerError as malformed:
        raise (_status_error(status) or malformed) from None
    error = _vendor_error(response, secrets, clock_skew_seconds) or _status_error(status)
    if error:
        raise error
    return response


def _decode(body: bytes) -> dict[str, Any]:
    document = _load(body)
    if document is None:
        text = f"the answer ({len(body)} bytes) is not one well-formed JSON document."
        raise MalformedAnswerError("Answer.NotJson", text)
    response = document.get("Response") if isinstance(document, dict) else None
    if not isinstance(response, dict):
        raise MalformedAnswerError("Answer.NoResponse", "the JSON document has no Response object.")
    return response


def _load(body: bytes) -> Any:
    """The document, or None. The decoder's own exception quotes the whole body, so it must not travel on."""
    try:
        return json.loads(
            body.decode("utf-8"),
            object_pairs_hook=_unique_names,
            parse_float=_finite,
            parse_constant=_finite,
        )
    except (ValueError, RecursionError):
        return None


def _unique_names(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    names = dict(pairs)
    if len(names) != len(pairs):
        raise ValueError("duplicate name")
    return names


def _finite(literal: str) -> float:
    number = float(literal)
    if not math.isfinite(number):
        raise ValueError("not a finite number")
    return number


def _vendor_error(
    response: dict[str, Any], secrets: Sequence[str], clock_skew_seconds: float | None
) -> FaceIdError | None:
    if "Error" not in response:
        return None
    error = response["Error"]
    code = error.get("Code") if isinstance(error, dict) else None
    if not isinstance(code, str) or not _ERROR_CODE.fullmatch(code) or without_secrets(code, secrets) != code:
        return MalformedAnswerError("Answer.NoErrorCode", "the answer carries an error without a readable code.")
    skew = clock_skew_seconds if code == "AuthFailure.SignatureExpire" else None
    return error_for(code, request_id_of(response, secrets), skew)


def _status_error(status: int) -> FaceIdError | None:
    """The error for any status but 200: the vendor answers even its errors with 200, so another is speaking."""
    if status == 200:
        return None
    code = f"Http.{status}"
    if status == 429:
        return ThrottledError(code, "too many requests; calls must be spaced further apart.")
    if status >= 500:
        return VendorError(code, "the vendor's server failed; try again later.")
    if 300 <= status < 400:
        return MalformedAnswerError(code, "the endpoint redirects, and redirects are never followed.")
    return MalformedAnswerError(code, "not the vendor's API answered; check the endpoint, proxies and firewalls.")
