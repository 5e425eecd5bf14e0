"""Ask the vendor about what is due, and fetch the media of what is finished."""

import os
import signal
import threading
from argparse import ArgumentParser
from types import FrameType
from typing import Any
from uuid import UUID

from django.core.exceptions import ImproperlyConfigured
from django.core.management.base import BaseCommand
from django.utils import timezone

from liveness.client.errors import ConfigurationError, FaceIdError
from liveness.exceptions import AccountError
from liveness.management.console import SOME_FAILED, as_json, cannot_run, is_terminal, progress, some_failed
from liveness.models import VerificationAttempt
from liveness.refresh import engine
from liveness.refresh.engine import Plan
from liveness.refresh.summary import Summary
from liveness.services.audit import Actor

# A run that is told to stop finishes what it holds; after this many seconds it leaves it to the next run.
PATIENCE = 10.0


class Command(BaseCommand):
    help = "Refreshes due attempts: one poll each, then their media. Safe to run twice at once and at any time."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--limit", type=int, help="at most so many attempts")
        parser.add_argument("--token", action="append", default=[], help="only this token; repeatable")
        parser.add_argument("--attempt", action="append", default=[], help="only the attempt with this id; repeatable")
        parser.add_argument("--force", action="store_true", help="do not wait for the schedule of open attempts")
        parser.add_argument("--workers", type=int, default=4, help="threads (default 4)")
        parser.add_argument("--watch", action="store_true", help="go on until stopped")
        parser.add_argument("--dry-run", action="store_true", help="say what would be asked; call nobody")
        parser.add_argument("--json", action="store_true", help="print the numbers as one JSON object a run")
        parser.add_argument("--no-progress", action="store_true", help="no progress bar")

    def handle(self, *args: Any, **options: Any) -> None:
        if options["workers"] < 1 or (options["limit"] is not None and options["limit"] < 1):
            raise cannot_run("--workers and --limit must be at least 1.")
        plan = Plan(
            limit=options["limit"],
            workers=options["workers"],
            named=_named(options["token"], options["attempt"]),
            force=options["force"],
            actor=Actor.system("liveness_refresh"),
        )
        if options["dry_run"]:
            self._tell_what_is_due(plan, is_json=options["json"])
            return
        try:
            self._run(plan, options)
        except (FaceIdError, ConfigurationError, AccountError, ImproperlyConfigured) as problem:
            raise cannot_run(str(problem)) from None

    def _run(self, plan: Plan, options: dict[str, Any]) -> None:
        stop = _stop_on_signals()
        is_json = options["json"]
        total = plan.candidates(timezone.now()).count() if not options["watch"] and is_terminal() else None
        with progress("Refreshing", total=total, wanted=not options["no_progress"]) as advance:

            def show(summary: Summary) -> None:
                advance(summary.counts.polled, f"{summary.counts.media_stored} files stored")

            if options["watch"]:
                engine.watch(plan, stop=stop, report=lambda done: self._report(done, is_json), progress=show)
                return
            summary = engine.run(plan, stop=stop, progress=show)
        self._report(summary, is_json, is_always=True)
        if summary.problems or summary.stopped or summary.counts.media_lost:
            raise SystemExit(SOME_FAILED)

    def _report(self, summary: Summary, is_json: bool, *, is_always: bool = False) -> None:
        numbers = summary.as_dict()
        did_something = is_always or any(value for name, value in numbers.items() if name != "seconds")
        if is_json and did_something:
            self.stdout.write(as_json(numbers))
        elif is_terminal() and did_something:
            shown = ", ".join(f"{value} {name.replace('_', ' ')}" for name, value in numbers.items() if value)
            self.stdout.write(shown)
        for line in summary.lines():
            self.stderr.write(line)

    def _tell_what_is_due(self, plan: Plan, *, is_json: bool) -> None:
        due = plan.candidates(timezone.now())
        count = due.count() if plan.limit is None else min(plan.limit, due.count())
        if is_json:
            self.stdout.write(as_json(Summary().as_dict() | {"due": count}))
            return
        self.stdout.write(f"{count} attempts would be asked")
        for attempt in due[: plan.limit or 20]:
            self.stdout.write(f"{attempt.public_id} {attempt.outcome} {attempt.subject_reference}")


def _named(tokens: list[str], ids: list[str]) -> list[int] | None:
    if not tokens and not ids:
        return None
    by_token = VerificationAttempt.objects.filter(sdk_token__in=tokens)
    by_id = VerificationAttempt.objects.filter(public_id__in=[_uuid(text) for text in ids])
    missing = len(set(tokens)) + len(set(ids)) - by_token.count() - by_id.count()
    if missing:
        raise some_failed(f"{missing} of the named attempts are not registered; see liveness_register.")
    return sorted({*by_token.values_list("id", flat=True), *by_id.values_list("id", flat=True)})


def _uuid(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError:
        raise cannot_run(f"{text!r} is not an attempt id; use --token for an SdkToken.") from None


def _stop_on_signals() -> threading.Event:
    """An event that SIGTERM and SIGINT set; the process ends by force when its work takes too long to finish."""
    stop = threading.Event()

    def end(number: int, frame: FrameType | None) -> None:
        stop.set()
        timer = threading.Timer(PATIENCE, os._exit, args=(SOME_FAILED,))
        timer.daemon = True
        timer.start()

    if threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGTERM, end)
        signal.signal(signal.SIGINT, end)
    return stop
