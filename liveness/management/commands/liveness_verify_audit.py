"""Check the audit chain, keep the finding, and note or compare anchors."""

import re
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand
from django.db import DatabaseError
from django.utils import timezone

from liveness.management.console import as_json, cannot_run, is_terminal, some_failed
from liveness.services import audit


class Command(BaseCommand):
    help = (
        "Verifies the audit chain and that its tables are protected. Exit 1 names the first bad number, or the table "
        "without triggers. Keep the printed anchor (NUMBER:HASH) outside the database: given again with --anchor, it "
        "proves that the chain up to there was neither cut nor rewritten. The finding is kept for the audit page."
    )

    requires_system_checks = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--anchor", action="append", default=[], metavar="NUMBER:HASH", help="noted earlier")
        parser.add_argument("--print-anchor", action="store_true", help="print the anchor of the newest event")
        parser.add_argument("--json", action="store_true", help="print the finding as one JSON object")

    def handle(self, *args: Any, **options: Any) -> None:
        begun_at = timezone.now()
        verdict = audit.verify([_anchor(text) for text in options["anchor"]])
        try:
            audit.keep(verdict, now=begun_at)
        except DatabaseError as problem:
            # A copy that is checked read-only keeps nothing; what was found counts all the same.
            self.stderr.write(f"The finding could not be kept: {problem}")
        open_tables = ", ".join(audit.unprotected_tables())
        gap = f"append-only triggers are missing on {open_tables}" if open_tables else ""
        anchor = f"{verdict.events}:{verdict.head}"
        if options["json"]:
            finding = {"events": verdict.events, "anchor": anchor, "broken_at": verdict.broken_at}
            self.stdout.write(as_json(finding | {"reason": verdict.reason or gap}))
        if verdict.broken_at is not None:
            raise some_failed(f"The audit chain is broken at {verdict.broken_at}: {verdict.reason}.")
        if options["print_anchor"]:
            self.stdout.write(anchor)
        elif is_terminal() and not options["json"]:
            self.stdout.write(f"{verdict.events} events verified, anchor {anchor}")
        if gap:
            raise some_failed(f"The audit chain is sound, but {gap}.")


def _anchor(text: str) -> tuple[int, str]:
    if not re.fullmatch("[0-9]{1,18}:[0-9a-fA-F]{64}", text):
        raise cannot_run(f"{text!r} is not an anchor; it looks like 1234:<64 hex digits>.")
    number, digest = text.split(":")
    return int(number), digest
