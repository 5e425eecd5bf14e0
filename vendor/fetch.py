"""Copy the files that `vendor.lock` names out of their npm packages, byte for byte: `python vendor/fetch.py`.

With `--check`, only compare the committed copies with the lock: that needs neither npm nor a network.
"""

import argparse
import base64
import hashlib
import shutil
import subprocess
import sys
import tarfile
import tempfile
import tomllib
from pathlib import Path
from typing import Any

LOCK = Path(__file__).with_name("vendor.lock")
VENDORED = LOCK.parent.parent / "liveness/review/static/liveness_review/vendor"


def sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def destination(package: dict[str, Any], name: str) -> Path:
    """A file of `@scope/name` lies in `name-version`."""
    return VENDORED / f"{package['name'].rpartition('/')[2]}-{package['version']}" / name


def pack(spec: str, directory: Path) -> Path:
    """The package's tarball, from whatever registry npm is set to use."""
    npm = shutil.which("npm") or sys.exit("npm was not found")
    run = subprocess.run([npm, "pack", spec, "--json"], cwd=directory, stdout=subprocess.DEVNULL)
    tarballs = list(directory.glob("*.tgz"))
    return tarballs[0] if run.returncode == 0 and tarballs else sys.exit(f"npm pack {spec} failed; nothing was copied")


def fetched(package: dict[str, Any]) -> dict[Path, bytes]:
    """The locked files of one package by the path they are copied to; exits when anything differs from the lock."""
    spec = f"{package['name']}@{package['version']}"
    with tempfile.TemporaryDirectory() as directory:
        tarball = pack(spec, Path(directory))
        integrity = "sha512-" + base64.b64encode(hashlib.sha512(tarball.read_bytes()).digest()).decode()
        if integrity != package["integrity"]:
            sys.exit(f"{spec} is not the locked package ({integrity}); nothing was copied")
        with tarfile.open(tarball) as archive:
            inside = {member.name: stream.read() for member in archive if (stream := archive.extractfile(member))}
    contents = {f["from"]: inside.get(f["from"], b"") for f in package["files"]}
    if differing := [f["from"] for f in package["files"] if sha256(contents[f["from"]]) != f["sha256"]]:
        found = ", ".join(f"{name} (sha256 {sha256(contents[name])})" for name in differing)
        sys.exit(f"{spec} has other files than the locked ones: {found}; nothing was copied")
    return {destination(package, f["to"]): contents[f["from"]] for f in package["files"]}


def fetch(packages: list[dict[str, Any]]) -> None:
    """Replace the vendored directory, once every file of every package is known to be the locked one."""
    contents = {path: content for package in packages for path, content in fetched(package).items()}
    shutil.rmtree(VENDORED, ignore_errors=True)
    for path, content in contents.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)


def check(packages: list[dict[str, Any]]) -> None:
    """Exit with the files that are missing, changed or not in the lock."""
    expected = {(destination(package, f["to"]), f["sha256"]) for package in packages for f in package["files"]}
    present = {(path, sha256(path.read_bytes())) for path in VENDORED.rglob("*") if path.is_file()}
    if differing := {str(path.relative_to(VENDORED)) for path, _ in expected ^ present}:
        sys.exit(f"Vendored files that are not what {LOCK.name} says: {', '.join(sorted(differing))}")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="compare the committed files with the lock, fetch nothing")
    run = check if parser.parse_args().check else fetch
    run(tomllib.loads(LOCK.read_text(encoding="utf-8"))["package"])
