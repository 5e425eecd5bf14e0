"""Compare media rows and files; with a flag, settle what does not agree. Nothing is ever deleted."""

from argparse import ArgumentParser
from collections import Counter
from typing import Any

from django.utils import timezone

from liveness.audit import Actor
from liveness.conditions import FOR_ANY_WRITE
from liveness.exceptions import MediaError
from liveness.management.base import LivenessCommand
from liveness.management.console import as_json, cannot_run, is_terminal, some_failed
from liveness.media import adoption, media_root
from liveness.media.adoption import Choice
from liveness.media.reconcile import Finding, Kind, Scan

ACTOR = Actor.system("liveness_reconcile")
# So many findings are printed; `--json` holds more.
NAMED, NAMED_IN_JSON = 100, 10_000


class Command(LivenessCommand):
    help = (
        "Compares media rows and files and changes nothing. Exit 0: they agree; 1: they do not; 2: LIVENESS_MEDIA_ROOT "
        "is not the right directory. With --adopt, --quarantine or --give-up it acts, each act is an audit event, and "
        "no file is deleted."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--adopt", action="store_true", help="give rows the files whose digests are theirs")
        parser.add_argument("--quarantine", action="store_true", help="move other files to quarantine/DATE in the root")
        parser.add_argument("--give-up", action="store_true", help="note rows as lost whose files are gone for good")
        parser.add_argument("--quick", action="store_true", help="compare sizes only, no digests")
        parser.add_argument("--mark", action="store_true", help="accept this LIVENESS_MEDIA_ROOT as the media root")
        parser.add_argument("--force", action="store_true", help="with --mark: even if the files are not there")
        parser.add_argument("--json", action="store_true", help="print the findings as one JSON object")

    def handle(self, *args: Any, **options: Any) -> None:
        if options["mark"] or _choices(options):
            self.refuse_while(FOR_ANY_WRITE)
        try:
            if options["mark"]:
                media_root.mark(actor=ACTOR, is_forced=options["force"])
            if problem := media_root.advice(is_reading=not _choices(options)):
                raise cannot_run(problem)
            scan = Scan(is_quick=options["quick"])
            findings = list(scan.findings())
            adoption.settle(findings, _choices(options), now=timezone.now(), actor=ACTOR)
        except MediaError as problem:
            raise cannot_run(str(problem)) from None
        self._report(scan, findings, is_json=options["json"])

    def _report(self, scan: Scan, findings: list[Finding], *, is_json: bool) -> None:
        left = [finding for finding in findings if not finding.is_settled]
        if is_json:
            self.stdout.write(as_json(_as_dict(scan, findings, left)))
        else:
            for finding in findings[:NAMED]:
                self.stdout.write(str(finding))
            if len(findings) > NAMED:
                self.stdout.write(f"{len(findings) - NAMED} more; --json names them")
            if is_terminal() and not left:
                self.stdout.write(f"{scan.rows} rows and {scan.files} files agree")
        if left:
            raise some_failed(f"Rows and files do not agree: {_counted(left)}.")


def _choices(options: dict[str, Any]) -> set[Choice]:
    return {choice for choice in Choice if options[choice.value]}


def _counted(findings: list[Finding]) -> str:
    counts = Counter(finding.kind for finding in findings)
    return ", ".join(f"{counts[kind]} {kind.value}" for kind in Kind if counts[kind])


def _as_dict(scan: Scan, findings: list[Finding], left: list[Finding]) -> dict[str, Any]:
    counts = Counter(finding.kind.value for finding in findings)
    return {
        "agree": not left,
        "rows": scan.rows,
        "files": scan.files,
        "counts": {kind.value: counts[kind.value] for kind in Kind},
        "settled": len(findings) - len(left),
        "findings": [finding.as_dict() for finding in findings[:NAMED_IN_JSON]],
    }
