"""The portal as it is deployed: gunicorn over its own database and storage, filled by `tests.seed`."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

ROOT = Path(__file__).parent.parent
PATIENCE = 30.0
SEED = "import django; django.setup(); from tests.seed import main; main()"


class Portal:
    """Rows, files and a running server. `seeded` holds the ids and session keys that `tests.seed` printed."""

    def __init__(self, directory: Path, **environment: str) -> None:
        self.directory = directory
        self.evidence = directory / "evidence"
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self._environment = {
            "PATH": os.environ["PATH"],
            "DJANGO_SETTINGS_MODULE": "tests.served_settings",
            "DJANGO_ENV_FILE": os.devnull,
            "DJANGO_SECRET_KEY": "tests-only-" + "x" * 50,
            "DJANGO_ALLOWED_HOSTS": "127.0.0.1,localhost",
            "DATABASE_URL": f"sqlite:///{directory / 'portal.sqlite3'}",
            "LIVENESS_MEDIA_ROOT": str(self.evidence),
            **environment,
        }

    def __enter__(self) -> "Portal":
        self.python("manage.py", "migrate", "--verbosity", "0")
        self.seeded = json.loads(self.python("-c", SEED))
        self._log = (self.directory / "gunicorn.log").open("wb")
        options = ["--worker-class", "gthread", "--threads", "8", "--no-control-socket"]
        options += ["--worker-tmp-dir", str(self.directory), "--graceful-timeout", "2"]
        self._server = subprocess.Popen(
            [sys.executable, "-m", "gunicorn", "kyc_portal.wsgi", "--bind", f"127.0.0.1:{self.port}", *options],
            cwd=ROOT,
            env=self._environment,
            stdout=self._log,
            stderr=subprocess.STDOUT,
        )
        wait_for(self.port, self._server)
        return self

    def __exit__(self, *failure: object) -> None:
        stop(self._server)
        self._log.close()

    @property
    def log(self) -> str:
        return (self.directory / "gunicorn.log").read_text()

    def python(self, *arguments: str) -> str:
        """What a Python of the portal's environment prints."""
        process = subprocess.run(
            [sys.executable, *arguments], cwd=ROOT, env=self._environment, capture_output=True, text=True, timeout=120
        )
        assert process.returncode == 0, process.stderr
        return process.stdout


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def wait_for(port: int, process: subprocess.Popen, timeout: float = PATIENCE) -> None:
    """Wait until the server accepts connections."""
    deadline = time.monotonic() + timeout
    while time.monotonic() < deadline and process.poll() is None:
        with suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
            return
        time.sleep(0.05)
    raise AssertionError(f"nothing listens on port {port}")


def stop(process: subprocess.Popen) -> None:
    process.send_signal(signal.SIGTERM)
    try:
        process.wait(timeout=PATIENCE)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
