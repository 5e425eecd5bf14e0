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
from liveness.polling.policy import PollerState
from liveness.ratelimit import budget
from liveness.ratelimit.limiter import Limiter
from liveness.worker.circuit_breaker import CircuitBreaker, CircuitBreakers
from liveness.worker.run_report import RunReport
from liveness.worker.work_queue import Job

# A broken download gets a fresh link at once this often; after that the schedule decides.
MAX_ROUNDS = 2
# After this many seconds a lease is looked at again before the next step.
LEASE_CHECK_SECONDS = 5.0


@dataclass(frozen=True)
class AttemptProcessor:
    """What the threads of a run share. `since` is the second of the clock's `monotonic` at which the run began."""

    run: str
    limiter: Limiter
    summary: RunReport
    stop: threading.Event
    actor: Actor
    poller_state: PollerState = field(default_factory=PollerState)
    clock: CheckedClock = field(default_factory=CheckedClock)
    breakers: CircuitBreakers = field(default_factory=CircuitBreakers)
    since: float = 0.0

    @property
    def may_close(self) -> bool:
        """Has an answer of the vendor in this run agreed with our clock? Without it the clock closes nothing."""
        return self.clock.is_confirmed(self.since)

    def poll(self, job: Job) -> LivenessResult | None:
        """Ask about a leased attempt and record the answer; return it if its files are to be fetched now.

        Raises LeaseLostError when another run may have the attempt. Any other exception is a defect, or a database or
        a store of call slots that is away.
        """
        attempt = job.attempt
        is_over = not policy.is_readable(attempt.expires_at, self.clock.now())
        if is_over and attempt.poll_count and not job.is_named and self.may_close:
            self._expire(job, ClosedBy.CLOCK, "its readable window closed")
            return None
        breaker = self.breakers.of(attempt.region)
        if job.is_named or breaker.wait_until_allowed(self.stop):
            try:
                return self._poll_in_turn(job, breaker)
            finally:
                if not job.is_named:
                    breaker.leave()
        return None

    def fetch(self, job: Job, result: LivenessResult) -> bool:
        """Fetch the files of an answer; True when a fresh link is worth another call at once."""
        attempt = job.attempt
        self._check_lease(job)
        capture = media_files.capture(attempt, result, actor=self.actor, run=self.run, clock=self.clock.now)
        self.summary.add(media_stored=capture.stored)
        if capture.stored or capture.problems:
            self.poller_state.downloads.update(is_success=not capture.problems)
        if not capture.problems:
            settled = retried(lambda: life_cycle.settle(attempt.id, now=self.clock.now(), run=self.run))
            self._note_margin(job, settled)
            return False
        # While downloads fail anyway, it is not the link.
        is_worth_it = self.poller_state.downloads.is_good and policy.is_readable(attempt.expires_at, self.clock.now())
        if capture.is_refetchable and job.rounds < MAX_ROUNDS and is_worth_it:
            return True
        self._postpone(job, "; ".join(capture.problems), is_passing=capture.is_refetchable)
        return False

    def leave(self, job: Job) -> None:
        """The answer is kept; its files wait for a fresh link, because more downloads wait than can be begun soon."""
        self._postpone(job, "more files wait than can be fetched; is the disk or the media host slow?")

    def release(self, job: Job) -> None:
        """Give the lease back. One that cannot be given back ends with the run."""
        with suppress(Error):
            retried(lambda: leases.release([job.attempt.id], run=self.run))

    def _poll_in_turn(self, job: Job, breaker: CircuitBreaker) -> LivenessResult | None:
        # Re-check the lease after each wait; only the rate-limit slot comes later.
        self._check_lease(job)
        if not self._has_slot():
            return None
        job.rounds += 1
        if job.rounds == 1:
            self.summary.add(polled=1)
        return self._call(job, breaker)

    def _has_slot(self) -> bool:
        begun = time.monotonic()
        if not self.limiter.acquire(self.stop):
            return False
        counters.observe(counters.PERMIT_WAIT, time.monotonic() - begun)
        counters.count(counters.SLOTS, label="used")
        return True

    def _call(self, job: Job, breaker: CircuitBreaker) -> LivenessResult | None:
        attempt = job.attempt
        try:
            result = self._ask_twice_if_the_clock_is_wrong(attempt)
        except TokenExpiredError:
            breaker.record_answer()
            self._expire(job, ClosedBy.VENDOR, "the vendor says that the token ran out")
        except TokenIllegalError:
            self._refuse(job, breaker)
        except FaceIdError as problem:
            self._fail(job, problem, breaker)
        except ConfigurationError as problem:
            # The keys were checked before the run began: it is this attempt's own region.
            self._postpone(job, str(problem), is_passing=False)
        else:
            breaker.record_answer()
            return self._record(job, result)
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

    def _record(self, job: Job, result: LivenessResult) -> LivenessResult | None:
        attempt = retried(
            lambda: life_cycle.record(
                job.attempt.id,
                result,
                now=self.clock.now(),
                actor=self.actor,
                threshold=self.poller_state.threshold.value,
                run=self.run,
                may_close=self.may_close,
            )
        )
        counters.count(counters.CALLS, label="pending" if attempt.outcome == Outcome.PENDING else "ok")
        if not job.is_answered:
            self.summary.add(Outcome(attempt.outcome))
        job.is_answered = True
        if attempt.is_answered:
            self._note_margin(job, attempt)
        return result if attempt.is_answered and attempt.next_poll_at else None

    def _note_margin(self, job: Job, after: VerificationAttempt) -> None:
        """How much time was left when the last of what was on the schedule had been stored."""
        if job.attempt.next_poll_at and after.next_poll_at is None:
            counters.observe(counters.MARGIN, (after.expires_at - self.clock.now()).total_seconds())

    def _fail(self, job: Job, problem: FaceIdError, breaker: CircuitBreaker) -> None:
        if isinstance(problem, ThrottledError):
            self.limiter.back_off()
        if problem.stops_run:
            breaker.record_refusal(job.attempt.id, problem)
        elif isinstance(problem, NetworkError | VendorError):
            breaker.record_failure(job.attempt.id, problem)
        else:
            breaker.record_contact()
        # Without the request id, so that a thousand like failures are one line.
        self._postpone(job, f"{problem.code}: {problem.hint}", is_passing=problem.retryable)

    def _postpone(self, job: Job, problem: str, *, is_passing: bool = True) -> None:
        after = self._close(
            job,
            lambda: life_cycle.postpone(
                job.attempt.id,
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
        job.problem = problem
        self.summary.add_problem(problem + when, job.attempt)

    def _refuse(self, job: Job, breaker: CircuitBreaker) -> None:
        attempt = job.attempt
        if attempt.outcome == Outcome.INVALID:
            # Known before, and no news about the account.
            breaker.record_contact()
        else:
            breaker.record_unknown(attempt.id)
        if breaker.is_doubtful and attempt.outcome == Outcome.PENDING:
            # Rather the account or the region is wrong than all of these tokens.
            self._postpone(job, life_cycle.REFUSED, is_passing=False)
            return
        if attempt.outcome == Outcome.PENDING:
            self.summary.add_problem(life_cycle.REFUSED, attempt, is_error=False)
        self._close(
            job,
            lambda: life_cycle.refuse(
                attempt.id, now=self.clock.now(), actor=self.actor, run=self.run, may_close=self.may_close
            ),
        )

    def _expire(self, job: Job, closed_by: ClosedBy, reason: str) -> None:
        attempt = job.attempt
        after = self._close(
            job,
            lambda: life_cycle.expire(
                attempt.id, reason, now=self.clock.now(), actor=self.actor, closed_by=closed_by, run=self.run
            ),
        )
        if after.outcome == Outcome.EXPIRED and losses.is_missed(attempt):
            self.summary.add_problem("ran out before its result could be read", attempt, is_error=False)

    def _close(self, job: Job, write: Callable[[], VerificationAttempt]) -> VerificationAttempt:
        """Write what may end the attempt, and count what it ended with: a new outcome, and files that were given up."""
        lost = _lost(job.attempt)
        after = retried(write)
        is_news = not job.is_answered and after.outcome != job.attempt.outcome
        self.summary.add(Outcome(after.outcome) if is_news else None, media_lost=max(_lost(after) - lost, 0))
        return after

    def _check_lease(self, job: Job) -> None:
        """Raises LeaseLostError when another run may have taken the attempt during a wait."""
        if time.monotonic() - job.checked_at < LEASE_CHECK_SECONDS:
            return
        if not retried(lambda: leases.is_held(job.attempt.id, run=self.run)):
            raise LeaseLostError("another run may work on this attempt now")
        job.checked_at = time.monotonic()


def _lost(attempt: VerificationAttempt) -> int:
    return attempt.media.filter(state=MediaState.LOST).count()
