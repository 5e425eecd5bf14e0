"""The demo's child processes: started together, watched, and stopped to the last one."""

import ctypes
import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

PATIENCE = 10.0
PR_SET_PDEATHSIG = 1
LIBC = ctypes.CDLL(None)


class Processes:
    """Each child leads a process group of its own, writes to `<directory>/<name>.log`, and dies with this process."""

    def __init__(self, directory: Path, environment: Mapping[str, str], working_directory: Path) -> None:
        self._directory = directory
        self._environment = environment
        self._working_directory = working_directory
        self._children: dict[str, subprocess.Popen[bytes]] = {}

    def log(self, name: str) -> Path:
        return self._directory / f"{name}.log"

    def start(self, name: str, *arguments: str) -> subprocess.Popen[bytes]:
        """Run Python with these arguments."""
        with self.log(name).open("wb") as log:
            self._children[name] = subprocess.Popen(
                [sys.executable, *arguments],
                cwd=self._working_directory,
                env=self._environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                process_group=0,
                preexec_fn=_die_with_parent,
            )
        return self._children[name]

    def run(self, name: str, *arguments: str) -> bool:
        """Run Python with these arguments to its end; False when it failed."""
        status = self.start(name, *arguments).wait()
        del self._children[name]
        return status == 0

    def ended(self) -> str | None:
        """The name of a child that is no longer running."""
        return next((name for name, child in self._children.items() if child.poll() is not None), None)

    def stop(self) -> None:
        """End every group: politely, and after a while by force."""
        self._signal(signal.SIGTERM)
        deadline = time.monotonic() + PATIENCE
        for child in self._children.values():
            with suppress(subprocess.TimeoutExpired):
                child.wait(max(0.1, deadline - time.monotonic()))
        self._signal(signal.SIGKILL)
        for child in self._children.values():
            child.wait()

    def _signal(self, number: signal.Signals) -> None:
        for child in self._children.values():
            with suppress(ProcessLookupError):
                os.killpg(child.pid, number)


def _die_with_parent() -> None:
    """Ask the kernel (Linux, prctl(2)) for SIGTERM when the supervisor is gone, however it went."""
    if hasattr(LIBC, "prctl"):
        LIBC.prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
