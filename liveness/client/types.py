"""Frozen values parsed from the vendor's answers. Their reprs hide URLs and tokens; vendor spellings end here.

Source: the output parameters of GetLivenessResult and ApplyLivenessToken, version 2018-03-01.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeGuard

from liveness.client.errors import MalformedAnswerError
from liveness.client.redaction import clean_text, ledger, one_line, without_secrets

MAX_DESCRIPTION = 2_000
MAX_SIZE = 2**53

_RESULT_CODE = re.compile(r"[\x20-\x7e]{0,64}")
_REQUEST_ID = re.compile(r"[\x21-\x7e]{1,64}")
_MD5 = re.compile(r"[0-9a-fA-F]{32}")
_DIGITS = re.compile(r"[0-9]{1,16}")
_TOKEN = re.compile(r"[\x21-\x7e]{1,512}")


@dataclass(frozen=True)
class FileInfo:
    """A file the vendor offers. The URL is a bearer secret and lives for minutes.

    `url` is empty when the vendor declared a file without a usable link. `md5` (lower-case hex) and `size` (bytes)
    are None when the vendor's declaration is missing or cannot be right: such a file cannot be verified.
    """

    url: str = field(repr=False)
    md5: str | None
    size: int | None


@dataclass(frozen=True)
class LivenessResult:
    """One answer of GetLivenessResult. `result` is the vendor's code: see `liveness.client.results.explain`.

    `best_frame` and `video` are None when the vendor sent none. `request_id` is empty when it sent none: the id only
    serves support requests, so its absence must not cost a result. `answer` is the whole answer for the ledger, with
    the query, fragment and user of every URL and our own secrets removed.
    """

    result: str
    description: str = field(repr=False)
    best_frame: FileInfo | None = field(repr=False)
    video: FileInfo | None = field(repr=False)
    request_id: str
    answer: Mapping[str, Any] = field(repr=False)


@dataclass(frozen=True)
class LivenessToken:
    """One answer of ApplyLivenessToken: a token to run one check with, within ten minutes."""

    sdk_token: str = field(repr=False)
    request_id: str


def parse_liveness_result(response: Mapping[str, Any], secrets: Sequence[str] = ()) -> LivenessResult:
    """Read an answer without `Error`; what cannot be read raises MalformedAnswerError.

    Only `Result` decides whether there is a result: damage to the media or the description does not lose it.
    `secrets` (the token, the keys) are masked wherever the answer quotes them, except in the media URLs.
    """
    try:
        answer = ledger(response, ("Result", "Description", "BestFrame", "Video", "RequestId"), secrets)
    except RecursionError:
        raise MalformedAnswerError("Answer.Nested", "the answer is nested too deeply.") from None
    return LivenessResult(
        result=_result_code(response.get("Result")),
        description=_description(response.get("Description"), secrets),
        best_frame=_file_info(response.get("BestFrame")),
        video=_file_info(response.get("Video")),
        request_id=request_id_of(response, secrets) or "",
        answer=answer,
    )


def parse_liveness_token(response: Mapping[str, Any], secrets: Sequence[str] = ()) -> LivenessToken:
    """Read an answer of ApplyLivenessToken without `Error`, or raise MalformedAnswerError."""
    token = response.get("SdkToken")
    if not is_sdk_token(token):
        raise MalformedAnswerError("Answer.NoToken", "the answer carries no usable token.")
    return LivenessToken(sdk_token=token, request_id=request_id_of(response, (*secrets, token)) or "")


def is_sdk_token(value: Any) -> TypeGuard[str]:
    """Could this be an SdkToken: 1 to 512 visible ASCII characters."""
    return isinstance(value, str) and _TOKEN.fullmatch(value) is not None


def request_id_of(response: Mapping[str, Any], secrets: Sequence[str] = ()) -> str | None:
    """The request id, or None when it is missing, not an id, or quotes a secret."""
    value = response.get("RequestId")
    if not isinstance(value, str) or not _REQUEST_ID.fullmatch(value) or "://" in value:
        return None
    return value if without_secrets(value, secrets) == value else None


def _result_code(value: Any) -> str:
    if isinstance(value, int) and not isinstance(value, bool):
        value = str(value) if abs(value) < MAX_SIZE else None
    if not isinstance(value, str) or not _RESULT_CODE.fullmatch(value):
        raise MalformedAnswerError("Answer.NoResult", "the answer carries neither an error nor a result code.")
    return value


def _description(value: Any, secrets: Sequence[str]) -> str:
    return one_line(clean_text(value, secrets, MAX_DESCRIPTION)) if isinstance(value, str) else ""


def _file_info(value: Any) -> FileInfo | None:
    if not value:
        return None
    if not isinstance(value, dict):
        return FileInfo(url="", md5=None, size=None)
    url, md5, size = value.get("Url"), value.get("MD5"), value.get("Size")
    if not (url or md5 or size):
        return None
    return FileInfo(url=url if isinstance(url, str) else "", md5=_md5(md5), size=_size(size))


def _md5(value: Any) -> str | None:
    return value.lower() if isinstance(value, str) and _MD5.fullmatch(value) else None


def _size(value: Any) -> int | None:
    if isinstance(value, str) and _DIGITS.fullmatch(value):
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int) or not 0 < value <= MAX_SIZE:
        return None
    return value
