"""The simulated FaceID: from a request to an answer, without any HTTP of its own."""

import json
import time
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import cycle

from liveness.client.signing import Credentials
from liveness.sandbox import answers, gate
from liveness.sandbox.answers import Answer
from liveness.sandbox.clock import SandboxClock
from liveness.sandbox.errors import ApiError, MediaRefusal
from liveness.sandbox.faults import Fault, FaultScript, Stage
from liveness.sandbox.gate import ApiRequest
from liveness.sandbox.limits import CallLog, SlidingWindow
from liveness.sandbox.media import MediaObject, MediaStore, refused, served
from liveness.sandbox.reply import Reply
from liveness.sandbox.subjects import SUBJECTS
from liveness.sandbox.tokens import TokenBook

SECURE_LEVELS = ("1", "2", "3", "4")


@dataclass(frozen=True)
class Answered:
    """A reply, and the Unix time that the sandbox claims in its Date header."""

    reply: Reply
    at: float
    code: str


class FaceIdService:
    """Everything the sandbox knows: account, tokens, files, limit, faults, logs; `url` is its own address."""

    def __init__(
        self,
        account: Credentials,
        *,
        clock: SandboxClock,
        rate_limit: int | None,
        url_ttl: float,
        scenarios: Sequence[str] = tuple(SUBJECTS),
    ) -> None:
        self.url = ""
        self.account = account
        self.clock = clock
        self.tokens = TokenBook(clock)
        self.media = MediaStore(clock, url_ttl)
        self.window = SlidingWindow(rate_limit)
        self.faults = FaultScript()
        self.calls = CallLog()
        self.downloads = CallLog()
        self.redirects_followed = 0
        self._scenarios = cycle(scenarios)

    def answer(self, request: ApiRequest) -> Answered:
        """Answer a request to the API and log it."""
        arrived, token = time.monotonic(), _token_of(request)
        struck = self._struck("gate", "api", token)
        now = time.time() + sum(fault.apply() for fault in struck if fault.name == "clock_skew")
        answer: Answer = {"RequestId": answers.request_id()}
        try:
            self._admit(request, struck, arrived, now)
            answer = {**self._run(request.action, gate.parameters(request)), **answer}
            struck += self._struck("answer", "api", token)
        except ApiError as error:
            answer = {**answers.failure(error), **answer}
        for fault in struck:
            answer = fault.apply(answer) if fault.stage == "answer" else answer
        struck += self._struck("reply", "api", token)
        code, action = answers.code_of(answer), request.action if request.action in gate.ACTIONS else "unknown"
        self.calls.add(at=arrived, action=action, code=code, token=token, faults=struck)
        return Answered(self._spoilt(answers.encoded(answer), struck), now, code)

    def download(self, method: str, path: str, query: str, headers: dict[str, str]) -> Answered:
        """Answer a request for a file and log it."""
        arrived = time.monotonic()
        try:
            item = self.media.find(method, path, query, headers.get("host", ""))
        except MediaRefusal as refusal:
            reply, kind, token, struck = refused(refusal), "unknown", "", []
        else:
            kind, token = item.kind, item.token
            struck = self._struck("reply", kind, token)
            reply = self._spoilt(served(item, headers.get("range"), headers.get("if-range")), struck)
        self.downloads.add(at=arrived, action=kind, code=str(reply.status), token=token, faults=struck)
        return Answered(reply, time.time(), str(reply.status))

    def _struck(self, stage: Stage, scope: str, token: str) -> list[Fault]:
        fault = self.faults.take(stage, scope, token)
        return [fault] if fault else []

    def _admit(self, request: ApiRequest, struck: list[Fault], arrived: float, now: float) -> None:
        if any(fault.name == "revoked" for fault in struck):
            raise ApiError("AuthFailure.SecretIdNotFound", "The SecretId is not found.")
        gate.authenticate(request, self.account, now)
        if not self.window.accept(arrived):
            raise ApiError("RequestLimitExceeded", f"More than {self.window.limit} requests in a second.")

    def _run(self, action: str, parameters: dict[str, str]) -> Answer:
        if action == "ApplyLivenessToken":
            if parameters.get("SecureLevel", "4") not in SECURE_LEVELS:
                raise ApiError("InvalidParameterValue", "The value of `SecureLevel` is not one of 1, 2, 3, 4.")
            return {"SdkToken": self.tokens.issue(next(self._scenarios))}
        token = parameters["SdkToken"]
        person = self.tokens.read(token)

        def link(kind: str) -> str:
            return self.media.url(self.url, MediaObject(kind, person, token))

        return answers.result(person, token, link)

    def _spoilt(self, reply: Reply, struck: list[Fault]) -> Reply:
        for fault in struck:
            if fault.name == "redirect":
                fault.options.setdefault("location", f"{self.url}/_sandbox/elsewhere")
            if fault.stage == "reply":
                reply = fault.apply(reply)
        return reply


def _token_of(request: ApiRequest) -> str:
    """The token a call is about, as far as that can be told before the call is checked."""
    try:
        token = json.loads(request.body)["SdkToken"]
    except (ValueError, KeyError, TypeError, RecursionError):
        return ""
    return token if isinstance(token, str) else ""
