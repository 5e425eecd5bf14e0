"""One leased attempt: a call and its record in a poll thread, then its files in a download thread.

A problem is noted on the attempt and in the summary. The thread that makes the last step gives the lease back.
"""

import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field

from django.db import Error

from liveness import clients, counters
from liveness.attempts import life_cycle
from liveness.audit import Actor
from liveness.client.errors import (
    ClockError,
    ConfigurationError,
    FaceIdError,
    NetworkError,
    ThrottledError,
    TokenExpiredError,
    TokenIllegalError,
    VendorError,
)
from liveness.client.types import LivenessResult
from liveness.clock import CheckedClock
from liveness.database.retry import retried
from liveness.exceptions import LeaseLostError
from liveness.media import files as media_files
from liveness.models import ClosedBy, MediaState, Outcome, VerificationAttempt
from liveness.polling import leases, losses, policy
from liveness.polling.policy import Market
from liveness.ratelimit import budget
from liveness.ratelimit.limiter import Limiter
from liveness.worker.circuit_breaker import CircuitBreaker, CircuitBreakers
from liveness.worker.run_report import Summary
from liveness.worker.work_queue import Visit

# A broken download gets a fresh link at once this often; after that the schedule decides.
ROUNDS = 2
# After this many seconds a lease is looked at again before the next step.
LEASE_CHECK_SECONDS = 5.0


