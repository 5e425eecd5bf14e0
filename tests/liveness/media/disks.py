"""What happens to disks and directories, and users that may not read them."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from liveness.models import StoredMedia
from liveness.storage import marker

NOBODY = 65534


def root() -> Path:
    return marker.root()


def unmount() -> Path:
    """The volume goes, and its empty mount point stays; return where the volume is now."""
    volume = root().with_name("unmounted")
    root().rename(volume)
    root().mkdir(mode=0o700)
    return volume


def mount(volume: Path) -> None:
    root().rmdir()
    volume.rename(root())


def files(directory: Path | None = None) -> list[str]:
    """The names of all files under the media root, without the marker."""
    top = directory or root()
    names = (str(path.relative_to(top)) for path in top.rglob("*") if path.is_file())
    return sorted(name for name in names if name != marker.MARKER)


def place(media: StoredMedia) -> Path:
    return root() / media.path


def flip(media: StoredMedia) -> bytes:
    """Change one bit of a stored file; return its bytes as they are now."""
    content = place(media).read_bytes()
    changed = bytes([content[0] ^ 1]) + content[1:]
    place(media).write_bytes(changed)
    return changed


def age(path: Path, seconds: float = 7200) -> None:
    """Let a file be as old as if it had been written some time ago."""
    moment = path.stat().st_mtime - seconds
    os.utime(path, (moment, moment))


@contextmanager
def as_nobody() -> Iterator[None]:
    """Let this process be another user for a while; only root can."""
    if os.geteuid() != 0:
        pytest.skip("only root can become another user")
    os.seteuid(NOBODY)
    try:
        yield
    finally:
        os.seteuid(0)


@contextmanager
def open_directory() -> Iterator[Path]:
    """A directory that every user can enter, unlike those that pytest makes."""
    directory = Path(tempfile.mkdtemp())
    directory.chmod(0o777)
    try:
        yield directory
    finally:
        shutil.rmtree(directory)
