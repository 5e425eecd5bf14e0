"""A PostgreSQL that a test stops and starts again, with what it holds."""

import os
import shutil
import signal
import subprocess
import tempfile
from pathlib import Path

from tests.with_postgres import FAST, _free_port, _run, _wait


class Server:
    def __init__(self, programs: Path) -> None:
        self._programs, self._port = programs, _free_port()
        self._user = "postgres" if os.geteuid() == 0 else None
        self._directory = Path(tempfile.mkdtemp(prefix="liveness-pg-"))
        if self._user:
            shutil.chown(self._directory, self._user)
        self._data = self._directory / "data"
        options = ["-U", "postgres", "-A", "trust", "-E", "UTF8", "--no-sync"]
        _run([programs / "initdb", "-D", self._data, *options], self._user)
        self.url = f"postgres://postgres@127.0.0.1:{self._port}/postgres"

    def start(self, *settings: str) -> None:
        """`settings` are such as default_transaction_read_only=on."""
        options = [part for setting in settings for part in ("-c", setting)]
        place = ["-p", str(self._port), "-h", "127.0.0.1", "-k", self._directory]
        self._process = subprocess.Popen(
            [self._programs / "postgres", "-D", self._data, *place, *FAST, *options],
            user=self._user,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        _wait(self._programs, self._port)

    def stop(self) -> None:
        """At once, with everybody's connections."""
        self._process.send_signal(signal.SIGINT)
        self._process.wait()

    def remove(self) -> None:
        self.stop()
        shutil.rmtree(self._directory, ignore_errors=True)
