"""Check the audit chain, keep the finding, and note or compare anchors."""

import re
from argparse import ArgumentParser
from typing import Any

from django.db import DatabaseError, InterfaceError
from django.utils import timezone

from liveness import audit, conditions
from liveness.audit import Verdict
from liveness.conditions import schema
from liveness.database import outages
from liveness.exceptions import AuditKeyError
from liveness.management.base import LivenessCommand
from liveness.management.console import as_json, cannot_run, is_terminal, some_failed

KEY_IS_NEW = (
    "The newest event was written with a previous key: no process has written with the current one yet. That is right "
    "only just after the key was changed."
)


class Command(LivenessCommand):
    help = (
        "Verifies the audit chain and that its tables are protected. Exit 1 names the first bad number, or the table "
        "without triggers. Keep the printed anchor (NUMBER:HASH) outside the database: given again with --anchor, it "
        "proves that the chain up to there was neither cut nor rewritten. The finding is kept for the audit page. Exit "
        "2: a key is missing or the database does not answer, so the chain could not be verified."
    )
    # A copy that takes no write can be verified all the same.
    needs = ()

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--anchor", action="append", default=[], metavar="NUMBER:HASH", help="noted earlier")
        parser.add_argument("--print-anchor", action="store_true", help="print the anchor of the newest event")
        parser.add_argument("--json", action="store_true", help="print the finding as one JSON object")

    def handle(self, *args: Any, **options: Any) -> None:
        anchors = [_anchor(text) for text in options["anchor"]]
        if found := schema.look():
            raise cannot_run(found.text)
        try:
            verdict, open_tables = self._look(anchors)
        except (DatabaseError, InterfaceError) as problem:
            if conditions.explain(problem):
                raise
            # Its own text may hold an address, and says nothing about the chain.
            name = type(problem).__name__
            raise cannot_run(f"The database does not work as it should ({name}); the chain is not verified.") from None
        gap = f"append-only triggers are missing on {', '.join(open_tables)}" if open_tables else ""
        self._print(verdict, gap, options)
        if verdict.broken_at is not None:
            raise some_failed(f"The audit chain is broken at {verdict.broken_at}: {verdict.reason}.")
        if verdict.is_key_new:
            self.stderr.write(KEY_IS_NEW)
        if gap:
            raise some_failed(f"The audit chain is sound, but {gap}.")

    def _look(self, anchors: list[tuple[int, str]]) -> tuple[Verdict, list[str]]:
        """Verify and keep the finding. Raises CommandError when a key is missing, and DatabaseError."""
        begun_at = timezone.now()
        verdict = audit.verify(anchors)
        try:
            audit.refuse_without_key(verdict)
        except AuditKeyError as problem:
            raise cannot_run(str(problem)) from None
        try:
            audit.keep(verdict, now=begun_at)
        except DatabaseError as problem:
            # A copy that is checked read-only keeps nothing; what was found counts all the same.
            outage = outages.of(problem)
            self.stderr.write(f"The finding could not be kept: {outage.line if outage else type(problem).__name__}")
        return verdict, audit.unprotected_tables()

    def _print(self, verdict: Verdict, gap: str, options: dict[str, Any]) -> None:
        anchor = f"{verdict.events}:{verdict.head}"
        if options["json"]:
            finding = {"events": verdict.events, "anchor": anchor, "broken_at": verdict.broken_at}
            self.stdout.write(as_json(finding | {"reason": verdict.reason or gap}))
        if verdict.broken_at is not None:
            return
        if options["print_anchor"]:
            self.stdout.write(anchor)
        elif is_terminal() and not options["json"]:
            self.stdout.write(f"{verdict.events} events verified, anchor {anchor}")


def _anchor(text: str) -> tuple[int, str]:
    if not re.fullmatch("[0-9]{1,18}:[0-9a-fA-F]{64}", text):
        raise cannot_run(f"{text!r} is not an anchor; it looks like 1234:<64 hex digits>.")
    number, digest = text.split(":")
    return int(number), digest
