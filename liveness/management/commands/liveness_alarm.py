"""Tell the operator what was lost and what is in danger."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand
from django.db import DatabaseError
from django.utils import timezone

from liveness.checks import check_alarms
from liveness.management.console import SOME_FAILED, as_json, cannot_run, some_failed
from liveness.services import alarms
from liveness.services.audit import Actor


class Command(BaseCommand):
    help = (
        "Tells, by LIVENESS_ALARM_EMAILS and LIVENESS_ALARM_COMMAND, what was lost since it told last and what is in "
        "danger; without either, on standard error. Run it every minute; it is quiet when there is nothing new."
    )
    requires_system_checks = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--json", action="store_true", help="print the dangers and what was sent as one object")

    def handle(self, *args: Any, **options: Any) -> None:
        for problem in check_alarms():
            raise cannot_run(f"{problem.msg} {problem.hint}")
        try:
            done = alarms.tell(now=timezone.now(), actor=Actor.system("liveness_alarm"))
        except DatabaseError as problem:
            raise some_failed(
                f"The database does not answer ({type(problem).__name__}), so nobody can be told what is lost."
            ) from None
        if options["json"]:
            self.stdout.write(as_json(done.facts))
        for line in done.lines:
            self.stderr.write(line)
        if done.is_bad:
            raise SystemExit(SOME_FAILED)
