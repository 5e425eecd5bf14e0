"""One leased attempt: a call and its record in a poll thread, then its files in a download thread.

What goes wrong is noted on the attempt and in the summary. The lease is given back by whoever makes the last step.
"""

import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from django.db import Error
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
from liveness.refresh.breaker import Breaker
from liveness.refresh.feed import Visit
from liveness.refresh.limiter import Limiter
from liveness.refresh.policy import Market
from liveness.refresh.summary import Summary
from liveness.services import attempts, budget, clients, losses, media, meters
from liveness.services.audit import Actor
from liveness.services.retry import retried

# A broken download gets a fresh link at once this often; after that the schedule decides.
ROUNDS = 2


@dataclass(frozen=True)
class Worker:
    """What the threads of a run share."""

    owner: str
    limiter: Limiter
    summary: Summary
    stop: threading.Event
    actor: Actor
    market: Market = field(default_factory=Market)
    is_named: bool = False
    clock: Callable[[], datetime] = timezone.now
    breaker: Breaker = field(default_factory=Breaker)

    def poll(self, visit: Visit) -> LivenessResult | None:
        """Ask about a leased attempt and record what came; the answer, if its files are to be fetched now.

        Raises OutageError, AccountError, ConfigurationError or a FaceIdError with `stops_run`: no further call makes
        sense now. Any other exception is a defect or a database that is away.
        """
        attempt = visit.attempt
        is_readable = policy.is_readable(attempt.expires_at, self.clock())
        if not (is_readable or self.is_named) and attempt.poll_count:
            self._expire(visit, "its readable window closed")
            return None
        # The lease is looked at last of all but the slot, because either wait may have been long.
        # Before the breaker too, so that a probe is not given to an attempt that another run has taken over.
        if not (self._is_mine(visit) and self.breaker.admit(self.stop) and self._is_mine(visit) and self._has_slot()):
            return None
        visit.rounds += 1
        if visit.rounds == 1:
            self.summary.add(polled=1)
        return self._call(visit)

    def fetch(self, visit: Visit, result: LivenessResult) -> bool:
        """Fetch the files of an answer; True when a fresh link is worth another call at once."""
        attempt = visit.attempt
        if not self._renew(visit, leases.FOR_FILES):
            return False
        capture = media.capture(attempt, result, actor=self.actor)
        self.summary.add(media_stored=capture.stored)
        if capture.stored or capture.problems:
            self.market.downloads.update(is_success=not capture.problems)
        if not capture.problems:
            self._note_margin(visit, retried(lambda: attempts.settle(attempt.id, now=self.clock())))
            return False
        # While downloads fail anyway, it is not the link.
        is_worth_it = self.market.downloads.is_good and policy.is_readable(attempt.expires_at, self.clock())
        if capture.is_refetchable and visit.rounds < ROUNDS and is_worth_it:
            return True
        self._postpone(visit, "; ".join(capture.problems), is_passing=capture.is_refetchable)
        return False

    def leave(self, visit: Visit) -> None:
        """The answer is kept; its files wait for a fresh link, because more downloads wait than can be begun soon."""
        self._postpone(visit, "more files wait than can be fetched; is the disk or the media host slow?")

    def release(self, visit: Visit) -> None:
        """Give the lease back, whatever happened; a lease that cannot be given back runs out."""
        with suppress(Error):
            retried(lambda: leases.release([visit.attempt.id], owner=self.owner))

    def _has_slot(self) -> bool:
        begun = time.monotonic()
        if not self.limiter.acquire(self.stop):
            return False
        meters.observe(meters.PERMIT_WAIT, time.monotonic() - begun)
        meters.count(meters.SLOTS, label="used")
        return True

    def _call(self, visit: Visit) -> LivenessResult | None:
        attempt = visit.attempt
        try:
            result = self._ask(attempt)
        except TokenExpiredError:
            self.breaker.answered()
            self._expire(visit, "the vendor says that the token ran out")
        except TokenIllegalError:
            self._refuse(visit)
        except FaceIdError as problem:
            if problem.stops_run:
                raise
            self._fail(visit, problem)
        else:
            self.breaker.answered()
            return self._record(visit, result)
        return None

    def _ask(self, attempt: VerificationAttempt) -> LivenessResult:
        try:
            with clients.client_for(attempt.region) as client, budget.counted(self.clock):
                return client.get_liveness_result(attempt.sdk_token)
        except FaceIdError as problem:
            meters.count(meters.CALLS, label=problem.fault.value)
            raise

    def _record(self, visit: Visit, result: LivenessResult) -> LivenessResult | None:
        attempt = retried(
            lambda: attempts.record(
                visit.attempt.id, result, now=self.clock(), actor=self.actor, price=self.market.price.value
            )
        )
        meters.count(meters.CALLS, label="pending" if attempt.outcome == Outcome.PENDING else "ok")
        if not visit.is_answered:
            self.summary.add(Outcome(attempt.outcome))
        visit.is_answered = True
        if attempt.is_answered:
            self._note_margin(visit, attempt)
        return result if attempt.is_answered and attempt.next_poll_at else None

    def _note_margin(self, visit: Visit, after: VerificationAttempt) -> None:
        """How much time was left when the last of what was on the schedule had been stored."""
        if visit.attempt.next_poll_at and after.next_poll_at is None:
            meters.observe(meters.MARGIN, (after.expires_at - self.clock()).total_seconds())

    def _fail(self, visit: Visit, problem: FaceIdError) -> None:
        if isinstance(problem, ThrottledError):
            self.limiter.back_off()
        # Without the request id, so that a thousand like failures are one line.
        self._postpone(visit, f"{problem.code}: {problem.hint}", is_passing=problem.retryable)
        if isinstance(problem, NetworkError | VendorError):
            self.breaker.failed(problem)
        else:
            self.breaker.reached()

    def _postpone(self, visit: Visit, problem: str, *, is_passing: bool = True) -> None:
        self.summary.problem(problem, visit.attempt)
        self._close(
            visit,
            lambda: attempts.postpone(
                visit.attempt.id, problem, is_passing=is_passing, now=self.clock(), actor=self.actor
            ),
        )

    def _refuse(self, visit: Visit) -> None:
        if visit.attempt.outcome == Outcome.PENDING:
            self.summary.problem(attempts.REFUSED, visit.attempt, is_error=False)
        self._close(visit, lambda: attempts.refuse(visit.attempt.id, now=self.clock(), actor=self.actor))
        if visit.attempt.outcome == Outcome.INVALID:
            # Known before, and no news about the account.
            self.breaker.reached()
        else:
            self.breaker.refused()

    def _expire(self, visit: Visit, reason: str) -> None:
        attempt = visit.attempt
        after = self._close(visit, lambda: attempts.expire(attempt.id, reason, now=self.clock(), actor=self.actor))
        if after.outcome == Outcome.EXPIRED and losses.is_missed(attempt):
            self.summary.problem("ran out before its result could be read", attempt, is_error=False)

    def _close(self, visit: Visit, write: Callable[[], VerificationAttempt]) -> VerificationAttempt:
        """Write what may end the attempt, and count what it ended with: a new outcome, and files that were given up."""
        lost = _lost(visit.attempt)
        after = retried(write)
        is_news = not visit.is_answered and after.outcome != visit.attempt.outcome
        self.summary.add(Outcome(after.outcome) if is_news else None, media_lost=max(_lost(after) - lost, 0))
        return after

    def _is_mine(self, visit: Visit) -> bool:
        """Hold the attempt long enough for a call, unless another run has taken it over."""
        return self.clock() < visit.held_since + leases.LEASE / 3 or self._renew(visit)

    def _renew(self, visit: Visit, length: timedelta = leases.LEASE) -> bool:
        visit.held_since = self.clock()
        return retried(lambda: leases.renew(visit.attempt.id, owner=self.owner, now=visit.held_since, length=length))


def _lost(attempt: VerificationAttempt) -> int:
    return attempt.media.filter(state=MediaState.LOST).count()
