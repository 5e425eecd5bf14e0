"""Frozen values parsed from the vendor's answers. Their reprs hide URLs and tokens; vendor spellings end here.

Source: the output parameters of GetLivenessResult and ApplyLivenessToken, version 2018-03-01.
"""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeGuard

from liveness.client import declarations
from liveness.client.errors import MalformedAnswerError
from liveness.client.redaction import clean_text, has_url, ledger, one_line, storable, without_secrets

MAX_RESULT_CODE = 4_000
# Stands at the end of a result code that was longer.
CUT_MARK = "…"
MAX_DESCRIPTION = 2_000

_REQUEST_ID = re.compile(r"[\x21-\x7e]{1,64}")
_TOKEN = re.compile(r"[\x21-\x7e]{1,512}")


@dataclass(frozen=True)
class FileInfo:
    """A file the vendor offers. The URL is a bearer secret and lives for minutes.

    `url` is empty when the vendor declared a file without a usable link. `md5` (lower-case hex) and `size` (bytes)
    are None when the vendor declared none, or nothing that has one meaning only: without an MD5 the file cannot be
    verified.
    """

    url: str = field(repr=False)
    md5: str | None
    size: int | None


@dataclass(frozen=True)
class LivenessResult:
    """One answer of GetLivenessResult. `result` is the vendor's code: see `liveness.client.results.explain`.

    The code is any text. Only what no database stores (NUL, lone surrogates) is replaced by U+FFFD, our own secrets and
    the queries of URLs are masked, and a code of more than `MAX_RESULT_CODE` characters is cut and ends in `CUT_MARK`.

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
    """Read an answer without `Error`; one without a `Result` raises MalformedAnswerError.

    Nothing else loses a result: neither the form of the code, nor damage to the media or the description.
    `secrets` (the token, the keys) are masked wherever the answer quotes them, except in the media URLs.
    """
    answer = ledger(response, ("Result", "Description", "BestFrame", "Video", "RequestId"), secrets)
    return LivenessResult(
        result=_result_code(response.get("Result"), secrets),
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


def _result_code(value: Any, secrets: Sequence[str]) -> str:
    """The code as text; what is no text as its JSON. Null, and a list of nothing, say that there is no result yet."""
    if value is None or value in ([], {}):
        raise MalformedAnswerError("Answer.NoResult", "the answer carries neither an error nor a result code.")
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    is_long = len(text) > MAX_RESULT_CODE
    # Only a URL is cleaned like one: a code may hold any text, a question mark too.
    clean = clean_text(text, secrets) if has_url(text) else storable(without_secrets(text, secrets))
    return clean[:MAX_RESULT_CODE] + (CUT_MARK if is_long else "")


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
    return FileInfo(
        url=url if isinstance(url, str) else "", md5=declarations.md5_of(md5), size=declarations.size_of(size)
    )
