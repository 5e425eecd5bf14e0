"""The demo's merchant: has the sandbox issue tokens for simulated people and registers them.

The first batch brings every kind of outcome at once; after it one person comes every minute or so, which somebody who
tries the portal keeps up with.
"""

import random
import time
import uuid
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import requests
from django.utils import timezone

from liveness.attempts import life_cycle
from liveness.audit import Actor
from liveness.models import VerificationAttempt

ACTOR = Actor.system("demo")
TTL = 7200
MINUTE = 60
PAUSE = (35.0, 65.0)
# About three hours: a demo that is forgotten does not fill the disk.
MOST = 200
# Everybody of this scenario sends the very same files. The first batch has two of them, and more would be a crowd.
COPY = "injected_copy"
FORGOTTEN = "the sandbox was restarted and no longer knows this token"


@dataclass
class Merchant:
    """`sandbox` is the sandbox's base URL."""

    sandbox: str

    def register_all(self) -> None:
        """Register one token of every scenario, half of them issued a while ago, and the three that end badly."""
        scenarios = list(self._call("GET", "scenarios"))
        for number, scenario in enumerate(scenarios):
            self.register(scenario, issued_ago=number * MINUTE if number % 2 else 0)
        # A second person with the very same files.
        self.register(COPY)
        self._let_run_out()
        self._lose_media()
        self._register_token(str(uuid.uuid4()).upper(), issued_ago=0)

    def register_more(self) -> None:
        """Register a token of a random scenario every now and then, and in the end only wait."""
        scenarios = [scenario for scenario in self._call("GET", "scenarios") if scenario != COPY]
        for _ in range(MOST):
            time.sleep(random.uniform(*PAUSE))  # noqa: S311 - a simulation, not a secret
            self.register(random.choice(scenarios))  # noqa: S311
        while True:
            time.sleep(MINUTE)

    def register(self, scenario: str, *, issued_ago: float = 0) -> str:
        """Issue and register a token for one simulated person; times in seconds."""
        token: str = self._call("POST", "tokens", scenario=scenario, issued_ago=issued_ago)["SdkToken"]
        self._register_token(token, issued_ago=issued_ago)
        return token

    def _register_token(self, token: str, *, issued_ago: float) -> None:
        now = timezone.now()
        life_cycle.register(
            token,
            subject_reference=f"customer-{1001 + VerificationAttempt.objects.count()}",
            issued_at=now - timedelta(seconds=issued_ago),
            now=now,
            actor=ACTOR,
        )

    def _let_run_out(self) -> None:
        self.register("never_finishes", issued_ago=TTL - MINUTE)

    def _lose_media(self) -> None:
        """An answer in the last seconds of a token's life, with links that do not work."""
        token = self._call("POST", "tokens", scenario="pass_kofi", issued_ago=TTL - MINUTE)["SdkToken"]
        self._call("POST", "faults", fault="not_found", times=None, token=token)
        self._register_token(token, issued_ago=TTL - MINUTE)

    def _call(self, method: str, name: str, **arguments: Any) -> Any:
        with requests.Session() as session:
            session.trust_env = False
            answer = session.request(method, f"{self.sandbox}/_sandbox/{name}", json=arguments or None, timeout=10)
        answer.raise_for_status()
        return answer.json()


def forget_open_attempts() -> None:
    """Close what an earlier demo left open: its sandbox kept the tokens in memory."""
    for attempt_id in VerificationAttempt.objects.open().values_list("id", flat=True):
        life_cycle.expire(attempt_id, FORGOTTEN, now=timezone.now(), actor=ACTOR)