@dataclass(frozen=True)
class Worker:
    """What the threads of a run share. `since` is the second of the clock's `monotonic` at which the run began."""

    run: str
    limiter: Limiter
    summary: Summary
    stop: threading.Event
    actor: Actor
    market: Market = field(default_factory=Market)
    clock: CheckedClock = field(default_factory=CheckedClock)
    breakers: CircuitBreakers = field(default_factory=CircuitBreakers)
    since: float = 0.0

    @property
    def may_close(self) -> bool:
        """Has an answer of the vendor in this run agreed with our clock? Without it the clock closes nothing."""
        return self.clock.is_confirmed(self.since)

    def poll(self, visit: Visit) -> LivenessResult | None:
        """Ask about a leased attempt and record the answer; return it if its files are to be fetched now.

        Raises LeaseLostError when another run may have the attempt. Any other exception is a defect, or a database or
        a store of call slots that is away.
        """
        attempt = visit.attempt
        is_over = not policy.is_readable(attempt.expires_at, self.clock.now())
        if is_over and attempt.poll_count and not visit.is_named and self.may_close:
            self._expire(visit, ClosedBy.CLOCK, "its readable window closed")
            return None
        breaker = self.breakers.of(attempt.region)
        if visit.is_named or breaker.admit(self.stop):
            try:
                return self._poll_in_turn(visit, breaker)
            finally:
                if not visit.is_named:
                    breaker.leave()
        return None

    def fetch(self, visit: Visit, result: LivenessResult) -> bool:
        """Fetch the files of an answer; True when a fresh link is worth another call at once."""
        attempt = visit.attempt
        self._check_lease(visit)
        capture = media_files.capture(attempt, result, actor=self.actor, run=self.run, clock=self.clock.now)
        self.summary.add(media_stored=capture.stored)
        if capture.stored or capture.problems:
            self.market.downloads.update(is_success=not capture.problems)
        if not capture.problems:
            settled = retried(lambda: life_cycle.settle(attempt.id, now=self.clock.now(), run=self.run))
            self._note_margin(visit, settled)
            return False
        # While downloads fail anyway, it is not the link.
        is_worth_it = self.market.downloads.is_good and policy.is_readable(attempt.expires_at, self.clock.now())
        if capture.is_refetchable and visit.rounds < ROUNDS and is_worth_it:
            return True
        self._postpone(visit, "; ".join(capture.problems), is_passing=capture.is_refetchable)
        return False

    def leave(self, visit: Visit) -> None:
        """The answer is kept; its files wait for a fresh link, because more downloads wait than can be begun soon."""
        self._postpone(visit, "more files wait than can be fetched; is the disk or the media host slow?")

    def release(self, visit: Visit) -> None:
        """Give the lease back. One that cannot be given back ends with the run."""
        with suppress(Error):
            retried(lambda: leases.release([visit.attempt.id], run=self.run))

    def _poll_in_turn(self, visit: Visit, breaker: CircuitBreaker) -> LivenessResult | None:
        # Re-check the lease after each wait; only the rate-limit slot comes later.
        self._check_lease(visit)
        if not self._has_slot():
            return None
        visit.rounds += 1
        if visit.rounds == 1:
            self.summary.add(polled=1)
        return self._call(visit, breaker)

    def _has_slot(self) -> bool:
        begun = time.monotonic()
        if not self.limiter.acquire(self.stop):
            return False
        counters.observe(counters.PERMIT_WAIT, time.monotonic() - begun)
        counters.count(counters.SLOTS, label="used")
        return True

    def _call(self, visit: Visit, breaker: CircuitBreaker) -> LivenessResult | None:
        attempt = visit.attempt
        try:
            result = self._ask_twice_if_the_clock_is_wrong(attempt)
        except TokenExpiredError:
            breaker.record_answer()
            self._expire(visit, ClosedBy.VENDOR, "the vendor says that the token ran out")
        except TokenIllegalError:
            self._refuse(visit, breaker)
        except FaceIdError as problem:
            self._fail(visit, problem, breaker)
        except ConfigurationError as problem:
            # The keys were checked before the run began: it is this attempt's own region.
            self._postpone(visit, str(problem), is_passing=False)
        else:
            breaker.record_answer()
            return self._record(visit, result)
        return None

    def _ask_twice_if_the_clock_is_wrong(self, attempt: VerificationAttempt) -> LivenessResult:
        """Sign with the vendor's time, once its answer has shown that this machine's clock is wrong."""
        try:
            return self._ask(attempt)
        except ClockError:
            if self.clock.wrong_by is None or not self._has_slot():
                raise
            return self._ask(attempt)

    def _ask(self, attempt: VerificationAttempt) -> LivenessResult:
        try:
            with clients.client_for(attempt.region, self.clock) as client, budget.counted(self.clock.now):
                return client.get_liveness_result(attempt.sdk_token)
        except FaceIdError as problem:
            counters.count(counters.CALLS, label=problem.fault.value)
            raise

    def _record(self, visit: Visit, result: LivenessResult) -> LivenessResult | None:
        attempt = retried(
            lambda: life_cycle.record(
                visit.attempt.id,
                result,
                now=self.clock.now(),
                actor=self.actor,
                price=self.market.price.value,
                run=self.run,
                may_close=self.may_close,
            )
        )
        counters.count(counters.CALLS, label="pending" if attempt.outcome == Outcome.PENDING else "ok")
        if not visit.is_answered:
            self.summary.add(Outcome(attempt.outcome))
        visit.is_answered = True
        if attempt.is_answered:
            self._note_margin(visit, attempt)
        return result if attempt.is_answered and attempt.next_poll_at else None

    def _note_margin(self, visit: Visit, after: VerificationAttempt) -> None:
        """How much time was left when the last of what was on the schedule had been stored."""
        if visit.attempt.next_poll_at and after.next_poll_at is None:
            counters.observe(counters.MARGIN, (after.expires_at - self.clock.now()).total_seconds())

    def _fail(self, visit: Visit, problem: FaceIdError, breaker: CircuitBreaker) -> None:
        if isinstance(problem, ThrottledError):
            self.limiter.back_off()
        if problem.stops_run:
            breaker.record_refusal(visit.attempt.id, problem)
        elif isinstance(problem, NetworkError | VendorError):
            breaker.record_failure(visit.attempt.id, problem)
        else:
            breaker.record_contact()
        # Without the request id, so that a thousand like failures are one line.
        self._postpone(visit, f"{problem.code}: {problem.hint}", is_passing=problem.retryable)

    def _postpone(self, visit: Visit, problem: str, *, is_passing: bool = True) -> None:
        after = self._close(
            visit,
            lambda: life_cycle.postpone(
                visit.attempt.id,
                problem,
                is_passing=is_passing,
                now=self.clock.now(),
                actor=self.actor,
                run=self.run,
                may_close=self.may_close,
            ),
        )
        is_rare = after.next_poll_at is not None and not is_passing
        when = f"; next try at {after.next_poll_at:%H:%M} UTC" if is_rare else ""
        visit.problem = problem
        self.summary.problem(problem + when, visit.attempt)

    def _refuse(self, visit: Visit, breaker: CircuitBreaker) -> None:
        attempt = visit.attempt
        if attempt.outcome == Outcome.INVALID:
            # Known before, and no news about the account.
            breaker.record_contact()
        else:
            breaker.record_unknown(attempt.id)
        if breaker.is_doubtful and attempt.outcome == Outcome.PENDING:
            # Rather the account or the region is wrong than all of these tokens.
            self._postpone(visit, life_cycle.REFUSED, is_passing=False)
            return
        if attempt.outcome == Outcome.PENDING:
            self.summary.problem(life_cycle.REFUSED, attempt, is_error=False)
        self._close(
            visit,
            lambda: life_cycle.refuse(
                attempt.id, now=self.clock.now(), actor=self.actor, run=self.run, may_close=self.may_close
            ),
        )

    def _expire(self, visit: Visit, closed_by: ClosedBy, reason: str) -> None:
        attempt = visit.attempt
        after = self._close(
            visit,
            lambda: life_cycle.expire(
                attempt.id, reason, now=self.clock.now(), actor=self.actor, closed_by=closed_by, run=self.run
            ),
        )
        if after.outcome == Outcome.EXPIRED and losses.is_missed(attempt):
            self.summary.problem("ran out before its result could be read", attempt, is_error=False)

    def _close(self, visit: Visit, write: Callable[[], VerificationAttempt]) -> VerificationAttempt:
        """Write what may end the attempt, and count what it ended with: a new outcome, and files that were given up."""
        lost = _lost(visit.attempt)
        after = retried(write)
        is_news = not visit.is_answered and after.outcome != visit.attempt.outcome
        self.summary.add(Outcome(after.outcome) if is_news else None, media_lost=max(_lost(after) - lost, 0))
        return after

    def _check_lease(self, visit: Visit) -> None:
        """Raises LeaseLostError when another run may have taken the attempt during a wait."""
        if time.monotonic() - visit.checked_at < LEASE_CHECK_SECONDS:
            return
        if not retried(lambda: leases.is_held(visit.attempt.id, run=self.run)):
            raise LeaseLostError("another run may work on this attempt now")
        visit.checked_at = time.monotonic()


def _lost(attempt: VerificationAttempt) -> int:
    return attempt.media.filter(state=MediaState.LOST).count()
