"""`liveness` in a project of somebody else's: the app alone on the path, without the portal."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from itertools import takewhile
from pathlib import Path

import pytest

from liveness.sandbox import Sandbox

ROOT = Path(__file__).parent.parent.parent


class Host:
    """A directory that holds the host's package and a link to the app; Python sees nothing else of ours."""

    def __init__(self, directory: Path) -> None:
        (directory / "hostsite").symlink_to(Path(__file__).parent / "hostsite")
        (directory / "liveness").symlink_to(ROOT / "liveness")
        self._directory = directory
        self._environment = {
            "PATH": os.environ["PATH"],
            "PYTHONPATH": str(directory),
            "DJANGO_SETTINGS_MODULE": "hostsite.settings",
            "HOST_DIRECTORY": str(directory),
        }

    def export(self, **variables: str) -> None:
        """As the lines that the sandbox prints do in a shell."""
        self._environment |= variables

    @contextmanager
    def running(self, *arguments: str) -> Iterator[subprocess.Popen[str]]:
        """A command that runs until the end of the block."""
        command = [sys.executable, "-m", "django", *arguments]
        with subprocess.Popen(
            command, cwd=self._directory, env=self._environment, stdout=subprocess.PIPE, text=True
        ) as process:
            try:
                yield process
            finally:
                process.terminate()

    def python(self, *arguments: str, expected: int = 0) -> str:
        process = subprocess.run(
            [sys.executable, *arguments],
            cwd=self._directory,
            env=self._environment,
            capture_output=True,
            text=True,
            timeout=60,
        )
        assert process.returncode == expected, process.stderr
        return process.stdout

    def manage(self, *arguments: str) -> str:
        return self.python("-m", "django", *arguments)


@pytest.fixture
def sandbox():
    with Sandbox() as sandbox:
        yield sandbox


@pytest.fixture
def host(tmp_path) -> Host:
    return Host(tmp_path)


def exports(process: subprocess.Popen[str]) -> dict[str, str]:
    """The variables of the lines that a starting sandbox prints, as a shell reads them."""
    lines = takewhile(lambda line: not line.startswith("Control plane"), iter(process.stdout.readline, ""))
    script = "".join(line for line in lines if line.startswith("export ")) + "env"
    done = subprocess.run(["sh", "-c", script], env={}, capture_output=True, text=True, check=True)
    return {name: value for name, _, value in (line.partition("=") for line in done.stdout.splitlines())}


def test_a_host_project_plays_a_check_with_what_the_sandbox_prints(host):
    """As README.md says: the settings read the environment, and the sandbox runs before there is a key."""
    with host.running("liveness_sandbox", "--port", "0") as process:
        printed = exports(process)
        host.export(**{name: value for name, value in printed.items() if name.startswith(("LIVENESS", "TENCENT"))})
        port = printed["LIVENESS_ENDPOINT"].rpartition(":")[2]
        host.manage("migrate", "--verbosity", "0")
        token = host.manage(
            "liveness_sandbox", "--issue", "pass_amara", "--finishes-after", "0", "--port", port
        ).strip()
        host.manage("liveness_register", token, "--subject", "customer-1", "--finished")
        host.manage("liveness_refresh")
        facts = json.loads(host.manage("liveness_show", token, "--json"))
    assert (facts["outcome"], [media["state"] for media in facts["media"]]) == ("passed", ["stored", "stored"])


def test_the_readme_shows_the_settings_of_this_host():
    block = (ROOT / "README.md").read_text().partition("    # settings.py\n")[2].partition("    # urls.py")[0]
    shown = [line.removeprefix("    ").partition("  #")[0].rstrip() for line in block.splitlines()]
    ours = (Path(__file__).parent / "hostsite" / "settings.py").read_text().splitlines()
    from_environment = [line for line in shown if "os.environ" in line]
    assert len(from_environment) == 5
    assert [line for line in from_environment if line not in ours] == []


def test_a_host_project_runs_the_whole_job_without_the_portal(host, sandbox):
    host.export(
        LIVENESS_ENDPOINT=sandbox.url,
        LIVENESS_MEDIA_ORIGINS=sandbox.url,
        TENCENTCLOUD_SECRET_ID=sandbox.secret_id,
        TENCENTCLOUD_SECRET_KEY=sandbox.secret_key,
    )
    host.python("-c", "import kyc_portal", expected=1)
    host.manage("check", "--fail-level", "WARNING")
    assert "No changes" in host.manage("makemigrations", "--check", "--dry-run")
    host.manage("migrate", "--verbosity", "0")

    token = sandbox.issue("pass_amara", finishes_after=0)
    issued_at = (datetime.now(UTC) - timedelta(minutes=5)).isoformat()
    host.manage("liveness_register", token, "--subject", "customer-1", "--issued-at", issued_at)
    numbers = json.loads(host.manage("liveness_refresh", "--json"))
    assert {name: numbers[name] for name in ("polled", "passed", "errors", "media_stored")} == {
        "polled": 1,
        "passed": 1,
        "errors": 0,
        "media_stored": 2,
    }
    facts = json.loads(host.manage("liveness_show", token, "--json"))
    assert (facts["outcome"], [media["state"] for media in facts["media"]]) == ("passed", ["stored", "stored"])

    seen = json.loads(host.python("-m", "hostsite.visit"))
    assert set(seen["statuses"].values()) == {200}
    assert set(seen["refused"].values()) <= {302, 403, 404}
    assert seen["admin page embeds the picture"]
    assert seen["picture is whole"]
    # Of the review app, which this host has not, there is no link.
    assert seen["navigation"] == ["/checks/"]
    # The host speaks French, which the app does not.
    said = seen["languages"]
    assert said.pop("picture") == []
    assert set(map(str, said.values())) == {str([["en", ""]])}
    assert (seen["polls"], seen["views"] >= 1) == (1, True)
    host.manage("liveness_verify_audit")


def test_an_outage_has_a_page_of_the_app_in_a_host_project(host):
    post = "Client(raise_request_exception=False).post('/admin/login/', {'username': 'a', 'password': 'b'})"
    code = f"import django; django.setup(); from django.test import Client; answer = {post}; print(answer.status_code, "
    shown = host.python("-c", code + "answer.content.decode())")
    assert shown.startswith("503 ")
    assert "Migrations are not applied." in shown
    assert "Nothing that you just sent was saved." in shown


def test_the_core_loads_and_protects_nothing_of_the_review_app(host):
    host.manage("migrate", "--verbosity", "0")
    answer = json.loads(host.python("-m", "hostsite.loaded"))
    assert answer == {"review": [], "protected": ["liveness_auditevent", "liveness_poll"], "unprotected": []}
