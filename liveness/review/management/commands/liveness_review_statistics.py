"""Bring the figures of the dashboard up to date."""

from argparse import ArgumentParser
from typing import Any

from liveness.conditions import FOR_ANY_WRITE
from liveness.management.base import LivenessCommand
from liveness.management.console import as_json, cannot_run, is_terminal, progress
from liveness.review.dashboard import hourly_statistics


class Command(LivenessCommand):
    help = (
        "Folds what the audit chain has recorded since the last time into the figures of the dashboard. Safe to run "
        "twice at once and at any time; for cron, once a minute."
    )
    needs = FOR_ANY_WRITE

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--limit", type=int, help="at most so many events")
        parser.add_argument("--rebuild", action="store_true", help="drop the figures and fold from the first event")
        parser.add_argument("--json", action="store_true", help="print the numbers as one JSON object")
        parser.add_argument("--no-progress", action="store_true", help="no progress bar")

    def handle(self, *args: Any, **options: Any) -> None:
        limit = options["limit"]
        if limit is not None and limit < 1:
            raise cannot_run("--limit must be at least 1.")
        if options["rebuild"]:
            hourly_statistics.forget()
        folded = self._fold(limit, wanted=not options["no_progress"])
        behind = hourly_statistics.state().behind
        if options["json"]:
            self.stdout.write(as_json({"folded": folded, "behind": behind}))
        elif is_terminal():
            self.stdout.write(f"{folded} events folded, {behind} behind")

    def _fold(self, limit: int | None, *, wanted: bool) -> int:
        behind = hourly_statistics.state().behind
        total = behind if limit is None else min(limit, behind)
        with progress("Folding", total=total, wanted=wanted) as advance:
            return hourly_statistics.update(limit, progress=lambda done: advance(done, ""))
