"""Register one token, or a file of them."""

import sys
from argparse import ArgumentParser
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from django.db import DatabaseError
from django.utils import timezone

from liveness import conditions
from liveness.attempts import issue_times, life_cycle
from liveness.attempts.bulk_import import reading, writing
from liveness.attempts.bulk_import.records import COLUMNS, Records
from liveness.attempts.bulk_import.writing import ImportResult
from liveness.audit import Actor
from liveness.conditions import FOR_ANY_WRITE
from liveness.database import errors as database_errors
from liveness.exceptions import ChainError, RegistrationError
from liveness.management.base import LivenessCommand
from liveness.management.console import as_json, cannot_run, is_terminal, progress, some_failed

ACTOR = Actor.system("liveness_register")


class Command(LivenessCommand):
    help = (
        "Registers SdkTokens, one by one or from a file. Registering a token again changes nothing, but it can report "
        "with --finished that the check is done, so that its result is fetched next. After a file was interrupted, "
        "give it again: what is registered already is not registered twice."
    )
    needs = FOR_ANY_WRITE

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("token", nargs="?", help="the SdkToken; other users of this machine can see it in `ps`")
        parser.add_argument("--subject", help="your own reference of the person")
        parser.add_argument("--issued-at", default="", help="ISO 8601 time of issue; now if left out")
        parser.add_argument("--region", default="", help="region that issued it; LIVENESS_REGION if left out")
        parser.add_argument("--finished", action="store_true", help="the app says that the check is done")
        parser.add_argument("--file", help="CSV or JSON, `-` for standard input: " + ",".join(COLUMNS))
        parser.add_argument("--timezone", help="zone of times without an offset, like Asia/Hong_Kong")
        parser.add_argument("--encoding", default="", help="encoding of the file, like gb18030; found out if left out")
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
        except DatabaseError as error:
            raise cannot_run(_line(error)) from None

    def _one(self, options: dict[str, Any]) -> None:
        if not (options["subject"] or "").strip():
            raise cannot_run("A token needs --subject REFERENCE, your own reference of the person.")
        now = timezone.now()
        attempt, created = life_cycle.register(
            options["token"],
            subject_reference=options["subject"],
            issued_at=issue_times.parse(options["issued_at"], _zone(options)),
            region=options["region"],
            is_finished=options["finished"],
            now=now,
            actor=ACTOR,
        )
        if options["json"]:
            numbers = {"registered": int(created), "duplicates": int(not created), "rejected": 0}
            self.stdout.write(as_json(numbers | {"id": attempt.public_id}))
        else:
            self.stdout.write(f"{'registered' if created else 'already registered'} {attempt.public_id}")

    def _from_file(self, options: dict[str, Any]) -> None:
        zone = _zone(options)
        records = reading.read(_content(options["file"]), encoding=options["encoding"])
        for note in records.notes:
            self.stderr.write(f"Note: {note}.")
        result = _registered(records, zone, is_shown=not options["no_progress"])
        if options["json"]:
            self.stdout.write(
                as_json(
                    {
                        "registered": result.registered,
                        "duplicates": result.duplicates,
                        "rejected": len(result.rejected),
                        "problems": [{"line": line, "reason": reason} for line, reason in result.rejected],
                        "notes": records.notes,
                    }
                )
            )
        elif is_terminal() or result.duplicates:
            # A file that is given again, after an interruption say, is worth a line: how many were new?
            self.stdout.write(f"{result.registered} registered, {result.duplicates} already there")
        if result.rejected:
            lines = "\n".join(f"line {line}: {reason}" for line, reason in result.rejected)
            raise some_failed(f"{len(result.rejected)} of {result.total} lines were rejected\n{lines}")


def _registered(records: Records, zone: ZoneInfo | None, *, is_shown: bool) -> ImportResult:
    result = ImportResult()
    with progress("Registering", total=len(records.lines), wanted=is_shown) as advance:
        try:
            for result in writing.register(records, actor=ACTOR, zone=zone):
                advance(result.total, f"{len(result.rejected)} rejected")
        except (DatabaseError, ChainError) as error:
            done = f"{result.registered} of {len(records.lines)} lines are newly registered"
            raise cannot_run(f"{_line(error)} {done}; give the same file again for the rest.") from None
    return result


def _line(error: DatabaseError | ChainError) -> str:
    """What is wrong, without a value of the row."""
    if outage := conditions.explain(error):
        return outage.line
    name = database_errors.describe(error) if isinstance(error, DatabaseError) else type(error).__name__
    return f"The database does not work as it should ({name}). Nothing is half registered."


def _zone(options: dict[str, Any]) -> ZoneInfo | None:
    name = options["timezone"]
    try:
        return ZoneInfo(name) if name else None
    except (ValueError, KeyError, OSError):
        raise cannot_run("--timezone names no time zone; use a name like Asia/Hong_Kong.") from None


def _content(name: str) -> bytes:
    # One byte more than may be read shows that a file is too large.
    limit = reading.LARGEST_FILE + 1
    if name == "-":
        return sys.stdin.buffer.read(limit)
    try:
        with Path(name).open("rb") as file:
            return file.read(limit)
    except OSError as problem:
        raise cannot_run(f"{name} cannot be read: {problem.strerror}.") from None
