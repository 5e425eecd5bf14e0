"""A throw-away RabbitMQ on loopback, for tests."""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from tests.served import free_port, stop, wait_for

# Debian's wrapper in /usr/sbin would change to its own user and directories.
START_TIMEOUT = 90.0
PROGRAM = Path("/usr/lib/rabbitmq/bin/rabbitmq-server")


def rabbitmq_program() -> Path | None:
    """The installed rabbitmq-server, if the port mapper that it needs is there too."""
    return PROGRAM if PROGRAM.exists() and shutil.which("epmd") else None


class RabbitMQ:
    """A broker with a port mapper, a directory and a cookie of its own, which can be stopped and started again."""

    def __init__(self, program: Path, directory: Path) -> None:
        self._program = program
        self.port, self._mapper = free_port(), free_port()
        self.url = f"amqp://guest:guest@127.0.0.1:{self.port}//"
        (directory / "enabled_plugins").write_text("[].")
        self._environment = {
            "PATH": os.environ["PATH"],
            "HOME": str(directory),
            "RABBITMQ_NODENAME": f"liveness{self.port}@localhost",
            "RABBITMQ_NODE_IP_ADDRESS": "127.0.0.1",
            "RABBITMQ_NODE_PORT": str(self.port),
            "RABBITMQ_DIST_PORT": str(free_port()),
            "RABBITMQ_CONF_ENV_FILE": os.devnull,
            "RABBITMQ_CONFIG_FILE": str(directory / "rabbitmq"),
            "RABBITMQ_ADVANCED_CONFIG_FILE": str(directory / "advanced"),
            "RABBITMQ_ENABLED_PLUGINS_FILE": str(directory / "enabled_plugins"),
            "RABBITMQ_MNESIA_BASE": str(directory / "mnesia"),
            "RABBITMQ_LOG_BASE": str(directory / "log"),
            "RABBITMQ_PID_FILE": str(directory / "pid"),
            "ERL_EPMD_ADDRESS": "127.0.0.1",
            "ERL_EPMD_PORT": str(self._mapper),
            "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": "+S 1:1 -kernel inet_dist_use_interface {127,0,0,1}",
            # The script then becomes the server, so that its process id is the server's.
            "RUNNING_UNDER_SYSTEMD": "true",
        }

    def __enter__(self) -> "RabbitMQ":
        with ExitStack() as stack:
            # Otherwise the server would start one for the whole machine, which would outlive it.
            mapper = self._popen("epmd", "-port", str(self._mapper))
            stack.callback(stop, mapper)
            wait_for(self._mapper, mapper)
            self.start()
            self._cleanup = stack.pop_all()
        return self

    def __exit__(self, *failure: object) -> None:
        with self._cleanup:
            self.stop()

    def start(self) -> None:
        self._server = self._popen(self._program)
        try:
            wait_for(self.port, self._server, START_TIMEOUT)
        except AssertionError:
            self.stop()
            raise

    def stop(self) -> None:
        stop(self._server)

    def _popen(self, *command: str | Path) -> subprocess.Popen[bytes]:
        quiet = {"stdin": subprocess.DEVNULL, "stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
        return subprocess.Popen(command, env=self._environment, cwd=self._environment["HOME"], **quiet)


@contextmanager
def rabbitmq_server(program: Path) -> Iterator[RabbitMQ]:
    """Yield a fresh broker that is gone afterwards."""
    with (
        tempfile.TemporaryDirectory(prefix="liveness-rabbitmq-") as directory,
        RabbitMQ(program, Path(directory)) as one,
    ):
        yield one
