"""A PostgreSQL of a test's own, whose log can be read and which can be restarted in the middle of something."""

import os
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg

from tests.with_postgres import FAST, _free_port, _run, _wait, binaries

# What docs/operating.md asks for.
DISCREET = ("-c", "log_error_verbosity=terse", "-c", "log_parameter_max_length=0")
# Where something waits for a lock, the server says so, and every statement is written down when it is slow.
TALKATIVE = ("-c", "log_lock_waits=on", "-c", "deadlock_timeout=100ms", "-c", "log_min_duration_statement=0")


class Server:
    def __init__(self, programs: Path, directory: Path) -> None:
        self._user = "postgres" if os.geteuid() == 0 else None
        self._programs, self._directory, self._port = programs, directory, _free_port()
        if self._user:
            shutil.chown(directory, self._user)
        data = directory / "data"
        _run([programs / "initdb", "-D", data, "-U", "postgres", "-A", "trust", "-E", "UTF8", "--no-sync"], self._user)
        self.start()

    @property
    def url(self) -> str:
        return f"postgres://postgres@127.0.0.1:{self._port}/postgres"

    def start(self) -> None:
        options = ["-p", str(self._port), "-h", "127.0.0.1", "-k", self._directory, *FAST, *DISCREET, *TALKATIVE]
        with (self._directory / "log").open("ab") as log:
            self._process = subprocess.Popen(
                [self._programs / "postgres", "-D", self._directory / "data", *options],
                user=self._user,
                stdout=log,
                stderr=log,
            )
        _wait(self._programs, self._port)

    def stop(self) -> None:
        self._process.send_signal(signal.SIGINT)
        self._process.wait()

    def log(self) -> str:
        return (self._directory / "log").read_text(errors="replace")

    @contextmanager
    def session(self) -> Iterator[psycopg.Connection[Any]]:
        with psycopg.connect(self.url, autocommit=True) as session:
            yield session

    def ask(self, statement: str) -> Any:
        """The first value of a statement's answer."""
        with self.session() as session:
            answer = session.execute(statement)  # type: ignore[arg-type]
            row = answer.fetchone() if answer.description else None
            return row[0] if row else None


@contextmanager
def own_postgres() -> Iterator[Server]:
    programs = binaries()
    assert programs is not None
    directory = Path(tempfile.mkdtemp(prefix="liveness-own-pg-"))
    server = Server(programs, directory)
    try:
        yield server
    finally:
        server.stop()
        shutil.rmtree(directory, ignore_errors=True)
