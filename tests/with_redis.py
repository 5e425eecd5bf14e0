"""A throw-away Redis on loopback, for tests and benches."""

import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager

from tests.served import free_port, stop, wait_for


def redis_program() -> str | None:
    """The installed redis-server."""
    return shutil.which("redis-server")


@contextmanager
def redis_server(program: str, port: int | None = None) -> Iterator[str]:
    """Yield the address of a fresh server that keeps nothing and is gone afterwards; `port` None takes a free one."""
    port = port or free_port()
    with tempfile.TemporaryDirectory(prefix="liveness-redis-") as directory:
        options = ["--bind", "127.0.0.1", "--port", str(port), "--dir", directory, "--save", "", "--appendonly", "no"]
        server = subprocess.Popen([program, *options], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            wait_for(port, server)
            yield f"redis://127.0.0.1:{port}/0"
        finally:
            stop(server)
