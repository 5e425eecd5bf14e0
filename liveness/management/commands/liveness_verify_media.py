"""Read stored files again and name those that are damaged."""

from argparse import ArgumentParser
from typing import Any

from liveness.audit import Actor
from liveness.conditions import FOR_ANY_WRITE
from liveness.management.base import LivenessCommand
from liveness.management.console import as_json, cannot_run, is_terminal, some_failed
from liveness.media import rolling_check


class Command(LivenessCommand):
    help = (
        "Reads stored files again, the oldest check first, and compares size and digests. A damaged file is fetched "
        "again while the vendor has it. Exit 1 names damaged and unreadable files; exit 2 says why nothing can be read."
    )
    needs = FOR_ANY_WRITE

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--budget", type=float, metavar="SECONDS", help="stop after this time; default: check all")
        parser.add_argument("--json", action="store_true", help="print what was found as one JSON object")

    def handle(self, *args: Any, **options: Any) -> None:
        budget = options["budget"]
        if budget is not None and not budget > 0:
            raise cannot_run("--budget must be more than 0 seconds.")
        report = rolling_check.check_some(budget, actor=Actor.system("liveness_verify_media"), is_everything=True)
        if options["json"]:
            self.stdout.write(as_json(report.as_dict()))
        elif is_terminal() and report.is_clean:
            self.stdout.write(f"{report.checked} files are sound{'' if report.is_complete else '; time ran out'}")
        for line in report.lines():
            self.stderr.write(line)
        if report.problem:
            raise cannot_run(report.problem)
        if not report.is_clean:
            raise some_failed(
                f"{len(report.damaged)} of {report.checked} files are damaged, {report.denied} unreadable."
            )
