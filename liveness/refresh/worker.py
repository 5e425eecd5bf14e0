"""One leased attempt: slot, poll, record, media. What goes wrong is noted on the attempt and in the summary."""

import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

import stamina
from django.db import OperationalError
from django.utils import timezone

from liveness.client.errors import (
    FaceIdError,
    NetworkError,
    ThrottledError,
    TokenExpiredError,
    TokenIllegalError,
    VendorError,
)
from liveness.client.types import LivenessResult
from liveness.exceptions import AccountError, OutageError
from liveness.models import MediaState, Outcome, StoredMedia, VerificationAttempt
from liveness.refresh import leases, policy
from liveness.refresh.limiter import Limiter
from liveness.refresh.summary import Summary
from liveness.services import attempts, clients, media
from liveness.services.audit import Actor

# A broken download gets a fresh link at once this often; after that the schedule decides.
ROUNDS = 2
# So many failed calls in a row mean an outage, so many refused tokens in a row a wrong account or region.
OUTAGE = 8
ALL_REFUSED = 10


class Health:
    """What the calls of one run say about the vendor as a whole."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._failures = 0
        self._refusals = 0
        self._answers = 0

    def failed(self, problem: FaceIdError) -> None:
        with self._lock:
            self._failures += 1
            if self._failures >= OUTAGE:
                raise OutageError(f"the vendor is out of reach ({problem.code}, {OUTAGE} calls in a row)")

    def refused(self) -> None:
        with self._lock:
            self._failures, self._refusals = 0, self._refusals + 1
            if self._refusals >= ALL_REFUSED and not self._answers:
                raise AccountError(
                    f"the vendor knows none of {self._refusals} tokens; check LIVENESS_REGION and the account's key"
                )

    def answered(self) -> None:
        with self._lock:
            self._failures, self._answers = 0, self._answers + 1


@dataclass
class Worker:
    owner: str
    limiter: Limiter
    summary: Summary
    stop: threading.Event
    actor: Actor
    clock: Callable[[], datetime] = timezone.now
    is_named: bool = False

    def __post_init__(self) -> None:
        self.health = Health()

    def refresh(self, attempt: VerificationAttempt) -> None:
        """Poll one leased attempt and fetch its media; the lease is given back whatever happens.

        Raises OutageError, AccountError, ConfigurationError or a FaceIdError with `stops_run`: no further call makes
        sense now.
        """
        try:
            self._refresh(attempt)
        finally:
            leases.release([attempt.id], owner=self.owner)

    def _refresh(self, attempt: VerificationAttempt) -> None:
        if not self.is_named and not policy.is_readable(attempt.expires_at, self.clock()):
            self._expire(attempt, "its readable window closed before a poll could be made")
            return
        for _round in range(ROUNDS):
            if not self._is_mine(attempt) or not self.limiter.acquire(self.stop):
                return
            if not self._poll(attempt, is_first=_round == 0):
                return

    def _poll(self, attempt: VerificationAttempt, *, is_first: bool) -> bool:
        """One call and what follows from it; True when a fresh link is worth another call at once."""
        if is_first:
            self.summary.add(polled=1)
        try:
            with clients.client_for(attempt.region) as client:
                result = client.get_liveness_result(attempt.sdk_token)
        except TokenExpiredError:
            self.health.answered()
            self._expire(attempt, "the vendor says that the token ran out")
        except TokenIllegalError:
            self._store(lambda: attempts.refuse(attempt.id, now=self.clock(), actor=self.actor), attempt)
            self.health.refused()
        except FaceIdError as problem:
            if problem.stops_run:
                raise
            self._postpone(attempt, problem)
        else:
            self.health.answered()
            return self._record(attempt, result, is_first=is_first)
        return False

    def _record(self, attempt: VerificationAttempt, result: LivenessResult, *, is_first: bool) -> bool:
        attempt = _retried(lambda: attempts.record(attempt.id, result, now=self.clock(), actor=self.actor))
        if is_first:
            self.summary.add(Outcome(attempt.outcome))
        if attempt.outcome == Outcome.PENDING or not self._is_mine(attempt):
            return False
        stored, problems = media.capture(attempt, result, now=self.clock(), actor=self.actor)
        self.summary.add(media_stored=stored)
        if not problems:
            _retried(lambda: attempts.settle(attempt.id, now=self.clock()))
            return False
        if is_first and policy.is_readable(attempt.expires_at, self.clock()):
            return True
        self._note(attempt, "; ".join(problems))
        return False

    def _postpone(self, attempt: VerificationAttempt, problem: FaceIdError) -> None:
        if isinstance(problem, ThrottledError):
            self.limiter.back_off()
        self._note(attempt, str(problem))
        if isinstance(problem, NetworkError | VendorError):
            self.health.failed(problem)

    def _note(self, attempt: VerificationAttempt, problem: str) -> None:
        self.summary.problem(problem, attempt)
        self._store(
            lambda: attempts.postpone(attempt.id, problem, now=self.clock(), actor=self.actor),
            attempt,
            counted=False,
        )

    def _expire(self, attempt: VerificationAttempt, reason: str) -> None:
        self._store(lambda: attempts.expire(attempt.id, reason, now=self.clock(), actor=self.actor), attempt)

    def _store(
        self, write: Callable[[], VerificationAttempt], before: VerificationAttempt, *, counted: bool = True
    ) -> None:
        """Write what ends or delays the attempt, and count the files that this gave up."""
        wanted = list(before.media.filter(state=MediaState.WANTED).values_list("id", flat=True))
        after = _retried(write)
        lost = StoredMedia.objects.filter(id__in=wanted, state=MediaState.LOST).count() if wanted else 0
        changed = counted or after.outcome != before.outcome
        self.summary.add(Outcome(after.outcome) if changed else None, media_lost=lost)

    def _is_mine(self, attempt: VerificationAttempt) -> bool:
        return leases.renew(attempt.id, owner=self.owner, now=self.clock())


def _retried(write: Callable[[], VerificationAttempt]) -> VerificationAttempt:
    """Try a short transaction again when the database was locked or briefly away; it is whole or not at all."""
    for attempt in stamina.retry_context(on=OperationalError, attempts=4, wait_initial=0.1, timeout=30):
        with attempt:
            return write()
    raise AssertionError("stamina always returns or raises")
