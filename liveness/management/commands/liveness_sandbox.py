"""Run the local FaceID for development, demos and tests."""

from argparse import ArgumentParser, ArgumentTypeError
from contextlib import suppress
from types import FrameType
from typing import Any

from liveness.management.base import LivenessCommand
from liveness.management.console import as_json, cannot_run, stop_signals
from liveness.sandbox import remote
from liveness.sandbox.control import PREFIX
from liveness.sandbox.errors import SandboxError
from liveness.sandbox.server import RATE_LIMIT, URL_TTL, Sandbox
from liveness.sandbox.subjects import SUBJECTS


class Command(LivenessCommand):
    help = (
        "Serves a local FaceID that speaks the vendor's wire protocol, with simulated people. Loopback only. With "
        "--issue it asks one that runs already for a token, and ends."
    )
    # It needs no database.
    needs = ()

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--port", type=_port, default=9000, help="default 9000; 0 takes a free one")
        parser.add_argument("--speed", type=float, default=1.0, help="how much faster than the world tokens age")
        parser.add_argument("--rate-limit", type=int, default=RATE_LIMIT, help="calls a second (default 20)")
        parser.add_argument("--url-ttl", type=float, default=URL_TTL, help="seconds for which a media link works")
        parser.add_argument("--json", action="store_true", help="print address and demo key, or the token, as JSON")
        parser.add_argument(
            "--issue",
            metavar="SCENARIO",
            help=f"print a fresh token of the sandbox that runs on --port; scenarios: {', '.join(SUBJECTS)}",
        )
        parser.add_argument(
            "--finishes-after",
            type=float,
            metavar="SECONDS",
            help="with --issue: the person is done so long after issue, 0 at once (default: as the scenario takes)",
        )
        parser.add_argument(
            "--issued-ago", type=float, default=0.0, metavar="SECONDS", help="with --issue: make the token this old"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        if options["issue"]:
            self._issue(options)
        else:
            self._serve(options)

    def _issue(self, options: dict[str, Any]) -> None:
        ages = {"finishes_after": options["finishes_after"], "issued_ago": options["issued_ago"]}
        try:
            token = remote.issue(options["port"], options["issue"], **ages)
        except SandboxError as problem:
            raise cannot_run(str(problem)) from None
        self.stdout.write(as_json({"SdkToken": token}) if options["json"] else token)

    def _serve(self, options: dict[str, Any]) -> None:
        try:
            sandbox = Sandbox(
                options["port"],
                speed=options["speed"],
                rate_limit=options["rate_limit"],
                url_ttl=options["url_ttl"],
            )
        except SandboxError as problem:
            raise cannot_run(str(problem)) from None
        stop_signals(_interrupt)
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
            self.stdout.write(as_json(facts | {"control": sandbox.url + PREFIX}))
        else:
            self.stdout.write(f"A local FaceID answers on {sandbox.url}; stop it with Ctrl-C. To use it, type in the")
            self.stdout.write("shell that runs the project (its settings must read these, see README.md):")
            self.stdout.write("\n".join(f"export {name}={value}" for name, value in facts.items()))
            self.stdout.write(f"Tokens: manage.py liveness_sandbox --issue pass_amara --port {sandbox.port}")
            self.stdout.write(f"Control plane: {sandbox.url}{PREFIX} (docs/operating.md, Sandbox)")
        self.stdout.flush()


def _interrupt(number: int, frame: FrameType | None) -> None:
    raise KeyboardInterrupt


def _port(text: str) -> int:
    if not (text.isascii() and text.isdigit() and int(text) <= 65535):
        raise ArgumentTypeError(f"{text!r} is no port; give a number up to 65535.")
    return int(text)
