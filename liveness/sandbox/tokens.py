"""Tokens: issued, run within ten minutes, readable for two hours."""

import threading
import uuid
from dataclasses import dataclass

from liveness.sandbox.clock import SandboxClock
from liveness.sandbox.errors import ApiError
from liveness.sandbox.subjects import PENDING, PENDING_DESCRIPTION, Subject, subject

RUN_WINDOW = 600.0
READ_WINDOW = 7200.0
UNFINISHED = Subject(PENDING, PENDING_DESCRIPTION, takes=None)


@dataclass(frozen=True)
class IssuedToken:
    """A token's life, in sandbox Unix seconds; `finished_at` is None for a check that nobody completes."""

    subject: Subject
    issued_at: float
    finished_at: float | None


class TokenBook:
    """Every token that was issued; safe to use from several threads."""

    def __init__(self, clock: SandboxClock) -> None:
        self.clock = clock
        self._tokens: dict[str, IssuedToken] = {}
        self._lock = threading.Lock()

    def __len__(self) -> int:
        return len(self._tokens)

    def issue(self, scenario: str, finishes_after: float | None = None, issued_ago: float = 0.0) -> str:
        """A new token, upper-case UUID.

        The person is done `finishes_after` seconds after issue (by default as long as the scenario takes); whoever
        is not done in ten minutes never will be, for the token can no longer be used to run a check.
        """
        person = subject(scenario)
        takes = person.takes if finishes_after is None or person.takes is None else finishes_after
        issued_at = self.clock.now() - issued_ago
        finished_at = issued_at + takes if takes is not None and takes <= RUN_WINDOW else None
        token = str(uuid.uuid4()).upper()
        with self._lock:
            self._tokens[token] = IssuedToken(person, issued_at, finished_at)
        return token

    def read(self, token: str) -> Subject:
        """What this token answers now; raises the vendor's error for an unknown or expired one."""
        issued = self._tokens.get(token)
        if issued is None:
            raise ApiError("InvalidParameterValue.BizTokenIllegal", "Invalid BizToken.")
        now = self.clock.now()
        if now - issued.issued_at >= READ_WINDOW:
            raise ApiError("InvalidParameterValue.BizTokenExpired", "BizToken expired.")
        if issued.finished_at is None or now < issued.finished_at:
            return UNFINISHED
        if issued.subject.later and now - issued.finished_at >= issued.subject.later[0]:
            return subject(issued.subject.later[1])
        return issued.subject
