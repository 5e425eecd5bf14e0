"""Start everything, say where it is, and stop everything on Ctrl-C, SIGTERM, a closed terminal or a dead child."""

import fcntl
import http.client
import os
import signal
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import partial
from math import inf

from kyc_portal.demo import LOGINS, PASSWORD, earlier
from kyc_portal.demo.place import BASE_DIR, HOST, CannotStartError, Place
from kyc_portal.demo.processes import Processes

BROKEN_DOWN, CANNOT_START = 1, 2
START_TIMEOUT = 120.0
TICK = 0.2
LOCK = "lock"
ENDINGS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
WEB = ("--worker-class", "gthread", "--workers", "2", "--threads", "16", "--graceful-timeout", "2")


class BrokenDownError(Exception):
    """Says which part of the demo failed, and where its log lies."""


def main() -> int:
    for number in ENDINGS:
        # What is ignored stays ignored: that is how `nohup` keeps it running.
        if signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, signal.default_int_handler)
    try:
        place = Place.choose(os.environ)
        with _sole_use(place), _processes(place) as processes:
            _say("Starting; the first pictures take a few seconds ...")
            _start(place, processes)
            _say(_greeting(place))
            _wait(processes, lambda: False)
    except KeyboardInterrupt:
        _say("Stopped.")
    except CannotStartError as problem:
        sys.stderr.write(f"{problem}\n")
        return CANNOT_START
    except BrokenDownError as problem:
        sys.stderr.write(f"{problem}\n")
        return BROKEN_DOWN
    return 0


@contextmanager
def _sole_use(place: Place) -> Iterator[None]:
    place.directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    with (place.directory / LOCK).open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise CannotStartError(f"Another demo uses {place.directory}; stop it, or set DEMO_DIR.") from None
        if aside := earlier.put_aside(place.directory, place.database, datetime.now(UTC), keep=LOCK):
            _say(f"The demo of an earlier version is in {aside} now; this one begins anew.")
        yield


@contextmanager
def _processes(place: Place) -> Iterator[Processes]:
    processes = Processes(place.directory, place.environment(os.environ), BASE_DIR)
    try:
        yield processes
    finally:
        # A second Ctrl-C must not leave half of them running.
        for number in ENDINGS:
            signal.signal(number, signal.SIG_IGN)
        processes.stop()


def _start(place: Place, processes: Processes) -> None:
    if not processes.run("prepare", "manage.py", "portal_demo", "prepare"):
        raise _broken_down(processes, "prepare", "failed")
    processes.start("sandbox", "manage.py", "liveness_sandbox", "--port", str(place.sandbox_port))
    control = ("--no-control-socket", "--worker-tmp-dir", str(place.directory))
    processes.start("web", "-m", "gunicorn", "kyc_portal.wsgi", "--bind", f"{HOST}:{place.port}", *WEB, *control)
    for name, port, path in (("sandbox", place.sandbox_port, "/_sandbox/health"), ("web", place.port, "/readyz")):
        if not _wait(processes, partial(_answers, port, path), START_TIMEOUT):
            raise _broken_down(processes, name, "does not answer")
    processes.start("merchant", "manage.py", "portal_demo", "register")
    processes.start("refresh", "manage.py", "liveness_refresh", "--watch", "--no-progress")
    _wait(processes, lambda: any(place.evidence.glob("??/*")), START_TIMEOUT)


def _wait(processes: Processes, is_done: Callable[[], bool], timeout: float = inf) -> bool:
    """Wait until it is done or so many seconds have passed. Raises BrokenDownError when a child ends meanwhile."""
    deadline = time.monotonic() + timeout
    while not (done := is_done()) and time.monotonic() < deadline:
        if name := processes.ended():
            raise _broken_down(processes, name, "ended")
        time.sleep(TICK)
    return done


def _broken_down(processes: Processes, name: str, what: str) -> BrokenDownError:
    return BrokenDownError(f"The demo stops: its part {name} {what}; see {processes.log(name)}")


def _answers(port: int, path: str) -> bool:
    connection = http.client.HTTPConnection(HOST, port, timeout=5)
    try:
        connection.request("GET", path)
        return connection.getresponse().status == http.HTTPStatus.OK
    except OSError:
        return False
    finally:
        connection.close()


def _greeting(place: Place) -> str:
    return f"""
The portal is ready: {place.url}

  log in as   {", ".join(LOGINS)}
  password    {PASSWORD}
  admin       {place.url}admin/

It opens on the queue. Log in as reviewer in one browser and as colleague in another to work it together; decide against
the vendor and the supervisor has something to approve. Where the two disagree, supervisor2 settles it. Everybody on it
is drawn, nobody is real, and a new person comes about every minute.
Ctrl-C stops everything. Logs and data: {place.directory}
"""


def _say(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
