"""One leased attempt: slot, poll, record, media. What goes wrong is noted on the attempt and in the summary."""

import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from django.db import DatabaseError
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
from liveness.models import MediaState, Outcome, VerificationAttempt
from liveness.refresh import leases, policy
from liveness.refresh.health import Health
from liveness.refresh.limiter import Limiter
from liveness.refresh.summary import Summary
from liveness.services import attempts, budget, clients, media
from liveness.services.audit import Actor
from liveness.services.retry import retried

# A broken download gets a fresh link at once this often; after that the schedule decides.
ROUNDS = 2
# An unfinished check that was looked at so shortly before its window closed was abandoned, not missed.
LOOKED_AT = timedelta(minutes=15)


@dataclass(frozen=True)
class Worker:
    """What the threads of a run share."""

    owner: str
    limiter: Limiter
    summary: Summary
    stop: threading.Event
    actor: Actor
    is_named: bool = False
    clock: Callable[[], datetime] = timezone.now
    health: Health = field(default_factory=Health)

    def refresh(self, attempt: VerificationAttempt) -> None:
        """Poll one leased attempt and fetch its media; the lease is given back whatever happens.

        Raises OutageError, AccountError, ConfigurationError or a FaceIdError with `stops_run`: no further call makes
        sense now. Any other exception is a defect or a database that is away.
        """
        lost = _lost(attempt)
        visit = Visit(self, attempt)
        try:
            visit.make()
        finally:
            with suppress(DatabaseError):
                retried(lambda: leases.release([attempt.id], owner=self.owner))
                self._count(visit, _lost(attempt) - lost)

    def _count(self, visit: "Visit", lost: int) -> None:
        """Count the attempt once, by where it stands now, and the files that were given up meanwhile."""
        after = VerificationAttempt.objects.get(id=visit.attempt.id)
        is_news = visit.is_answered or after.outcome != visit.attempt.outcome
        self.summary.add(Outcome(after.outcome) if is_news else None, media_lost=max(lost, 0))


def _lost(attempt: VerificationAttempt) -> int:
    return attempt.media.filter(state=MediaState.LOST).count()


@dataclass
class Visit:
    """The calls that one attempt gets in one run. `attempt` stays as it was leased."""

    worker: Worker
    attempt: VerificationAttempt
    is_answered: bool = False

    def make(self) -> None:
        is_readable = policy.is_readable(self.attempt.expires_at, self._now())
        if not (is_readable or self.worker.is_named) and self.attempt.poll_count:
            self._expire("its readable window closed")
            return
        for _round in range(ROUNDS):
            if not self._is_mine() or not self.worker.limiter.acquire(self.worker.stop):
                return
            if not self._poll(is_last=_round == ROUNDS - 1):
                return

    def _poll(self, *, is_last: bool) -> bool:
        """One call and what follows from it; True when a fresh link is worth another call at once."""
        if not self.is_answered:
            self.worker.summary.add(polled=1)
        try:
            with clients.client_for(self.attempt.region) as client, budget.counted(self.worker.clock):
                result = client.get_liveness_result(self.attempt.sdk_token)
        except TokenExpiredError:
            self.worker.health.answered()
            self._expire("the vendor says that the token ran out")
        except TokenIllegalError:
            self._refuse()
        except FaceIdError as problem:
            if problem.stops_run:
                raise
            self._fail(problem)
        else:
            self.worker.health.answered()
            self.is_answered = True
            return self._record(result, is_last=is_last)
        return False

    def _record(self, result: LivenessResult, *, is_last: bool) -> bool:
        attempt = retried(lambda: attempts.record(self.attempt.id, result, now=self._now(), actor=self._actor))
        if attempt.outcome == Outcome.PENDING or not self._is_mine():
            return False
        capture = media.capture(attempt, result, actor=self.worker.actor)
        self.worker.summary.add(media_stored=capture.stored)
        if not capture.problems:
            retried(lambda: attempts.settle(attempt.id, now=self._now()))
            return False
        if capture.is_refetchable and not is_last and policy.is_readable(attempt.expires_at, self._now()):
            return True
        self._postpone("; ".join(capture.problems))
        return False

    def _fail(self, problem: FaceIdError) -> None:
        if isinstance(problem, ThrottledError):
            self.worker.limiter.back_off()
        # Without the request id, so that a thousand like failures are one line.
        self._postpone(f"{problem.code}: {problem.hint}", is_passing=problem.retryable)
        if isinstance(problem, NetworkError | VendorError):
            self.worker.health.failed(problem)

    def _postpone(self, problem: str, *, is_passing: bool = True) -> None:
        self.worker.summary.problem(problem, self.attempt)
        retried(
            lambda: attempts.postpone(
                self.attempt.id, problem, is_passing=is_passing, now=self._now(), actor=self._actor
            )
        )

    def _refuse(self) -> None:
        if self.attempt.outcome == Outcome.PENDING:
            self.worker.summary.problem(attempts.REFUSED, self.attempt, is_error=False)
        retried(lambda: attempts.refuse(self.attempt.id, now=self._now(), actor=self._actor))
        self.is_answered = True
        self.worker.health.refused()

    def _expire(self, reason: str) -> None:
        after = retried(lambda: attempts.expire(self.attempt.id, reason, now=self._now(), actor=self._actor))
        looked_at = self.attempt.last_polled_at
        is_missed = looked_at is None or looked_at < self.attempt.expires_at - LOOKED_AT
        if after.outcome == Outcome.EXPIRED and is_missed:
            self.worker.summary.problem("ran out before its result could be read", self.attempt, is_error=False)

    @property
    def _actor(self) -> Actor:
        return self.worker.actor

    def _now(self) -> datetime:
        return self.worker.clock()

    def _is_mine(self) -> bool:
        return retried(lambda: leases.renew(self.attempt.id, owner=self.worker.owner, now=self._now()))
