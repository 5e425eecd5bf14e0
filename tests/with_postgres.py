"""Run a command against a throw-away PostgreSQL: `python -m tests.with_postgres pytest -m postgres`.

PostgreSQL refuses to run as root and pytest-postgresql's pg_ctl with it, so as root the server runs as the user that
Debian's package made. The address is handed on in DATABASE_URL.
"""

import os
import pwd
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

START_TIMEOUT = 30.0
# What a crash would lose is thrown away anyway.
FAST = ("-c", "fsync=off", "-c", "full_page_writes=off", "-c", "max_connections=200")


def binaries() -> Path | None:
    """The newest installed PostgreSQL's directory of programs."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: int(path.parts[-3]))
    on_path = shutil.which("initdb")
    return found[-1].parent if found else Path(on_path).parent if on_path else None


@contextmanager
def postgres(programs: Path) -> Iterator[str]:
    """Yield the DATABASE_URL of a fresh server that is gone afterwards."""
    user = "postgres" if os.geteuid() == 0 else None
    directory = Path(tempfile.mkdtemp(prefix="liveness-pg-"))
    if user:
        shutil.chown(directory, user)
    data, port = directory / "data", _free_port()
    _run([programs / "initdb", "-D", data, "-U", "postgres", "-A", "trust", "-E", "UTF8", "--no-sync"], user)
    server = subprocess.Popen(
        [programs / "postgres", "-D", data, "-p", str(port), "-h", "127.0.0.1", "-k", directory, *FAST],
        user=user,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        _wait(programs, port)
        yield f"postgres://postgres@127.0.0.1:{port}/postgres"
    finally:
        # The fast shutdown: it waits for nobody's open connection.
        server.send_signal(signal.SIGINT)
        server.wait()
        shutil.rmtree(directory, ignore_errors=True)


def main() -> int:
    programs = binaries()
    if programs is None:
        message = "PostgreSQL is not installed (Debian: apt-get install postgresql), so its tests do not run."
        sys.stderr.write(message + "\n")
        return 1 if os.environ.get("REQUIRE_ALL") == "1" else 0
    with postgres(programs) as url:
        return subprocess.run(sys.argv[1:], env=os.environ | {"DATABASE_URL": url}).returncode


def _run(command: list[object], user: str | None) -> None:
    home = pwd.getpwnam(user).pw_dir if user else None
    subprocess.run([str(part) for part in command], user=user, cwd=home, check=True, capture_output=True)


def _wait(programs: Path, port: int) -> None:
    deadline = time.monotonic() + START_TIMEOUT
    ready = [str(programs / "pg_isready"), "-q", "-h", "127.0.0.1", "-p", str(port)]
    while subprocess.run(ready).returncode:
        if time.monotonic() > deadline:
            raise SystemExit("PostgreSQL did not start in time.")
        time.sleep(0.1)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


if __name__ == "__main__":
    sys.exit(main())
