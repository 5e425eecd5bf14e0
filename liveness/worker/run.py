"""One run of the engine: a few threads that ask the vendor, and others that fetch the files of what it answered."""

import logging
import threading
import time
import traceback
from collections.abc import Callable
from contextlib import suppress
from functools import partial

from django.db import Error, connection

from liveness import counters
from liveness.attempts import life_cycle
from liveness.client.types import LivenessResult
from liveness.exceptions import LeaseLostError
from liveness.media import files as media_files
from liveness.media import rolling_check
from liveness.models import VerificationAttempt
from liveness.polling import completion_statistics, leases
from liveness.ratelimit.limiter import Limiter
from liveness.worker import bulk_actions, failures
from liveness.worker.download_pool import DownloadPool
from liveness.worker.health import RunHealth
from liveness.worker.heartbeat import Heartbeat
from liveness.worker.interval import Interval
from liveness.worker.memory import Memory
from liveness.worker.processor import AttemptProcessor
from liveness.worker.run_report import RunReport
from liveness.worker.work_queue import Job, RunOptions, WorkQueue

WAIT_SECONDS = 0.2
# Seconds for which a poll waits for room among the downloads. Then it is made all the same: results come before files.
# A run that ends would leave files to the next one, and the link idle until then.
ROOM_PATIENCE, ENDLESS_PATIENCE = 30.0, 0.2
# Seconds that a run reads stored files again: an endless run in each minute, and one that ends at its end.
CHECK_SECONDS, ENDING_SECONDS = 1.0, 20.0
# A run that is told to stop finishes what it holds; after so many seconds it leaves the rest to the next run.
SHUTDOWN_SECONDS = 8.0
# An endless run tells what it did when it comes to rest, and at least so often, in seconds.
REPORT_SECONDS = 60.0
SILENT_TOO_LONG = "it gave no sign of life for 30 s, as when a machine sleeps or its database is away"

Progress = Callable[[RunReport], None]
logger = logging.getLogger(__name__)


