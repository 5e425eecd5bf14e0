"""What a run finds out about its surroundings: is this machine's clock right, and does the vendor serve the account?"""

import socket
from collections.abc import Collection, Iterator
from contextlib import suppress
from datetime import datetime, timedelta

from django.db import Error

from liveness import conditions
from liveness.attempts import reopening
from liveness.audit import Actor, rows
from liveness.clock import TOLERANCE_SECONDS
from liveness.conditions import ConditionKind
from liveness.exceptions import AccountError
from liveness.media import conditions as media_conditions
from liveness.models import AuditEvent, VerificationAttempt, WorkerRun
from liveness.models.attempt import ANSWERED
from liveness.worker import bulk_actions
from liveness.worker.circuit_breaker import CircuitBreaker
from liveness.worker.memory import Memory
from liveness.worker.run_report import RunReport

# A fact that lasts is reported again after this many seconds.
REPEAT_SECONDS = 3600.0
# After an answer the account counts as sound for so long, unless several attempts are refused.
LATELY = timedelta(minutes=30)
TOLERANCE = timedelta(seconds=TOLERANCE_SECONDS)


class RunHealth:
    """The findings of one run go into its summary. `since` is the monotonic second at which the run began."""

    def __init__(self, memory: Memory, summary: RunReport, actor: Actor) -> None:
        self._memory, self._clock = memory, memory.clock
        self._summary = summary
        self._actor = actor
        self._since = self._clock.monotonic()
        self._has_reopened = self._has_mended = False
        self._host = socket.gethostname()[:64]

    def needs_the_time(self, run: str) -> bool:
        """Is there a reason to doubt this machine's clock, so that one call should find out? Raises DatabaseError.

        A database on the same machine has the same clock. So its time is a reason to ask, and never an answer.
        """
        if self._clock.has_stepped:
            return True
        if self._clock.is_confirmed(self._since):
            return False
        now = self._clock.now()
        attempts = VerificationAttempt.objects
        if attempts.closed_too_early(now).exists() or attempts.planned_ahead(now).exists():
            return True
        return any(abs(moment - now) > TOLERANCE for moment in _database_times(run, now))

    def look_at_media_root(self) -> None:
        """Report a volume that is not mounted or not the right one: results are polled all the same, and files wait."""
        with suppress(Error):
            if found := media_conditions.look_at_media_root() or media_conditions.look_at_marker():
                self._note_once("media root", found.text)

    def tick(self, *, is_tidying: bool = False) -> None:
        """Report what changed, and do what takes a clock that is right. Cheap enough to be called all the time."""
        self._report_clock()
        if self._clock.is_confirmed(self._since) and (is_tidying or not self._has_reopened):
            self._has_reopened = True
            with suppress(Error):
                reopened = reopening.reopen(now=self._clock.now(), actor=self._actor)
                if reopened:
                    self._summary.add_note(
                        f"a wrong clock had closed {reopened} attempts too early; they are open again"
                    )
                bulk_actions.prune(now=self._clock.now())
        if self._clock.is_known(self._since) and (is_tidying or not self._has_mended):
            self._has_mended = True
            with suppress(Error):
                reopening.want_again(now=self._clock.now(), actor=self._actor)
                reopening.plan_anew(now=self._clock.now())
        if is_tidying:
            self._clear_what_passed()
        for breaker in self._memory.breakers.current():
            if breaker.is_refused and self._note_once(f"refused {breaker.region}", _sentence(breaker)):
                self._observe(ConditionKind.ACCOUNT_REFUSED, breaker.region, _sentence(breaker))

    def finish(self) -> None:
        """At the end of a run: what kept it from calling. If that is so everywhere, an operator must act."""
        self.tick()
        breakers = self._memory.breakers.current()
        hopeless = [breaker for breaker in breakers if self._is_hopeless(breaker)]
        for breaker in hopeless:
            self._recall(breaker.refused_attempts)
            self._observe(ConditionKind.ACCOUNT_REFUSED, breaker.region, _sentence(breaker))
        self._clear_what_passed()
        if hopeless and hopeless == breakers:
            self._summary.failure = AccountError("; ".join(map(_sentence, hopeless)))
            return
        for breaker in hopeless:
            self._summary.add_note(_sentence(breaker))
        if outages := [breaker for breaker in breakers if breaker.is_outage]:
            self._summary.stopped = "; ".join(map(_sentence, outages))

    def _is_hopeless(self, breaker: CircuitBreaker) -> bool:
        """Several attempts agree, or the only ones there were of an account that nothing else speaks for."""
        if breaker.is_refused or breaker.is_doubtful:
            return True
        has_only_refusals = bool(breaker.refused_attempts) and not self._summary.has_answers
        return has_only_refusals and not _was_answered_lately(self._clock.now())

    def _recall(self, attempt_ids: Collection[int]) -> None:
        """Attempts that were put aside for the account's sake are due again as soon as an operator has acted."""
        put_aside = VerificationAttempt.objects.open().filter(id__in=attempt_ids)
        with suppress(Error):
            put_aside.update(next_poll_at=self._clock.now())

    def _report_clock(self) -> None:
        differs_by = self._clock.differs_by
        if differs_by is not None:
            side = "ahead of" if differs_by > 0 else "behind"
            what = f"this machine's clock is {abs(differs_by):.0f} s {side} the vendor's"
            text = (
                f"{what}, whose time is used; set the clock, for example with: timedatectl set-ntp true"
                if self._clock.wrong_by is not None
                else f"{what} by the Date of its answers, but it refused no call for its time, so this machine's time "
                "is used; does a proxy or a cache change the Date? Until both agree, no token expires by the clock"
            )
            if self._note_once(f"clock {side}", text):
                self._observe(ConditionKind.CLOCK_SKEW, self._host, text)

    def _note_once(self, fact: str, text: str) -> bool:
        """Report a fact now, and again after an hour; True when it was reported."""
        now, noted_at = self._clock.monotonic(), self._memory.noted.get(fact)
        is_news = noted_at is None or now - noted_at >= REPEAT_SECONDS
        if is_news:
            self._memory.noted[fact] = now
            self._summary.add_note(text)
        return is_news

    def _observe(self, kind: ConditionKind, subject: str, text: str) -> None:
        """For `/readyz` and the alert, which no run tells by itself."""
        with suppress(Error):
            conditions.observe(kind, subject, text)

    def _clear_what_passed(self) -> None:
        for breaker in self._memory.breakers.current():
            if breaker.has_answered and not self._is_hopeless(breaker):
                self._clear(ConditionKind.ACCOUNT_REFUSED, breaker.region)
        if self._clock.is_confirmed(self._since):
            self._clear(ConditionKind.CLOCK_SKEW, self._host)

    def _clear(self, kind: ConditionKind, subject: str) -> None:
        with suppress(Error):
            conditions.clear(kind, subject)


