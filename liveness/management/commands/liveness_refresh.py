"""Ask the vendor about what is due, and fetch the media of what is finished."""

import signal
import threading
from argparse import ArgumentParser
from types import FrameType
from typing import Any
from uuid import UUID

from django.utils import timezone

from liveness import conditions
from liveness.audit import Actor
from liveness.conditions import FOR_ANY_WRITE, Part
from liveness.management.base import LivenessCommand
from liveness.management.console import (
    CANNOT_RUN,
    SOME_FAILED,
    as_json,
    cannot_run,
    is_terminal,
    progress,
    some_failed,
    stop_signals,
)
from liveness.models import VerificationAttempt
from liveness.web import search
from liveness.worker import engine, takeover, waiting
from liveness.worker.engine import RunOptions
from liveness.worker.run_report import RunReport

# No database has more attempts than that, and none takes a larger limit.
MOST = 10**9


class Command(LivenessCommand):
    help = "Refreshes due attempts: one poll each, then their media. Safe to run twice at once and at any time."
    # Cron runs it every minute, and the next run goes on.
    passing_code = SOME_FAILED
    # Each way of running it says in its turn what stands.
    needs = ()

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--limit", type=int, help="at most so many attempts")
        parser.add_argument("--token", action="append", default=[], help="only this token; repeatable")
        parser.add_argument("--attempt", action="append", default=[], help="only the attempt with this id; repeatable")
        parser.add_argument("--force", action="store_true", help="do not wait for the schedule of open attempts")
        parser.add_argument("--workers", type=int, default=4, help="threads (default 4)")
        parser.add_argument("--watch", action="store_true", help="go on until stopped")
        parser.add_argument("--take-over", action="store_true", help="first free what killed runs hold, and name it")
        parser.add_argument("--dry-run", action="store_true", help="say what would be asked; call nobody")
        parser.add_argument("--json", action="store_true", help="print the numbers as one JSON object a run")
        parser.add_argument("--no-progress", action="store_true", help="no progress bar")

    def handle(self, *args: Any, **options: Any) -> None:
        _check(options)
        named, missing = _named(options["token"], options["attempt"])
        run_options = RunOptions(
            limit=options["limit"] and min(options["limit"], MOST),
            workers=options["workers"],
            named=named,
            force=options["force"],
            actor=Actor.system("liveness_refresh"),
        )
        if options["take_over"]:
            self._take_over(is_json=options["json"])
        if options["dry_run"]:
            self.refuse_while({Part.DATABASE})
            self._tell_what_is_due(run_options, is_json=options["json"])
            return
        self.refuse_while(FOR_ANY_WRITE)
        self._run(run_options, options)
        if missing:
            raise some_failed(f"{missing} of the named attempts are not registered; see liveness_register.")

    def _run(self, run_options: RunOptions, options: dict[str, Any]) -> None:
        stop, told = _stop_on_signals(), RunReport()
        with progress("Refreshing", total=_total(run_options, options), wanted=not options["no_progress"]) as advance:

            def show(summary: RunReport) -> None:
                stored = told.counts.media_stored + summary.counts.media_stored
                advance(told.done + summary.done, f"{stored} files stored")

            def report(summary: RunReport) -> None:
                told.done += summary.done
                told.add(media_stored=summary.counts.media_stored)
                with advance.aside():
                    self._report(summary, is_json=options["json"])

            if options["watch"]:
                engine.watch(run_options, stop=stop, report=report, progress=show)
                return
            summary = engine.run(run_options, stop=stop, progress=show)
        if stop.is_set():
            summary.stopped = summary.stopped or "it was told to stop"
        self._report(summary, is_json=options["json"])
        self._say_what_stands("\n".join(summary.lines()))
        if not summary.is_clean:
            raise SystemExit(SOME_FAILED)

    def _say_what_stands(self, said: str) -> None:
        """Exit 2 for what an operator must put right. Files that wait for it are named until they are tried again."""
        is_waiting = waiting.is_for_storage() or conditions.active(timezone.now(), {Part.STORAGE})
        if is_waiting and (then := waiting.next_files_at()):
            self.stderr.write(f"Files are tried again from {then:%Y-%m-%d %H:%M:%S} UTC, or now with --force.")
        self.refuse_while(said=said)

    def _report(self, summary: RunReport, *, is_json: bool) -> None:
        """The numbers on standard output, what went wrong on standard error; exit 2 when an operator must act."""
        numbers = summary.as_dict()
        if is_json:
            self.stdout.write(as_json(numbers))
        elif is_terminal():
            shown = (f"{value} {name.replace('_', ' ')}" for name, value in numbers.items() if value)
            self.stdout.write(", ".join(shown))
        for line in summary.lines():
            self.stderr.write(line)
        if summary.failure:
            raise SystemExit(CANNOT_RUN)

    def _take_over(self, *, is_json: bool) -> None:
        for freed in takeover.take_over(_stop_on_signals()):
            seconds, ids = round(freed.silence.total_seconds()), freed.attempts
            if is_json:
                self.stdout.write(as_json({"freed": ids, "host": freed.host, "silent_seconds": seconds}))
            else:
                named = f": {', '.join(ids)}" if ids else ""
                self.stdout.write(f"Freed {len(ids)} attempts of a run on {freed.host}, silent for {seconds} s{named}")

    def _tell_what_is_due(self, run_options: RunOptions, *, is_json: bool) -> None:
        due = run_options.candidates(timezone.now())
        count = due.count() if run_options.limit is None else min(run_options.limit, due.count())
        if is_json:
            self.stdout.write(as_json(RunReport().as_dict() | {"due": count}))
            return
        self.stdout.write(f"{count} attempts would be asked")
        for attempt in due[: run_options.limit or 20]:
            self.stdout.write(f"{attempt.public_id} {attempt.outcome} {attempt.subject_reference}")


