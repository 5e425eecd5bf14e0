"""Run the local FaceID for development, demos and tests."""

import signal
from argparse import ArgumentParser
from contextlib import suppress
from types import FrameType
from typing import Any

from django.core.management.base import BaseCommand

from liveness.management.console import as_json, cannot_run
from liveness.sandbox.errors import SandboxError
from liveness.sandbox.server import RATE_LIMIT, URL_TTL, Sandbox


class Command(BaseCommand):
    help = "Serves a local FaceID that speaks the vendor's wire protocol, with simulated people. Loopback only."
    requires_system_checks = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--port", type=int, default=9000, help="default 9000; 0 takes a free one")
        parser.add_argument("--speed", type=float, default=1.0, help="how much faster than the world tokens age")
        parser.add_argument("--rate-limit", type=int, default=RATE_LIMIT, help="calls a second (default 20)")
        parser.add_argument("--url-ttl", type=float, default=URL_TTL, help="seconds for which a media link works")
        parser.add_argument("--json", action="store_true", help="print address and demo key as one JSON object")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            sandbox = Sandbox(
                options["port"],
                speed=options["speed"],
                rate_limit=options["rate_limit"],
                url_ttl=options["url_ttl"],
            )
        except SandboxError as problem:
            raise cannot_run(str(problem)) from None
        signal.signal(signal.SIGTERM, _interrupt)
        with suppress(KeyboardInterrupt):
            self._tell(sandbox, is_json=options["json"])
            sandbox.serve_forever()

    def _tell(self, sandbox: Sandbox, *, is_json: bool) -> None:
        facts = {
            "LIVENESS_ENDPOINT": sandbox.url,
            "LIVENESS_MEDIA_ORIGINS": sandbox.url,
            "TENCENTCLOUD_SECRET_ID": sandbox.secret_id,
            "TENCENTCLOUD_SECRET_KEY": sandbox.secret_key,
        }
        if is_json:
            self.stdout.write(as_json(facts))
        else:
            self.stdout.write(f"A local FaceID answers on {sandbox.url}; stop it with Ctrl-C. To use it:")
            self.stdout.write("\n".join(f"export {name}={value}" for name, value in facts.items()))
        self.stdout.flush()


def _interrupt(number: int, frame: FrameType | None) -> None:
    raise KeyboardInterrupt
