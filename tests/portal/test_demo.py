"""`make demo` from the outside: it comes up with pictures, and goes away without a trace."""

import hashlib
import os
import re
import signal
import socket
import sqlite3
import subprocess
import sys
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from pathlib import Path

import pytest
import requests

from kyc_portal.demo import PASSWORD
from kyc_portal.roles import ROLES

ROOT = Path(__file__).parent.parent.parent
END = 60.0

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not Path("/proc/self/environ").exists(), reason="looks for processes in /proc"),
]


class Demo:
    def __init__(self, directory: Path, **environment: str) -> None:
        self.directory, self.port = directory, free_ports()
        self.url = f"http://127.0.0.1:{self.port}"
        place = {"DEMO_DIR": str(directory), "PORT": str(self.port), "DJANGO_DEBUG": "1"}
        self.process = subprocess.Popen(
            [sys.executable, "-m", "kyc_portal.demo"],
            cwd=ROOT,
            env=os.environ | place | environment,
            text=True,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )

    def greeting(self) -> str:
        """What it prints up to the line that names its directory."""
        assert self.process.stdout
        lines = iter(self.process.stdout.readline, "")
        text = ""
        for line in lines:
            text += line
            if str(self.directory) in line:
                break
        return text

    def children(self) -> list[int]:
        """Every process that has this demo's environment."""
        mark = f"LIVENESS_MEDIA_ROOT={self.directory}".encode()
        found = []
        for environ in Path("/proc").glob("[0-9]*/environ"):
            with suppress(OSError):
                if mark in environ.read_bytes():
                    found.append(int(environ.parent.name))
        return found

    def end(self, number: signal.Signals) -> int:
        self.process.send_signal(number)
        return self.process.wait(END)


@pytest.fixture
def start(tmp_path) -> Iterator[Callable[..., Demo]]:
    demos: list[Demo] = []

    def begin(**environment: str) -> Demo:
        demos.append(Demo(tmp_path / "demo", **environment))
        return demos[-1]

    yield begin
    for demo in demos:
        if demo.process.poll() is None:
            demo.process.kill()
        demo.process.communicate()
        for pid in demo.children():
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)


def free_ports() -> int:
    """A port that is free together with the one after it."""
    while True:
        with socket.socket() as first, socket.socket() as second:
            first.bind(("127.0.0.1", 0))
            port = first.getsockname()[1]
            with suppress(OSError, OverflowError):
                second.bind(("127.0.0.1", port + 1))
                return port


def is_free(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) != 0


def eventually(is_true: Callable[[], object]) -> None:
    deadline = time.monotonic() + END
    while not is_true():
        assert time.monotonic() < deadline
        time.sleep(0.1)


def log_in(url: str, role: str) -> requests.Session:
    session = requests.Session()
    session.trust_env = False
    page = session.get(f"{url}/liveness/")
    token = re.search(r'name="csrfmiddlewaretoken" value="(\w+)"', page.text)
    assert token
    form = {"username": role, "password": PASSWORD, "csrfmiddlewaretoken": token[1], "next": "/healthz"}
    answer = session.post(page.url, data=form)
    assert (answer.url, answer.status_code) == (f"{url}/healthz", 200)
    return session


def stored_picture(directory: Path) -> tuple[str, str]:
    """Id and SHA-256 of a picture that the demo stored; its file is there a moment before its row."""
    query = "SELECT public_id, sha256 FROM liveness_storedmedia WHERE kind = 'best_frame' AND state = 'stored'"
    with closing(sqlite3.connect(directory / "portal.sqlite3")) as database:
        eventually(lambda: database.execute(query).fetchone())
        row = database.execute(query).fetchone()
    return str(uuid.UUID(row[0])), row[1]