def _was_answered_lately(now: datetime) -> bool:
    """Did any run get an answer from the vendor lately? Then one refusal is no news of the account."""
    since = now - LATELY
    newest = VerificationAttempt.objects.order_by("-id")
    with suppress(Error):
        answered = [
            newest.filter(outcome=outcome).values_list("finished_at", flat=True).first() for outcome in ANSWERED
        ]
        return any(moment and moment > since for moment in answered)
    return False


def _database_times(run: str, now: datetime) -> Iterator[datetime]:
    """The database's clock when the run began, and the newest time that anybody wrote, if it lies in the future."""
    begun_at = WorkerRun.objects.filter(id=run).values_list("alive_at", flat=True).first()
    newest = rows.time_of_first(AuditEvent.objects.order_by("-sequence"))
    if begun_at:
        yield begun_at
    if newest and newest > now:
        yield newest


def _sentence(breaker: CircuitBreaker) -> str:
    if breaker.refused_attempts:
        return f"the vendor refuses calls in {breaker.region}: {breaker.problem}"
    if breaker.is_doubtful:
        return f"the vendor knows no token in {breaker.region}; check LIVENESS_REGION and the account's key"
    code = breaker.problem.code if breaker.problem else "no answer"
    return f"the vendor is out of reach in {breaker.region} ({code}, several attempts in a row)"
