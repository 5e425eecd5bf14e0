"""What the API says: the envelope, a result, and the simulated ways in which an answer goes wrong.

A spoiler takes the `Response` object of an answer and returns the one to send instead; its keyword arguments are
the options of the fault.
"""

import json
import uuid
from collections.abc import Callable
from typing import Any

from liveness.sandbox.errors import ApiError
from liveness.sandbox.reply import Reply
from liveness.sandbox.subjects import PENDING, Subject

Answer = dict[str, Any]
Spoiler = Callable[..., Answer]
MEDIA_FIELDS = {"best_frame": "BestFrame", "video": "Video"}


def result(subject: Subject, token: str, link: Callable[[str], str]) -> Answer:
    """The answer to GetLivenessResult; `link(kind)` returns a download URL."""
    files = {kind: subject.file(kind, token) for kind in MEDIA_FIELDS}
    # The vendor documents neither case: empty members are what an unfinished check was seen to answer, null what
    # its other calls promise where there is nothing.
    absent = {"Url": "", "MD5": "", "Size": 0} if subject.result == PENDING or any(files.values()) else None
    answer: Answer = {"Result": subject.result, "Description": subject.description}
    for kind, file in files.items():
        found = file and {"Url": link(kind), "MD5": file.md5, "Size": len(file.data)}
        answer[MEDIA_FIELDS[kind]] = found or (dict(absent) if absent else None)
    return answer


def failure(error: ApiError) -> Answer:
    """The answer of a refused call."""
    return {"Error": {"Code": error.code, "Message": error.message}}


def encoded(answer: Answer) -> Reply:
    """Wrap an answer in the vendor's envelope; an API error too is HTTP 200."""
    text = json.dumps({"Response": answer}, ensure_ascii=False)
    return Reply(body=text.encode("utf-8", "replace"))


def request_id() -> str:
    """A request id in the vendor's form."""
    return str(uuid.uuid4())


def code_of(answer: Answer) -> str:
    """The error's code, or `OK`."""
    return str(answer["Error"]["Code"]) if "Error" in answer else "OK"


def _error(answer: Answer, code: str, message: str = "Injected by the sandbox.") -> Answer:
    return {**failure(ApiError(code, message)), "RequestId": answer["RequestId"]}


def _token_expired(answer: Answer) -> Answer:
    return _error(answer, "InvalidParameterValue.BizTokenExpired", "BizToken expired.")


def _token_illegal(answer: Answer) -> Answer:
    return _error(answer, "InvalidParameterValue.BizTokenIllegal", "Invalid BizToken.")


def _rate_limited(answer: Answer, kind: str = "") -> Answer:
    code = f"RequestLimitExceeded.{kind}" if kind else "RequestLimitExceeded"
    return _error(answer, code, "Your current request times exceed the frequency limit for a second.")


def _result(answer: Answer, value: Any, description: str | None = None) -> Answer:
    changed = {**answer, "Result": value}
    return changed if description is None else {**changed, "Description": description}


def _integer_result(answer: Answer) -> Answer:
    return {**answer, "Result": int(answer["Result"])} if "Result" in answer else answer


def _without(answer: Answer, field: str) -> Answer:
    return {name: value for name, value in answer.items() if name != field}


def _media(answer: Answer, kind: str | None, change: Callable[[Answer], Any]) -> Answer:
    fields = [MEDIA_FIELDS[kind]] if kind else list(MEDIA_FIELDS.values())
    spoilt = {field: change(answer[field]) for field in fields if isinstance(answer.get(field), dict)}
    return {**answer, **spoilt}


def _missing_media(answer: Answer, kind: str | None = None) -> Answer:
    fields = [MEDIA_FIELDS[kind]] if kind else list(MEDIA_FIELDS.values())
    return {name: value for name, value in answer.items() if name not in fields}


def _file_field(answer: Answer, field: str, value: Any, kind: str | None) -> Answer:
    return _media(answer, kind, lambda file: {**file, field: value})


SPOILERS: dict[str, Spoiler] = {
    "error": _error,
    "request_limit": _rate_limited,
    "token_expired": _token_expired,
    "token_illegal": _token_illegal,
    "result": _result,
    "integer_result": _integer_result,
    "missing_result": lambda answer: _without(answer, "Result"),
    "no_request_id": lambda answer: _without(answer, "RequestId"),
    "null_media": lambda answer, kind=None: _media(answer, kind, lambda file: None),
    "missing_media": _missing_media,
    "extra_fields": lambda answer, fields: {**answer, **fields},
    "text_size": lambda answer, kind=None: _media(answer, kind, lambda file: {**file, "Size": str(file["Size"])}),
    "wrong_size": lambda answer, size=1, kind=None: _file_field(answer, "Size", size, kind),
    "wrong_md5": lambda answer, md5="0" * 32, kind=None: _file_field(answer, "MD5", md5, kind),
    "media_url": lambda answer, url, kind=None: _file_field(answer, "Url", url, kind),
}