@pytest.mark.timeout(240)
def test_it_shows_pictures_and_leaves_nothing_running(start):
    demo = start()
    greeting = demo.greeting()
    assert demo.url in greeting
    assert PASSWORD in greeting
    assert all(role in greeting for role in ROLES)

    media_id, sha256 = stored_picture(demo.directory)
    embedding = {"Sec-Fetch-Site": "same-origin", "Sec-Fetch-Mode": "no-cors", "Sec-Fetch-Dest": "image"}
    picture = f"{demo.url}/liveness/media/{media_id}/"
    for role in ("reviewer", "administrator"):
        shown = log_in(demo.url, role).get(picture, headers=embedding)
        assert hashlib.sha256(shown.content).hexdigest() == sha256
    assert log_in(demo.url, "supervisor2").get(f"{demo.url}/review/").status_code == 200

    nowhere = log_in(demo.url, "reviewer").get(f"{demo.url}/nowhere")
    assert (nowhere.status_code, "To the start" in nowhere.text, "DEBUG" in nowhere.text) == (404, True, False)
    for address in ("/static/portal/portal.css", "/favicon.ico"):
        assert requests.get(demo.url + address, timeout=10).status_code == 200
    assert log_in(demo.url, "operator").get(picture, headers=embedding).status_code == 404

    assert len(demo.children()) >= 5
    assert demo.end(signal.SIGINT) == 0
    assert demo.children() == []
    assert is_free(demo.port)
    assert is_free(demo.port + 1)
    assert demo.process.stderr.read() == ""

    again = start()
    assert again.url in again.greeting()
    assert again.end(signal.SIGTERM) == 0


def test_its_processes_end_even_when_it_is_killed(start):
    demo = start()
    eventually(lambda: len(demo.children()) >= 2)
    demo.process.kill()
    demo.process.wait(END)
    eventually(lambda: demo.children() == [])


def test_it_stops_and_says_so_when_a_part_of_it_ends(start):
    demo = start()
    demo.greeting()
    merchant = [pid for pid in demo.children() if b"portal_demo" in Path(f"/proc/{pid}/cmdline").read_bytes()]
    os.kill(merchant[0], signal.SIGKILL)
    assert demo.process.wait(END) == 1
    assert "merchant" in demo.process.stderr.read()
    assert demo.children() == []


@pytest.mark.parametrize("offset", [0, 1])
def test_a_busy_port_is_one_clear_line(start, offset):
    port = free_ports()
    with socket.create_server(("127.0.0.1", port + offset)):
        demo = start(PORT=str(port))
        _, problem = demo.process.communicate(timeout=END)
    assert demo.process.returncode == 2
    assert f"Port {port + offset} is in use" in problem
    assert "PORT=" in problem
    assert problem.count("\n") == 1
    assert not demo.directory.exists()


@pytest.mark.parametrize("port", ["none", "80", "70000"])
def test_a_port_that_cannot_work_is_refused(start, port):
    demo = start(PORT=port)
    assert demo.process.wait(END) == 2
    assert f"PORT={port}" in demo.process.stderr.read()


def test_its_public_log_ins_are_refused_without_debug(start):
    demo = start(DJANGO_DEBUG="0")
    assert demo.process.wait(END) == 2
    assert "DJANGO_DEBUG" in demo.process.stderr.read()
    assert not demo.directory.exists()


def test_the_folder_of_an_earlier_version_is_put_aside_and_the_demo_starts(start, tmp_path):
    (tmp_path / "demo" / "evidence").mkdir(parents=True)
    with closing(sqlite3.connect(tmp_path / "demo" / "portal.sqlite3")) as database, database:
        database.execute("CREATE TABLE django_migrations (id INTEGER, app TEXT, name TEXT, applied TEXT)")
        database.execute("INSERT INTO django_migrations VALUES (1, 'liveness', '0006_unsettled', '')")
    demo = start()
    first = demo.process.stdout.readline()
    [aside] = tmp_path.glob("demo-until-*")
    assert str(aside) in first
    assert {path.name for path in aside.iterdir()} == {"evidence", "portal.sqlite3"}
    eventually(lambda: demo.children())


def test_two_demos_do_not_share_a_directory(start):
    first = start()
    eventually(lambda: first.children())
    second = start()
    assert second.process.wait(END) == 2
    assert "Another demo" in second.process.stderr.read()


def test_the_callers_keys_never_reach_the_demo(start):
    demo = start(TENCENTCLOUD_SECRET_KEY="of-the-real-account", LIVENESS_AUDIT_KEY="real", DATABASE_URL="postgres://x")
    eventually(lambda: demo.children())
    environment = Path(f"/proc/{demo.children()[0]}/environ").read_bytes()
    assert b"of-the-real-account" not in environment
    assert b"LIVENESS_AUDIT_KEY" not in environment
    assert b"postgres://x" not in environment
