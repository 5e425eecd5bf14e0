"""The one function that does I/O: sign, POST, bounded read, decode, raise.

Source: "Request structure", "Common parameters" and "Responses" of the Tencent Cloud API 3.0.
"""

import json
import logging
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC
from email.utils import parsedate_to_datetime
from functools import cached_property, partial
from typing import Any

import requests

from liveness.client.deadline import total_deadline
from liveness.client.endpoint import Endpoint
from liveness.client.envelope import open_envelope
from liveness.client.errors import ClockError, FaceIdError, MalformedAnswerError, NetworkError
from liveness.client.session import answered_afresh, read_body
from liveness.client.signing import Credentials, sign
from liveness.client.types import request_id_of

SERVICE = "faceid"
VERSION = "2018-03-01"
CONTENT_TYPE = "application/json"
MAX_ANSWER = 1_048_576
# The vendor refuses a signature whose time is more than 5 minutes off, so one that it accepts shows the time too; with
# the seconds that an exchange may take.
SIGNATURE_SECONDS = 330.0
# Actions that change nothing at the vendor, so that they can be sent twice.
READS = ("GetLivenessResult",)

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Limits:
    """Seconds to connect, between two reads, and for the whole exchange; bytes of the answer."""

    connect: float = 3.0
    read: float = 10.0
    total: float = 10.0
    answer: int = MAX_ANSWER


@dataclass(frozen=True)
class Channel:
    """Where calls go, who signs them, and what time it is.

    `clock` gives Unix seconds. `on_date` is given the Unix seconds of the `Date` header of every answer, and whether it
    can be the vendor's: not where it differs by more than `SIGNATURE_SECONDS` from a signature that was not refused.
    """

    session: requests.Session
    endpoint: Endpoint
    credentials: Credentials
    region: str
    limits: Limits
    clock: Callable[[], float]
    on_date: Callable[[float, bool], None]

    @cached_property
    def blank(self) -> requests.PreparedRequest:
        """What all calls have in common: to prepare it for each takes as long as a third of the exchange."""
        return self.session.prepare_request(requests.Request("POST", self.endpoint.url))

    def secrets(self) -> tuple[str, ...]:
        keys = self.credentials
        return tuple(secret for secret in (keys.secret_id, keys.secret_key, keys.token) if secret)


def call(channel: Channel, action: str, params: Mapping[str, str], *, secrets: tuple[str, ...] = ()) -> dict[str, Any]:
    """The fields of the answer's `Response`, which holds no `Error`; every failure is a FaceIdError.

    `secrets` are masked, beside the keys, in what an error takes over from the answer.
    """
    started, outcome, request = time.monotonic(), "ok", None
    try:
        response = _exchange(channel, action, params, secrets)
        issued = str(response.get("SdkToken", ""))
        request = request_id_of(response, (*secrets, *channel.secrets(), issued))
    except FaceIdError as error:
        outcome, request = error.code, error.request_id
        raise
    finally:
        spent = (time.monotonic() - started) * 1000
        logger.debug("%s: %s in %.0f ms (request %s)", action, outcome, spent, request)
    return response


def _exchange(channel: Channel, action: str, params: Mapping[str, str], secrets: tuple[str, ...]) -> dict[str, Any]:
    body = json.dumps(params, separators=(",", ":")).encode()
    now = channel.clock()
    request = channel.blank.copy()
    request.body = body
    request.headers.update(_headers(channel, action, body, int(now)))
    limits = channel.limits
    with total_deadline(limits.total):
        response = _send(channel, request, is_read=action in READS)
        date = _date(response.headers.get("Date"))
        if date is not None:
            channel.on_date(date, abs(now - date) <= SIGNATURE_SECONDS)
        try:
            answer = _read_answer(response, limits.answer)
        finally:
            response.close()
    try:
        return open_envelope(
            response.status_code,
            answer,
            secrets=(*secrets, *channel.secrets()),
            # This machine's clock minus the vendor's.
            clock_skew_seconds=None if date is None else now - date,
        )
    except ClockError:
        if date is not None:
            channel.on_date(date, True)
        raise


def _send(channel: Channel, request: requests.PreparedRequest, *, is_read: bool) -> requests.Response:
    timeouts = (channel.limits.connect, channel.limits.read)
    send = partial(channel.session.send, request, timeout=timeouts, allow_redirects=False, stream=True)
    return answered_afresh(channel.session, send) if is_read else send()


def _headers(channel: Channel, action: str, body: bytes, timestamp: int) -> dict[str, str]:
    signed = {"Content-Type": CONTENT_TYPE, "Host": channel.endpoint.authority}
    authorization = sign(
        channel.credentials,
        method="POST",
        query="",
        headers=signed,
        body=body,
        timestamp=timestamp,
        service=SERVICE,
    )
    headers = signed | {
        "Content-Length": str(len(body)),
        "Authorization": authorization,
        "X-TC-Action": action,
        "X-TC-Version": VERSION,
        "X-TC-Timestamp": str(timestamp),
        "X-TC-Region": channel.region,
        "X-TC-Language": "en-US",
    }
    if channel.credentials.token:
        headers["X-TC-Token"] = channel.credentials.token
    return headers


def _read_answer(response: requests.Response, limit: int) -> bytes:
    answer = bytearray()
    try:
        for chunk in read_body(response, 65_536):
            answer += chunk
            if len(answer) > limit:
                raise MalformedAnswerError("Answer.TooLarge", f"the answer is larger than {limit} bytes.")
    except (NetworkError, MalformedAnswerError):
        # Of an error page the status alone says enough, however broken its body is.
        if response.status_code == 200:
            raise
        return b""
    return bytes(answer)


def _date(header: str | None) -> float | None:
    """Unix seconds of an answer's Date header (RFC 9110, 6.6.1); None without a readable one."""
    if header is None:
        return None
    try:
        moment = parsedate_to_datetime(header)
        # An offset of "-0000" means UTC, and not the time zone of this process.
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
    except (ValueError, OverflowError):
        return None
