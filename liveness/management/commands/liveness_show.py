"""Show one attempt on the terminal or as JSON."""

from argparse import ArgumentParser
from typing import Any

from liveness.attempts import report as attempt_report
from liveness.attempts.wording import shown_code
from liveness.management.base import LivenessCommand
from liveness.management.console import as_json, some_failed


class Command(LivenessCommand):
    help = "Shows what is known of one attempt, by its SdkToken or its id."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("attempt", help="SdkToken or attempt id")
        parser.add_argument("--json", action="store_true", help="one JSON object")

    def handle(self, *args: Any, **options: Any) -> None:
        attempt = attempt_report.find(options["attempt"])
        if attempt is None:
            raise some_failed("No such attempt is registered; see liveness_register.")
        shown = attempt_report.attempt_report(attempt)
        if options["json"]:
            self.stdout.write(as_json(shown))
            return
        for name, value in shown.items():
            if name != "media":
                text = shown_code(value) if name == "result_code" else value
                self.stdout.write(f"{name.replace('_', ' '):18} {'' if text is None else text}")
        for media in shown["media"]:
            words = " ".join(str(value) for value in media.values() if value)
            self.stdout.write(f"{'media':18} {words}")
