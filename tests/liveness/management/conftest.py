"""Commands as an operator runs them: processes of their own, with a database file and an environment."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from liveness.sandbox.server import Sandbox

ROOT = Path(__file__).resolve().parents[3]


@dataclass
class Done:
    code: int
    out: str
    err: str

    @property
    def silent(self) -> bool:
        """Did it do all it should, without a word?"""
        return (self.code, self.out, self.err) == (0, "", "")

    @property
    def json(self) -> dict:
        return json.loads(self.out)


@dataclass
class Portal:
    """One installation: its environment, and `manage.py` to run in it."""

    environment: dict[str, str]
    sandbox: Sandbox

    def start(self, *arguments: str, **environment: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [sys.executable, "manage.py", *arguments],
            cwd=ROOT,
            env=os.environ | self.environment | environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def run(self, *arguments: str, stdin: str = "", **environment: str) -> Done:
        process = self.start(*arguments, **environment)
        out, err = process.communicate(stdin, timeout=90)
        return Done(process.returncode, out, err)

    def register(self, scenario: str = "pass_amara", subject: str = "subject-1", **issue) -> str:
        """Issue a token, register it as issued two minutes ago so that it is due, and return it."""
        token = self.sandbox.issue(scenario, **({"finishes_after": 0, "issued_ago": 120} | issue))
        return self.register_all([(token, subject)])[0]

    def register_all(self, people: list[tuple[str, str]]) -> list[str]:
        issued_at = (datetime.now(UTC) - timedelta(minutes=2)).isoformat()
        lines = ["sdk_token,subject_reference,issued_at", *(f"{token},{who},{issued_at}" for token, who in people)]
        done = self.run("liveness_register", "--file", "-", stdin="\n".join(lines))
        assert done.code == 0, done.err
        return [token for token, _ in people]


@pytest.fixture(scope="session")
def migrated(tmp_path_factory) -> bytes:
    """The bytes of a freshly migrated SQLite database."""
    path = tmp_path_factory.mktemp("migrated") / "db.sqlite3"
    environment = _environment(path, path.parent, None)
    subprocess.run([sys.executable, "manage.py", "migrate", "-v0"], cwd=ROOT, env=os.environ | environment, check=True)
    return path.read_bytes()


@pytest.fixture
def portal(tmp_path, migrated):
    database = tmp_path / "db.sqlite3"
    database.write_bytes(migrated)
    with Sandbox(rate_limit=None) as sandbox:
        yield Portal(_environment(database, tmp_path, sandbox), sandbox)


def _capture(portal: Portal) -> None:
    """Register three people and fetch their six files."""
    portal.register_all(
        [(portal.sandbox.issue("pass_amara", finishes_after=0, issued_ago=120), f"s{n}") for n in "abc"]
    )
    done = portal.run("liveness_refresh")
    assert done.code == 0, done.err


@pytest.fixture(scope="session")
def snapshot(tmp_path_factory, migrated) -> Iterator[tuple[Path, Sandbox]]:
    """The database and the evidence of an installation with six stored files, and its vendor."""
    directory = tmp_path_factory.mktemp("captured")
    (directory / "db.sqlite3").write_bytes(migrated)
    with Sandbox(rate_limit=None) as sandbox:
        _capture(Portal(_environment(directory / "db.sqlite3", directory, sandbox), sandbox))
        yield directory, sandbox


@pytest.fixture
def captured(tmp_path, snapshot):
    """A copy of it, for one test."""
    directory, sandbox = snapshot
    shutil.copy(directory / "db.sqlite3", tmp_path / "db.sqlite3")
    shutil.copytree(directory / "evidence", tmp_path / "evidence")
    return Portal(_environment(tmp_path / "db.sqlite3", tmp_path, sandbox), sandbox)


def _environment(database: Path, directory: Path, sandbox: Sandbox | None) -> dict[str, str]:
    return {
        "DJANGO_ENV_FILE": os.devnull,
        "DJANGO_SETTINGS_MODULE": "kyc_portal.settings",
        "DJANGO_SECRET_KEY": "tests-only-" + "x" * 50,
        "DATABASE_URL": f"sqlite:///{database}",
        "LIVENESS_MEDIA_ROOT": str(directory / "evidence"),
        "LIVENESS_ENDPOINT": sandbox.url if sandbox else "http://127.0.0.1:9",
        "LIVENESS_MEDIA_ORIGINS": sandbox.url if sandbox else "",
        "TENCENTCLOUD_SECRET_ID": sandbox.secret_id if sandbox else "",
        "TENCENTCLOUD_SECRET_KEY": sandbox.secret_key if sandbox else "",
    }
