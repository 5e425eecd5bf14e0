"""What is vendored from npm is what vendor.lock says, and the script that copies it takes nothing else."""

import base64
import hashlib
import io
import json
import os
import shutil
import subprocess
import sys
import tarfile
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
VENDORED = "liveness/review/static/liveness_review/vendor"
PACKAGES = tomllib.loads((ROOT / "vendor" / "vendor.lock").read_text())["package"]
FILES = {"package/dist/thing.js": b"export default 1;\n", "package/LICENSE": b"Do as you like.\n"}


def sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def directory_of(package) -> str:
    return f"{package['name'].split('/')[-1]}-{package['version']}"


def vendored(root: Path) -> dict[str, str]:
    """The hash of every vendored file, by its path in the vendored directory."""
    base = root / VENDORED
    return {path.relative_to(base).as_posix(): sha256(path.read_bytes()) for path in base.rglob("*") if path.is_file()}


def tarball() -> bytes:
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as archive:
        for name, content in FILES.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
    return packed.getvalue()


class Checkout:
    """A directory with the script, a lock of one package, and an npm that hands out a tarball instead of asking."""

    def __init__(self, root: Path) -> None:
        self.root = root
        (root / "vendor").mkdir()
        (root / "bin").mkdir()
        shutil.copy(ROOT / "vendor" / "fetch.py", root / "vendor")
        (root / "packed.tgz").write_bytes(tarball())
        self.npm(f'echo "$*" >> {root}/asked && cp {root}/packed.tgz .')
        self.lock()

    def npm(self, script: str) -> None:
        program = self.root / "bin" / "npm"
        program.write_text(f"#!/bin/sh\n{script}\n")
        program.chmod(0o755)

    def lock(self, **hashes: str) -> None:
        """Lock the tarball as it is, apart from the hashes given."""
        true = "sha512-" + base64.b64encode(hashlib.sha512((self.root / "packed.tgz").read_bytes()).digest()).decode()
        lines = ["[[package]]", 'name = "@scope/thing"', 'version = "1.2.3"', 'licence = "MIT"']
        lines.append(f"integrity = {json.dumps(hashes.get('integrity', true))}")
        for name, content in FILES.items():
            to = name.rpartition("/")[2]
            digest = hashes.get(to, sha256(content))
            lines += ["[[package.files]]", f'from = "{name}"', f'to = "{to}"', f'sha256 = "{digest}"']
        (self.root / "vendor" / "vendor.lock").write_text("\n".join(lines))

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, self.root / "vendor" / "fetch.py", *arguments]
        path = f"{self.root / 'bin'}{os.pathsep}{os.environ['PATH']}"
        return subprocess.run(command, env=os.environ | {"PATH": path}, capture_output=True, text=True)


@pytest.fixture
def checkout(tmp_path):
    return Checkout(tmp_path)


def test_the_committed_files_are_those_of_the_lock():
    locked = {f"{directory_of(package)}/{f['to']}": f["sha256"] for package in PACKAGES for f in package["files"]}
    assert vendored(ROOT) == locked


@pytest.mark.parametrize("package", PACKAGES, ids=directory_of)
def test_every_package_is_locked_with_its_licence(package):
    assert package["licence"]
    assert len(base64.b64decode(package["integrity"].removeprefix("sha512-"), validate=True)) == 64
    assert "LICENSE" in [file["to"] for file in package["files"]]


def test_no_vendored_file_names_a_source_map():
    """The storage with hashed names refuses to collect a file whose source map is not there."""
    texts = [path for path in (ROOT / VENDORED).rglob("*") if path.suffix in (".js", ".css")]
    assert texts
    assert [path.name for path in texts if b"sourceMappingURL" in path.read_bytes()] == []


def test_it_copies_the_locked_files(checkout):
    old = checkout.root / VENDORED / "thing-1.0.0" / "thing.js"
    old.parent.mkdir(parents=True)
    old.write_text("old")
    ran = checkout.run()
    assert (ran.returncode, ran.stderr) == (0, "")
    assert (checkout.root / "asked").read_text() == "pack @scope/thing@1.2.3 --json\n"
    assert vendored(checkout.root) == {
        "thing-1.2.3/thing.js": sha256(FILES["package/dist/thing.js"]),
        "thing-1.2.3/LICENSE": sha256(FILES["package/LICENSE"]),
    }


@pytest.mark.parametrize(
    ("wrong", "complaint"),
    [
        ({"integrity": "sha512-" + base64.b64encode(bytes(64)).decode()}, "is not the locked package"),
        ({"LICENSE": "0" * 64}, "package/LICENSE"),
    ],
)
def test_it_refuses_what_is_not_locked_and_copies_nothing(checkout, wrong, complaint):
    checkout.run()
    before = vendored(checkout.root)
    (checkout.root / VENDORED / "thing-1.2.3" / "LICENSE").unlink()
    checkout.lock(**wrong)
    ran = checkout.run()
    assert ran.returncode == 1
    assert "@scope/thing@1.2.3" in ran.stderr and complaint in ran.stderr and "Traceback" not in ran.stderr
    assert vendored(checkout.root) == {name: digest for name, digest in before.items() if "LICENSE" not in name}


def test_it_says_when_npm_fails(checkout):
    checkout.npm("echo no such version >&2; exit 1")
    ran = checkout.run()
    assert ran.returncode == 1
    assert "no such version" in ran.stderr and "npm pack @scope/thing@1.2.3 failed" in ran.stderr


def test_checking_asks_npm_nothing(checkout):
    checkout.run()
    (checkout.root / "asked").unlink()
    assert checkout.run("--check").returncode == 0
    assert not (checkout.root / "asked").exists()


@pytest.mark.parametrize("change", ["missing", "altered", "added"])
def test_checking_names_the_file_that_differs(checkout, change):
    checkout.run()
    directory = checkout.root / VENDORED / "thing-1.2.3"
    if change == "missing":
        (directory / "thing.js").unlink()
    else:
        (directory / ("thing.js" if change == "altered" else "other.js")).write_text("export default 2;")
    ran = checkout.run("--check")
    assert ran.returncode == 1
    assert ("thing-1.2.3/other.js" if change == "added" else "thing-1.2.3/thing.js") in ran.stderr
    assert "LICENSE" not in ran.stderr
