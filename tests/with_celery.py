"""Celery's processes as they are deployed, on a broker and a database of the test's."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Any

from celery import Task
from django.db import connection

from kyc_portal.celery import app
from liveness.sandbox.server import Sandbox
from tests.served import PATIENCE, ROOT


class Deployment:
    """Workers and beat that share a broker, a database, a storage and a vendor; gone at the end of the block."""

    def __init__(self, directory: Path, broker: str, sandbox: Sandbox, evidence: Path) -> None:
        self._directory = directory
        self._ending = ExitStack()
        self.environment = {
            "PATH": os.environ["PATH"],
            "DJANGO_SETTINGS_MODULE": "tests.worker_settings",
            "DJANGO_ENV_FILE": os.devnull,
            "DJANGO_SECRET_KEY": "tests-only-" + "x" * 50,
            "DATABASE_URL": database_url(),
            "CELERY_BROKER_URL": broker,
            "LIVENESS_ENDPOINT": sandbox.url,
            "LIVENESS_RATE_LIMIT": "100",
            "LIVENESS_MEDIA_ORIGINS": sandbox.url,
            "LIVENESS_MEDIA_ROOT": str(evidence),
            "TENCENTCLOUD_SECRET_ID": sandbox.secret_id,
            "TENCENTCLOUD_SECRET_KEY": sandbox.secret_key,
        }

    def __enter__(self) -> "Deployment":
        return self

    def __exit__(self, *failure: object) -> None:
        self._ending.close()

    def worker(self, *options: str, clock: Path | None = None) -> "Process":
        """One that is ready for messages; `clock` as in `tests.clocked_celery`."""
        name = f"{time.time()}@%h"
        worker = self._start("worker", "--without-mingle", "-l", "INFO", "-n", name, *options, clock=clock)
        wait_until(lambda: " ready." in worker.log or worker.is_gone, lambda: worker.log)
        assert not worker.is_gone, worker.log
        return worker

    def beat(self, *, clock: Path | None = None) -> "Process":
        return self._start("beat", "-l", "INFO", clock=clock)

    def send(self, task: Task, **arguments: Any) -> None:
        """Send a message as the portal does."""
        with app.connection_for_write(self.environment["CELERY_BROKER_URL"]) as connection:
            task.apply_async(kwargs=arguments, connection=connection)

    def python(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run Python as the portal's own processes do."""
        return subprocess.run(
            [sys.executable, *arguments],
            cwd=ROOT,
            env=self.environment,
            check=True,
            capture_output=True,
            text=True,
            timeout=PATIENCE,
        )

    def _start(self, *arguments: str, clock: Path | None = None) -> "Process":
        path = self._directory / f"{time.monotonic_ns()}.log"
        program = ["celery"] if clock is None else ["tests.clocked_celery", str(clock)]
        command = [sys.executable, "-m", *program, "-A", "kyc_portal", *arguments]
        with path.open("wb") as log:
            process = subprocess.Popen(
                command,
                cwd=ROOT,
                env=self.environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        started = Process(process, path)
        self._ending.callback(started.kill)
        return started


class Process:
    """A process of Celery's with all its children."""

    def __init__(self, process: subprocess.Popen[bytes], log: Path) -> None:
        self._process = process
        self._log = log

    @property
    def log(self) -> str:
        return self._log.read_text()

    @property
    def is_gone(self) -> bool:
        return self._process.poll() is not None

    def kill(self) -> None:
        """As when the power fails. The children may outlive a worker that died by itself."""
        with suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()

    def kill_children(self) -> None:
        """As when memory runs out."""
        pid = self._process.pid
        for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split():
            os.kill(int(child), signal.SIGKILL)

    def stop(self) -> float:
        """As a deployment does; return how many seconds it took."""
        begun = time.monotonic()
        self._process.terminate()
        self._process.wait(timeout=PATIENCE)
        return time.monotonic() - begun


def wait_until(
    condition: Callable[[], object], explain: Callable[[], str] = str, timeout: float = 2 * PATIENCE
) -> None:
    """Wait for what other processes do; `explain` tells what they did instead."""
    deadline = time.monotonic() + timeout
    while not condition():
        assert time.monotonic() < deadline, explain()
        time.sleep(0.05)


def database_url() -> str:
    """The address of the test's own database."""
    database = connection.settings_dict
    if connection.vendor == "sqlite":
        return f"sqlite:///{database['NAME']}"
    return f"postgres://{database['USER']}@{database['HOST']}:{database['PORT']}/{database['NAME']}"
