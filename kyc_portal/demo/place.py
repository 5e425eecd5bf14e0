"""Where the demo runs: its directory, its two ports, and the environment of its processes."""

import os
import secrets
import socket
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import environ

from liveness.sandbox import DEMO_SECRET_ID, DEMO_SECRET_KEY

BASE_DIR = Path(__file__).resolve().parent.parent.parent
HOST = "127.0.0.1"
DEFAULT_PORT = 8000
# The caller's own settings and keys must not reach a demo.
OURS = ("DJANGO_", "LIVENESS_", "TENCENTCLOUD_", "DATABASE_", "CELERY_", "REDIS_")


class CannotStartError(Exception):
    """One line that says what to change."""


@dataclass(frozen=True)
class Place:
    directory: Path
    port: int

    @classmethod
    def choose(cls, caller: Mapping[str, str]) -> "Place":
        """Read PORT and DEMO_DIR. Raises CannotStartError for values that cannot work, and when DEBUG is off."""
        if not environ.Env.parse_value(caller.get("DJANGO_DEBUG", "1"), bool):
            raise CannotStartError("The demo's log-ins are public, so it does not run with DJANGO_DEBUG off; unset it.")
        text = caller.get("PORT", "") or str(DEFAULT_PORT)
        if not text.isdecimal() or not 1024 <= int(text) < 65535:
            raise CannotStartError(f"PORT={text} is not a port from 1024 to 65534.")
        place = cls(Path(caller.get("DEMO_DIR", "") or BASE_DIR / "var" / "demo").resolve(), int(text))
        for port in (place.port, place.sandbox_port):
            if not _is_free(port):
                raise CannotStartError(f"Port {port} is in use; choose others, for example: make demo PORT=8100")
        return place

    @property
    def sandbox_port(self) -> int:
        return self.port + 1

    @property
    def database(self) -> Path:
        return self.directory / "portal.sqlite3"

    @property
    def url(self) -> str:
        return f"http://{HOST}:{self.port}/"

    def environment(self, caller: Mapping[str, str]) -> dict[str, str]:
        """The variables of every process: nothing of the caller's that the portal would read, and the demo's own."""
        sandbox = f"http://{HOST}:{self.sandbox_port}"
        return {name: value for name, value in caller.items() if not name.startswith(OURS)} | {
            "DJANGO_SETTINGS_MODULE": "kyc_portal.settings",
            "DJANGO_ENV_FILE": os.devnull,
            "DJANGO_DEBUG": "1",
            "DJANGO_DEMO": "1",
            "DJANGO_SECRET_KEY": self._secret_key(),
            "DATABASE_URL": f"sqlite:///{self.database}",
            "TENCENTCLOUD_SECRET_ID": DEMO_SECRET_ID,
            "TENCENTCLOUD_SECRET_KEY": DEMO_SECRET_KEY,
            "LIVENESS_ENDPOINT": sandbox,
            "LIVENESS_MEDIA_ORIGINS": sandbox,
            "LIVENESS_MEDIA_ROOT": str(self.evidence),
            # Enough blind second looks to meet one.
            "LIVENESS_REVIEW_SAMPLE": "0.15",
        }

    @property
    def evidence(self) -> Path:
        return self.directory / "evidence"

    def _secret_key(self) -> str:
        """Made once and kept, so that the audit chain of a second run follows that of the first."""
        path = self.directory / "secret-key"
        path.touch(mode=0o600)
        # Empty too when a first run was killed right here.
        if not path.read_text():
            path.write_text(secrets.token_urlsafe(50))
        return path.read_text()


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError:
            return False
    return True
