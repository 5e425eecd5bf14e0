"""The client of Tencent Cloud FaceID: one short method for each action.

Source: https://www.tencentcloud.com/document/product/1061/49952 (GetLivenessResult) and 1061/49955
(ApplyLivenessToken), version 2018-03-01.
"""

import re
import time
from collections.abc import Callable
from types import TracebackType
from typing import Self

import requests

from liveness.client.endpoint import parse_endpoint
from liveness.client.errors import BadRequestError, ConfigurationError
from liveness.client.session import Route, build_session
from liveness.client.signing import Credentials
from liveness.client.transport import Channel, Limits, call
from liveness.client.types import (
    LivenessResult,
    LivenessToken,
    is_sdk_token,
    parse_liveness_result,
    parse_liveness_token,
)

DEFAULT_ENDPOINT = "https://faceid.tencentcloudapi.com"
REGIONS = ("ap-hongkong", "ap-jakarta", "ap-singapore")
SECURE_LEVELS = ("1", "2", "3", "4")

_VISIBLE = re.compile(r"[\x21-\x7e]+")


class FaceIdClient:
    """A signed client that keeps its connection open between calls.

    Make one per thread (and per process, after a fork): the session inside is not shared. Every method raises a
    FaceIdError when there is no result; nothing is retried here. Raises ConfigurationError, before any call, for keys,
    regions, endpoints or time limits that cannot work. `timeouts` are (connect, read) and `deadline` is the whole
    exchange, in seconds; `clock` gives Unix seconds; `on_date` is given the time of every answer, in Unix seconds,
    and whether it can be the vendor's (see `liveness.client.transport.Channel`);
    `route` names proxy and authorities, unless a session is given.
    """

    def __init__(
        self,
        credentials: Credentials,
        region: str,
        endpoint: str = DEFAULT_ENDPOINT,
        session: requests.Session | None = None,
        timeouts: tuple[float, float] = (3.0, 10.0),
        deadline: float = 10.0,
        clock: Callable[[], float] = time.time,
        on_date: Callable[[float, bool], None] = lambda unix, is_believed: None,
        route: Route | None = None,
    ) -> None:
        _check_credentials(credentials)
        if region not in REGIONS:
            raise ConfigurationError(f"The region must be one of {', '.join(REGIONS)}.")
        if not all(limit > 0 for limit in (*timeouts, deadline)):
            raise ConfigurationError("The time-outs and the deadline must be more than 0 seconds.")
        where = parse_endpoint(endpoint)
        guard = (lambda address: address.is_loopback) if where.is_loopback else None
        self._channel = Channel(
            session=session or build_session(guard=guard, route=route),
            endpoint=where,
            credentials=credentials,
            region=region,
            limits=Limits(connect=timeouts[0], read=timeouts[1], total=deadline),
            clock=clock,
            on_date=on_date,
        )

    def get_liveness_result(self, sdk_token: str) -> LivenessResult:
        """The result of the check run with this token; it may be asked again for two hours after the token's issue.

        A pending check is a result too (see `liveness.client.results`). Raises BadRequestError without a call for
        text that cannot be a token, TokenExpiredError, TokenIllegalError, or any other FaceIdError.
        """
        if not is_sdk_token(sdk_token):
            raise BadRequestError("Request.Token", "a token is 1 to 512 visible ASCII characters.")
        secrets = (sdk_token,)
        response = call(self._channel, "GetLivenessResult", {"SdkToken": sdk_token}, secrets=secrets)
        return parse_liveness_result(response, (*secrets, *self._channel.secrets()))

    def apply_liveness_token(self, secure_level: str | None = None) -> LivenessToken:
        """A fresh token; it can start a check for ten minutes.

        `secure_level`: "1" silent, "2" blink, "3" light, "4" blink and light; None leaves it to the vendor ("4").
        """
        if secure_level is not None and secure_level not in SECURE_LEVELS:
            raise BadRequestError("Request.SecureLevel", f"the level is one of {', '.join(SECURE_LEVELS)}.")
        params = {} if secure_level is None else {"SecureLevel": secure_level}
        response = call(self._channel, "ApplyLivenessToken", params)
        return parse_liveness_token(response, self._channel.secrets())

    def close(self) -> None:
        """Close the connection; the client can still be used and opens a new one."""
        self._channel.session.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"FaceIdClient({self._channel.region!r}, {self._channel.endpoint.authority!r})"


def _check_credentials(credentials: Credentials) -> None:
    for name, value in (
        ("TENCENTCLOUD_SECRET_ID", credentials.secret_id),
        ("TENCENTCLOUD_SECRET_KEY", credentials.secret_key),
    ):
        if not value:
            raise ConfigurationError(f"{name} is empty.")
        _check_visible(name, value)
    if credentials.token:
        _check_visible("TENCENTCLOUD_TOKEN", credentials.token)


def _check_visible(name: str, value: str) -> None:
    if not _VISIBLE.fullmatch(value):
        raise ConfigurationError(f"{name} contains a space or another character that no key has.")
