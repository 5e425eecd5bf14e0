"""A throw-away pgbouncer on loopback that lends its few connections for one transaction at a time."""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.served import free_port, stop, wait_for

CONFIGURATION = """
[databases]
* = host={host} port={server_port} user={user} pool_size={pool_size}
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = {port}
unix_socket_dir =
auth_type = any
pool_mode = transaction
max_client_conn = 200
"""


def pgbouncer_program() -> str | None:
    """The installed pgbouncer, which Debian puts beside the system's own programs."""
    return shutil.which("pgbouncer", path=f"{os.environ.get('PATH', '')}:/usr/sbin")


@contextmanager
def pgbouncer(program: str, *, host: str, server_port: int, user: str, pool_size: int = 2) -> Iterator[int]:
    """Yield the port of a fresh pooler before the PostgreSQL at `host` and `server_port`."""
    port = free_port()
    # It refuses to run as root.
    runner = "postgres" if os.geteuid() == 0 else None
    with tempfile.TemporaryDirectory(prefix="liveness-pgbouncer-") as directory:
        Path(directory).chmod(0o755)
        path = Path(directory) / "pgbouncer.ini"
        path.write_text(
            CONFIGURATION.format(host=host, server_port=server_port, user=user, port=port, pool_size=pool_size)
        )
        server = subprocess.Popen(
            [program, str(path)], user=runner, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        try:
            wait_for(port, server)
            yield port
        finally:
            stop(server)
