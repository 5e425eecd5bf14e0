"""Reading the vendor's envelope `{"Response": {...}}`.

A result can be read for two hours only, so a rule that refuses an answer may lose it. Four things refuse one: it is not
one JSON object, it has no `Response`, it has an `Error`, or (see `liveness.client.types`) it has no `Result`.
"""

import codecs
import json
import math
import re
from collections.abc import Sequence
from typing import Any

from liveness.client.errors import FaceIdError, MalformedAnswerError, ThrottledError, VendorError, error_for
from liveness.client.redaction import without_secrets
from liveness.client.types import request_id_of

MAX_DIGITS = 1_000

# The longer mark first: the one of UTF-16 is the beginning of the one of UTF-32.
_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
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
            _text(body),
            object_pairs_hook=_unique_names,
            parse_int=_integer,
            parse_float=_finite,
            parse_constant=_no_number,
        )
    except (ValueError, RecursionError):
        return None


def _text(body: bytes) -> str:
    """The body as text, in UTF-8 or what its byte order mark says (Unicode Standard, section 23.8), without the mark.

    A broken character cannot change the structure of the document, so it costs one character and not the result.
    """
    for mark, encoding in _MARKS:
        if body.startswith(mark):
            return body[len(mark) :].decode(encoding, "replace")
    return body.decode("utf-8", "replace")


def _unique_names(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    names = dict(pairs)
    if len(names) != len(pairs):
        raise ValueError("duplicate name")
    return names


def _integer(literal: str) -> int | str:
    """The number. One with more digits than Python converts stays text, because it is no reason to lose a result."""
    return int(literal) if len(literal) <= MAX_DIGITS else literal


def _finite(literal: str) -> float | str:
    number = float(literal)
    return number if math.isfinite(number) else literal


def _no_number(literal: str) -> float:
    # NaN and Infinity are no JSON (RFC 8259, section 6).
    raise ValueError("not a JSON number")


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
