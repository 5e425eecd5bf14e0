"""The sandbox as one object: start it, ask it for tokens, make it misbehave, stop it."""

import ipaddress
import threading
import time
from collections.abc import Sequence
from typing import Any, Self

from liveness.client.signing import Credentials
from liveness.sandbox.clock import SandboxClock
from liveness.sandbox.errors import SandboxError
from liveness.sandbox.faults import Fault
from liveness.sandbox.handler import SandboxServer
from liveness.sandbox.limits import CallLog
from liveness.sandbox.service import FaceIdService
from liveness.sandbox.subjects import SUBJECTS

# Public demonstration values: they open nothing but a sandbox on one's own machine.
DEMO_SECRET_ID = "AKIDSANDBOXEXAMPLE00000000000000000"  # noqa: S105
DEMO_SECRET_KEY = "sandbox-example-key-opens-nothing"  # noqa: S105 - public on purpose
RATE_LIMIT, URL_TTL = 20, 600.0
# How often, in seconds, the listening thread looks whether it should stop.
POLL = 0.02


class Sandbox:
    """A local FaceID on a loopback port, usable as a context manager.

    `port` 0 takes a free one. `speed` makes the sandbox's clock run faster than the world's: tokens and links age
    by that clock (`url_ttl` is in its seconds), while signatures, `Date` headers and the rate limit (calls in any
    second; None lifts it) go by real time. `token` makes the key a temporary one. `scenarios` are those which
    ApplyLivenessToken hands out in turn.

    Raises SandboxError for a host that is not loopback, a busy port, and an unknown scenario.
    """

    def __init__(
        self,
        port: int = 0,
        *,
        host: str = "127.0.0.1",
        secret_id: str = DEMO_SECRET_ID,
        secret_key: str = DEMO_SECRET_KEY,
        token: str | None = None,
        speed: float = 1.0,
        rate_limit: int | None = RATE_LIMIT,
        url_ttl: float = URL_TTL,
        scenarios: Sequence[str] = tuple(SUBJECTS),
    ) -> None:
        if unknown := sorted(set(scenarios) - set(SUBJECTS)):
            raise SandboxError(f"There is no scenario {unknown[0]!r}; choose from {', '.join(SUBJECTS)}.")
        if not speed > 0 or not url_ttl > 0:
            raise SandboxError("The speed and the life of a link must be more than 0.")
        self.secret_id = secret_id
        self.secret_key = secret_key
        self.clock = SandboxClock(speed)
        account = Credentials(secret_id, secret_key, token)
        self.service = FaceIdService(
            account, clock=self.clock, rate_limit=rate_limit, url_ttl=url_ttl, scenarios=scenarios
        )
        self._server = _bound(host, port, self.service)
        self._thread: threading.Thread | None = None
        self.host, self.port = host, self._server.server_port
        self.url = self.service.url = f"http://{host}:{self.port}"

    def start(self) -> None:
        """Answer requests in the background until `stop()`."""
        self._thread = threading.Thread(target=self._server.serve_forever, args=(POLL,), daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Stop answering, cut open connections and free the port; a second call does nothing."""
        if self._thread is None:
            self._server.server_close()
            return
        self._server.stop()
        self._thread.join()
        self._thread = None

    def serve_forever(self) -> None:
        """Answer requests until KeyboardInterrupt or SystemExit, then stop cleanly."""
        self.start()
        try:
            while True:
                time.sleep(1)
        except KeyboardInterrupt:
            return
        finally:
            self.stop()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def issue(self, scenario: str = "pass_amara", finishes_after: float | None = None, issued_ago: float = 0.0) -> str:
        """A token for a simulated person; see `TokenBook.issue` (times in sandbox seconds)."""
        return self.service.tokens.issue(scenario, finishes_after, issued_ago)

    def inject(self, fault: str, **how: Any) -> Fault:
        """Queue a fault; see `FaultScript.inject` for `scope`, `times`, `skip`, `token` and `probability`."""
        return self.service.faults.inject(fault, **how)

    def clear_faults(self) -> None:
        """Behave well again."""
        self.service.faults.clear()

    def forget_media(self, token: str) -> None:
        """Delete a token's files: links to them answer 404 until a result is read again."""
        self.service.media.forget(token)

    @property
    def calls(self) -> CallLog:
        """Every API call, refused ones included."""
        return self.service.calls

    @property
    def downloads(self) -> CallLog:
        """Every request for a best frame or a video."""
        return self.service.downloads

    @property
    def rejected(self) -> int:
        """How many calls the rate limit refused."""
        return self.service.window.rejected

    @property
    def redirects_followed(self) -> int:
        """How many requests reached the place where injected redirects lead: none should."""
        return self.service.redirects_followed


def _bound(host: str, port: int, service: FaceIdService) -> SandboxServer:
    try:
        is_loopback = ipaddress.IPv4Address(host).is_loopback
    except ValueError:
        is_loopback = False
    if not is_loopback:
        raise SandboxError(f"The sandbox answers on loopback addresses (127.0.0.1) only, not on {host!r}.")
    try:
        return SandboxServer((host, port), service)
    except OSError as error:
        raise SandboxError(f"Cannot listen on {host}:{port} ({error.strerror}); choose another port.") from error
