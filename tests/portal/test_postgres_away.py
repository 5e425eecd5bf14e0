"""A real PostgreSQL that stops, comes back read-only and comes back, under the served portal and its commands."""

import subprocess
import sys

import pytest
import requests

from tests.conftest import missing
from tests.served import ROOT, Portal
from tests.stoppable_postgres import Server
from tests.with_postgres import binaries

pytestmark = pytest.mark.slow
TOKEN = "metrics-token-for-tests"
PAGES = ("/", "/review/", "/review/dashboard/", "/review/audit/", "/liveness/", "/accounts/login/", "/admin/")
COMMANDS = (
    ("liveness_show", "nothing"),
    ("liveness_register", "a-token-of-tests", "--subject", "subject-1"),
    ("liveness_refresh", "--dry-run"),
    ("liveness_review_sync",),
)


@pytest.fixture(scope="module")
def server():
    programs = binaries()
    if programs is None:
        missing("PostgreSQL is not installed (Debian: apt-get install postgresql)")
    server = Server(programs)
    server.start()
    yield server
    server.remove()


@pytest.fixture(scope="module")
def portal(server, tmp_path_factory):
    directory = tmp_path_factory.mktemp("portal")
    with Portal(directory, DATABASE_URL=server.url, LIVENESS_METRICS_TOKEN=TOKEN, DJANGO_BEHIND_PROXY="1") as portal:
        yield portal


def visit(portal, path: str, method: str = "GET") -> requests.Response:
    cookies = {"__Host-sessionid": portal.seeded["sessions"]["administrator"], "__Host-csrftoken": "c" * 32}
    headers = {"X-Forwarded-Proto": "https", "X-CSRFToken": "c" * 32, "Referer": "https://127.0.0.1/"}
    if path == "/metrics":
        headers["Authorization"] = f"Bearer {TOKEN}"
    return requests.request(
        method, portal.url + path, cookies=cookies, headers=headers, timeout=30, allow_redirects=False
    )


def statuses(portal) -> dict[str, int]:
    return {path: visit(portal, path).status_code for path in (*PAGES, "/readyz", "/metrics")}


def run(portal, command: tuple[str, ...]) -> subprocess.CompletedProcess[str]:
    process = [sys.executable, "manage.py", *command]
    return subprocess.run(process, cwd=ROOT, env=portal._environment, capture_output=True, text=True, timeout=60)


def test_a_database_that_goes_and_comes_back_is_a_page_and_a_line_each(portal, server):
    before = statuses(portal)
    assert set(before.values()) <= {200, 302}
    server.stop()
    try:
        begun = len(portal.log)
        away = {path: visit(portal, path) for path in (*PAGES, "/readyz", "/metrics")}
        # A page for which nothing has to be looked up is there all the same.
        needing = {path: answer for path, answer in away.items() if path != "/accounts/login/"}
        assert {answer.status_code for answer in needing.values()} == {503}
        assert all("Traceback" not in answer.text for answer in away.values())
        for path in set(PAGES) - {"/accounts/login/"}:
            assert away[path].headers["Retry-After"] == "10"
        log = portal.log[begun:]
        assert "Traceback" not in log
        assert len(log.splitlines()) <= len(away)
        for command in COMMANDS:
            done = run(portal, command)
            assert done.returncode in (1, 2)
            assert len(done.stderr.strip().splitlines()) == 1
    finally:
        server.start()
    assert statuses(portal) == before


def test_a_database_that_takes_no_write_is_not_ready_and_says_so(portal, server):
    server.stop()
    server.start("default_transaction_read_only=on")
    try:
        answer = visit(portal, "/readyz")
        assert (answer.status_code, answer.json()["parts"]["database"]) == (503, "the database is read-only")
        attempt = portal.seeded["attempts"]["passed"]
        page = visit(portal, f"/review/{attempt}/claim/", "POST")
        assert page.status_code in (403, 503)
        done = run(portal, COMMANDS[1])
        assert done.returncode == 2
        assert done.stderr.startswith("CommandError: The database is read-only")
        assert len(done.stderr.strip().splitlines()) == 1
    finally:
        server.stop()
        server.start()
    assert visit(portal, "/readyz").status_code == 200