class Run:
    """One pass over the attempts that its options name, or an endless one; see `WorkQueue` for what it works on."""

    def __init__(
        self,
        options: RunOptions,
        limiter: Limiter,
        stop: threading.Event,
        *,
        memory: Memory,
        is_continuous: bool = False,
    ) -> None:
        self.summary = RunReport()
        poller_state, self._clock, self._breakers = memory.poller_state, memory.clock, memory.breakers
        self._poller_state = poller_state
        self._options = options
        self._stop = stop
        self._halt = threading.Event()
        self._failure: Exception | None = None
        self._stopped_at: float | None = None
        self._heartbeat = Heartbeat(self._die)
        self._health = RunHealth(memory, self.summary, options.actor)
        self._queue = WorkQueue(
            options,
            self._heartbeat.run,
            poller_state,
            is_continuous=is_continuous,
            clock=self._clock,
            blocked_regions=self._breakers.blocked_regions,
        )
        self._downloads = DownloadPool()
        self._worker = AttemptProcessor(
            self._heartbeat.run,
            limiter,
            self.summary,
            self._halt,
            options.actor,
            poller_state,
            clock=self._clock,
            breakers=self._breakers,
            since=self._clock.monotonic(),
        )

    def run(self, progress: Progress | None = None, report: Progress | None = None) -> RunReport:
        """Work until nothing is left, the caller's event is set, or the vendor or the settings end it.

        `progress` is called all the time, `report` whenever an endless run has something to tell. Raises what nobody
        foresaw, such as DatabaseError; the leases then run out.
        """
        media_files.sweep()
        self._heartbeat.start()
        # Daemons, so that a call that outlasts our patience does not keep the process alive.
        threads = [threading.Thread(target=self._loop, daemon=True) for _ in range(self._options.workers)]
        try:
            self._look_around()
            for thread in threads:
                thread.start()
            self._wait(threads, progress, report)
            self._verify_requested(ENDING_SECONDS if self._options.seconds is None else CHECK_SECONDS)
        finally:
            self._halt.set()
            self._end()
        self._conclude()
        return self.summary

    def _wait(self, threads: list[threading.Thread], progress: Progress | None, report: Progress | None) -> None:
        telling, tidying = Interval(REPORT_SECONDS), Interval(REPORT_SECONDS)
        while any(thread.is_alive() for thread in threads):
            for thread in threads:
                thread.join(WAIT_SECONDS / len(threads))
            counters.flush_if_due()
            self._health.tick(is_tidying=tidying.is_over)
            if progress:
                progress(self.summary)
            if report and self.summary.has_news and (self._queue.is_idle or telling.is_over):
                report(self.summary.drain())
                telling.restart()
            if tidying.is_over:
                tidying.restart()
                self._tidy()
            if self._stop.is_set():
                self._halt.set()
                self._stopped_at = self._stopped_at or time.monotonic()
                if time.monotonic() - self._stopped_at > SHUTDOWN_SECONDS:
                    return

    def _tidy(self) -> None:
        media_files.sweep()
        completion_statistics.update(now=self._clock.now())
        self._look_around()
        self._verify_requested(CHECK_SECONDS)
        report = rolling_check.check_some(
            CHECK_SECONDS, actor=self._options.actor, should_stop=self._stop.is_set, clock=self._clock.now
        )
        for line in filter(None, [*report.lines(), report.problem]):
            self.summary.add_note(line)

    def _verify_requested(self, seconds: float) -> None:
        """Read files again that bulk actions ask for."""
        if self._options.is_scheduled and not self._stop.is_set() and bulk_actions.is_waiting():
            bulk_actions.work_on_files(seconds, run=self._heartbeat.run, now=self._clock.now(), stop=self._stop)

    def _look_around(self) -> None:
        self._health.look_at_media_root()
        if self._health.needs_the_time(self._heartbeat.run):
            self._queue.ask_for_the_time()

    def _end(self) -> None:
        """Finish the downloads, or leave them to the next run; give back every lease that is still held."""
        spent = time.monotonic() - self._stopped_at if self._stopped_at else 0.0
        given_up = self._downloads.drain(max(1.0, SHUTDOWN_SECONDS - spent))
        with suppress(Error):
            if held := self._queue.held:
                leases.release(held, run=self._heartbeat.run)
            if self._queue.has_requested:
                bulk_actions.give_back(self._heartbeat.run)
            completion_statistics.update(now=self._clock.now())
        self._heartbeat.stop()
        if given_up and not self.summary.has_died:
            self.summary.stopped = f"{given_up} downloads took too long to finish"
        counters.flush()

    def _conclude(self) -> None:
        """Say in the summary how the run ended. Raises what nobody foresaw."""
        self._health.finish()
        if self._failure:
            failures.conclude(self.summary, self._failure)
        self._report_held()

    def _report_held(self) -> None:
        """A person who named an attempt must learn that another run has it."""
        named = set(self._options.named or ()) - self._queue.taken
        if named and not (self._stop.is_set() or self._failure):
            for attempt in VerificationAttempt.objects.filter(id__in=named).exclude(lease_run=""):
                self.summary.add_problem(leases.describe(attempt), attempt)

    def _die(self) -> None:
        """The run was silent for so long that others may have taken what it held."""
        self.summary.stopped, self.summary.has_died = SILENT_TOO_LONG, True
        self._halt.set()

    def _loop(self) -> None:
        try:
            while not self._halt.is_set() and self._make_room() and (job := self._queue.next(self._halt)):
                self._guarded(job, partial(self._poll, job))
        except LeaseLostError:
            self._die()
        except Exception as failure:
            # Without a database there is nothing to lease; the thread that started the run tells it.
            self._stop_for(failure)
        finally:
            connection.close()

    def _make_room(self) -> bool:
        """Polls slow down while downloads wait for a slow disk or link, but not for a host that is away; False when
        the run ends."""
        until = time.monotonic() + (ENDLESS_PATIENCE if self._queue.is_continuous else ROOM_PATIENCE)
        while not (self._halt.is_set() or self._stop.is_set()):
            is_vain = not self._poller_state.downloads.is_good or time.monotonic() > until
            if is_vain or self._downloads.wait_for_room(WAIT_SECONDS):
                return True
        return False

    def _poll(self, job: Job) -> None:
        result = self._worker.poll(job)
        if result is None:
            self._finish(job)
        elif self._downloads.is_overfull():
            self._leave(job)
        else:
            job.is_fetching = True
            if not self._downloads.submit(partial(self._guarded, job, partial(self._fetch, job, result))):
                self._finish(job)

    def _fetch(self, job: Job, result: LivenessResult) -> None:
        if self._queue.is_late:
            self._leave(job)
        elif not self._worker.fetch(job, result):
            self._finish(job)
        elif self._queue.is_late:
            self._leave(job)
        else:
            self._queue.again(job)

    def _leave(self, job: Job) -> None:
        if self._queue.is_continuous:
            # Its calls had better go to results. A run that ends goes on waiting for room.
            self._poller_state.downloads.update(is_success=False)
        self._worker.leave(job)
        self._finish(job)

    def _finish(self, job: Job) -> None:
        try:
            self._worker.release(job)
            if job.is_requested:
                bulk_actions.finish(job.attempt.id, job.problem, now=self._clock.now())
        finally:
            self._queue.done(job)
            self.summary.finish()

    def _guarded(self, job: Job, step: Callable[[], None]) -> None:
        try:
            step()
        except LeaseLostError:
            self.summary.add_problem(
                "left to another run, because this one gave no sign of life for a while", job.attempt
            )
            self._queue.done(job)
        except Exception as problem:
            if failures.concern_all(problem):
                self._stop_for(problem)
                self._finish(job)
                return
            # One bad attempt must not end the run, nor come up again at every pass.
            # Not the exception's text or traceback: a database's message may quote the token.
            where = traceback.extract_tb(problem.__traceback__)[-1]
            logger.error("%s in %s, line %s", type(problem).__name__, where.filename, where.lineno)
            self._put_off(job.attempt, f"the refresh failed ({type(problem).__name__}); see the log")
            self._finish(job)
        except BaseException:
            # The thread dies; the others must not wait for it, and the end of the run gives the lease back.
            self._halt.set()
            raise

    def _put_off(self, attempt: VerificationAttempt, problem: str) -> None:
        self.summary.add_problem(problem, attempt)
        try:
            life_cycle.postpone(
                attempt.id, problem, now=self._clock.now(), actor=self._options.actor, run=self._heartbeat.run
            )
        except Exception:
            self._queue.stuck.add(attempt.id)

    def _stop_for(self, failure: Exception) -> None:
        self._failure = self._failure or failure
        self._halt.set()
