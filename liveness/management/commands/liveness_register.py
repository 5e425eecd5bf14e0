"""Register one token, or a file of them."""

import sys
from argparse import ArgumentParser
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from django.utils import timezone

from liveness.exceptions import RegistrationError
from liveness.management.base import LivenessCommand
from liveness.management.console import as_json, cannot_run, is_terminal, progress, some_failed
from liveness.services import attempts, intake
from liveness.services.audit import Actor
from liveness.services.intake import Intake

ACTOR = Actor.system("liveness_register")


class Command(LivenessCommand):
    help = (
        "Registers SdkTokens, one by one or from a file. Registering a token again changes nothing, but it can report "
        "with --finished that the check is done, so that its result is fetched next."
    )
    is_writing = True

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("token", nargs="?", help="the SdkToken; other users of this machine can see it in `ps`")
        parser.add_argument("--subject", help="your own reference of the person")
        parser.add_argument("--issued-at", default="", help="ISO 8601 time of issue; now if left out")
        parser.add_argument("--region", default="", help="region that issued it; LIVENESS_REGION if left out")
        parser.add_argument("--finished", action="store_true", help="the app says that the check is done")
        parser.add_argument("--file", help="CSV or JSON lines, `-` for standard input: " + ",".join(intake.COLUMNS))
        parser.add_argument("--json", action="store_true", help="print the numbers as one JSON object")
        parser.add_argument("--no-progress", action="store_true", help="no progress bar")

    def handle(self, *args: Any, **options: Any) -> None:
        if bool(options["file"]) == bool(options["token"]):
            raise cannot_run("Give either a token with --subject, or --file.")
        if options["file"] and options["finished"]:
            raise cannot_run("A file says in its column `finished` which checks are done.")
        try:
            self._from_file(options) if options["file"] else self._one(options)
        except RegistrationError as problem:
            raise cannot_run(str(problem)) from None

    def _one(self, options: dict[str, Any]) -> None:
        if not options["subject"]:
            raise cannot_run("Name the person: --subject REFERENCE.")
        now = timezone.now()
        attempt, created = attempts.register(
            options["token"],
            subject_reference=options["subject"],
            issued_at=intake.parse_issued_at(options["issued_at"]),
            region=options["region"],
            now=now,
            actor=ACTOR,
        )
        if options["finished"]:
            attempts.report_finished(attempt.id, now=now, actor=ACTOR)
        if options["json"]:
            numbers = {"registered": int(created), "duplicates": int(not created), "rejected": 0}
            self.stdout.write(as_json(numbers | {"id": attempt.public_id}))
        else:
            self.stdout.write(f"{'registered' if created else 'already registered'} {attempt.public_id}")

    def _from_file(self, options: dict[str, Any]) -> None:
        result = self._read(options["file"], is_shown=not options["no_progress"])
        if options["json"]:
            self.stdout.write(
                as_json(
                    {
                        "registered": result.registered,
                        "duplicates": result.duplicates,
                        "rejected": len(result.rejected),
                        "problems": [{"line": line, "reason": reason} for line, reason in result.rejected],
                    }
                )
            )
        elif is_terminal():
            self.stdout.write(f"{result.registered} registered, {result.duplicates} already there")
        if result.rejected:
            lines = "\n".join(f"line {line}: {reason}" for line, reason in result.rejected)
            raise some_failed(f"{len(result.rejected)} of {result.total} lines were rejected\n{lines}")

    def _read(self, name: str, *, is_shown: bool) -> Intake:
        result = Intake()
        with _opened(name) as lines, progress("Registering", total=None, wanted=is_shown) as advance:
            for result in intake.register_lines(lines, actor=ACTOR):
                advance(result.total, f"{len(result.rejected)} rejected")
        return result


@contextmanager
def _opened(name: str) -> Iterator[Iterable[str]]:
    """The lines of a file; bytes that are no UTF-8 spoil their own line only."""
    if name == "-":
        sys.stdin.reconfigure(encoding="utf-8", errors="surrogateescape")  # type: ignore[union-attr]
        yield sys.stdin
        return
    try:
        with Path(name).open(encoding="utf-8", errors="surrogateescape", newline="") as lines:
            yield lines
    except OSError as problem:
        raise cannot_run(f"{name} cannot be read: {problem.strerror}.") from None