def _check(options: dict[str, Any]) -> None:
    if options["workers"] < 1 or (options["limit"] is not None and options["limit"] < 1):
        raise cannot_run("--workers and --limit must be at least 1.")
    if options["watch"] and (options["force"] or options["token"] or options["attempt"] or options["limit"]):
        raise cannot_run("--watch keeps to the schedule: give it without --force, --limit, --token and --attempt.")


def _named(tokens: list[str], ids: list[str]) -> tuple[list[int] | None, int]:
    """The keys of the named attempts (None when none is named), and how many names are not registered."""
    if not tokens and not ids:
        return None, 0
    public_ids = {_uuid(text) for text in ids}
    typed = [token for token in tokens if search.is_searchable(token)]
    by_token = set(VerificationAttempt.objects.filter(sdk_token__in=typed).values_list("id", flat=True))
    by_id = set(VerificationAttempt.objects.filter(public_id__in=public_ids).values_list("id", flat=True))
    missing = len(set(tokens)) + len(public_ids) - len(by_token) - len(by_id)
    return sorted(by_token | by_id), missing


def _uuid(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError:
        # What was typed may be a token, so it is not repeated.
        raise cannot_run("--attempt takes an attempt id; use --token for an SdkToken.") from None


def _total(run_options: RunOptions, options: dict[str, Any]) -> int | None:
    """How many attempts the bar counts to, where there is a bar and an end."""
    if options["watch"] or not is_terminal():
        return None
    count = run_options.candidates(timezone.now()).count()
    return count if run_options.limit is None else min(count, run_options.limit)


def _stop_on_signals() -> threading.Event:
    """An event that SIGTERM, SIGINT and SIGHUP set."""
    stop = threading.Event()

    def end(number: int, frame: FrameType | None) -> None:
        stop.set()

    if threading.current_thread() is threading.main_thread():
        stop_signals(end, signal.SIGINT)
    return stop
