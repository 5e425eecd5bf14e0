"""Give attempts the review that they lack."""

import sys
from argparse import ArgumentParser
from typing import Any

from liveness.conditions import FOR_ANY_WRITE
from liveness.management.base import LivenessCommand
from liveness.management.console import as_json, cannot_run, is_terminal, progress, some_failed
from liveness.models import VerificationAttempt
from liveness.review.sync import missing
from liveness.review.sync.missing import Tally


class Command(LivenessCommand):
    help = (
        "Gives attempts that were there before the review app their review. Safe to run twice at once and at any time; "
        "a run that was stopped is gone on with by the next."
    )
    needs = FOR_ANY_WRITE

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--all", action="store_true", help="look at every attempt, also at those with a review")
        parser.add_argument("--limit", type=int, help="at most so many attempts")
        parser.add_argument("--json", action="store_true", help="print the numbers as one JSON object")
        parser.add_argument("--no-progress", action="store_true", help="no progress bar")

    def handle(self, *args: Any, **options: Any) -> None:
        if options["limit"] is not None and options["limit"] < 1:
            raise cannot_run("--limit must be at least 1.")
        tally = _run(is_all=options["all"], limit=options["limit"], is_shown=not options["no_progress"])
        self._report(tally, is_json=options["json"])

    def _report(self, tally: Tally, *, is_json: bool) -> None:
        failed = VerificationAttempt.objects.filter(pk__in=tally.failed).values_list("public_id", flat=True)
        names = [str(public_id) for public_id in failed]
        if is_json:
            self.stdout.write(as_json({"checked": tally.checked, "changed": tally.changed, "failed": names}))
        elif is_terminal():
            self.stdout.write(f"{tally.checked} attempts looked at, {tally.changed} reviews brought into step")
        if names:
            raise some_failed("The database refuses the reviews of these attempts:\n" + "\n".join(names))


def _run(*, is_all: bool, limit: int | None, is_shown: bool) -> Tally:
    tally = Tally()
    with progress("Following", total=_total(is_all, limit, is_shown), wanted=is_shown) as advance:
        for tally in missing.catch_up(is_all=is_all, limit=limit):
            advance(tally.checked, f"{tally.changed} brought into step")
    return tally


def _total(is_all: bool, limit: int | None, is_shown: bool) -> int | None:
    """How many attempts the bar counts to, where somebody sees one: counting takes a moment."""
    if not (is_shown and sys.stderr.isatty()):
        return None
    count = missing.attempts(is_all=is_all).count()
    return count if limit is None else min(limit, count)
