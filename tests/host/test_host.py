"""`liveness` in a project of somebody else's: the app alone on the path, without the portal."""

import json
import os
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from liveness.sandbox import Sandbox

ROOT = Path(__file__).parent.parent.parent


class Host:
    """A directory that holds the host's package and a link to the app; Python sees nothing else of ours."""

    def __init__(self, directory: Path, sandbox: Sandbox) -> None:
        (directory / "hostsite").symlink_to(Path(__file__).parent / "hostsite")
        (directory / "liveness").symlink_to(ROOT / "liveness")
        self._directory = directory
        self._environment = {
            "PATH": os.environ["PATH"],
            "PYTHONPATH": str(directory),
            "DJANGO_SETTINGS_MODULE": "hostsite.settings",
            "HOST_DIRECTORY": str(directory),
            "HOST_VENDOR": sandbox.url,
            "HOST_SECRET_ID": sandbox.secret_id,
            "HOST_SECRET_KEY": sandbox.secret_key,
        }

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
def host(tmp_path, sandbox) -> Host:
    return Host(tmp_path, sandbox)


def test_a_host_project_runs_the_whole_job_without_the_portal(host, sandbox):
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
    assert (seen["polls"], seen["views"] >= 1) == (1, True)
    host.manage("liveness_verify_audit")


def test_the_core_loads_and_protects_nothing_of_the_review_app(host):
    host.manage("migrate", "--verbosity", "0")
    answer = json.loads(host.python("-m", "hostsite.loaded"))
    assert answer == {"review": [], "protected": ["liveness_auditevent", "liveness_poll"], "unprotected": []}
