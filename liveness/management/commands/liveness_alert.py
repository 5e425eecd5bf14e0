"""Tell the operator what was lost and what is in danger."""

from argparse import ArgumentParser
from typing import Any

from django.utils import timezone

from liveness.audit import Actor
from liveness.checks.settings import check_alarms
from liveness.management.base import LivenessCommand
from liveness.management.console import SOME_FAILED, as_json, cannot_run
from liveness.monitoring import alerts


class Command(LivenessCommand):
    help = (
        "Tells, by LIVENESS_ALERT_EMAILS and LIVENESS_ALERT_COMMAND, what was lost since it told last and what is in "
        "danger; without either, on standard error. Run it every minute; it is quiet when there is nothing new."
    )
    # Cron runs it every minute, and the next run goes on.
    passing_code = SOME_FAILED
    # It says of all parts what stands, and of what it says already nothing twice.
    needs = ()

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--json", action="store_true", help="print the dangers and what was sent as one object")

    def handle(self, *args: Any, **options: Any) -> None:
        for problem in check_alarms():
            raise cannot_run(f"{problem.msg} {problem.hint}")
        done = alerts.send(now=timezone.now(), actor=Actor.system("liveness_alert"))
        if options["json"]:
            self.stdout.write(as_json(done.facts))
        for line in done.lines:
            self.stderr.write(line)
        self.refuse_while(said="\n".join(done.lines))
        if done.is_bad:
            raise SystemExit(SOME_FAILED)
