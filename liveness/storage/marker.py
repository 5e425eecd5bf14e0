"""The marker file of the media root: it carries an id that the database knows.

A volume that is not mounted, and a process with another `LIVENESS_MEDIA_ROOT`, look like an empty directory and like
lost evidence. Without the right marker nothing is written and nothing is judged. The first write of an installation
makes the marker. After that only `liveness_reconcile --mark` does.
"""

import errno
import os
import secrets
import time
from collections.abc import Iterator
from contextlib import suppress
from enum import Enum
from pathlib import Path
from typing import Any
from uuid import uuid4

from django.apps import apps
from django.db import transaction

from liveness.app_settings import app_settings
from liveness.exceptions import MediaError
from liveness.loss_causes import LossCause

# Without a leading dot, so that `cp evidence/* elsewhere/` takes it along.
MARKER = "media-root.id"
# A file system has this directory of its own at its top.
NOT_OURS = "lost+found"
LONGEST_MARKER = 100
# Seconds for which a process believes what the database said. A mismatch is always asked for again.
MEMORY_SECONDS = 60.0
# Files that decide for a directory without a marker: so many of the newest and of the oldest.
SAMPLE = 20


class Fault(Enum):
    """Why the media root cannot be used; the values are the words of `liveness_reconcile --json`."""

    NO_MARKER = "no_marker"
    OTHER_MARKER = "other_marker"
    # The database knows no marker yet, and the directory does not look like its media root.
    STRANGE = "strange"
    UNREADABLE = "unreadable"
    UNWRITABLE = "unwritable"


# One line for each, without a path: pages and /readyz show it.
WORDS = {
    Fault.NO_MARKER: f"LIVENESS_MEDIA_ROOT has no marker file ({MARKER}); is its volume mounted?",
    Fault.OTHER_MARKER: "LIVENESS_MEDIA_ROOT has the marker of another media root; is it the right directory?",
    Fault.STRANGE: "LIVENESS_MEDIA_ROOT does not hold the files of this database; is it the right directory?",
    Fault.UNREADABLE: "LIVENESS_MEDIA_ROOT cannot be read; check its disk, its owner and its mode",
    Fault.UNWRITABLE: "LIVENESS_MEDIA_ROOT cannot be written; check its disk, its owner and its mode",
}


class MediaRootError(MediaError):
    """This directory is not the media root, or cannot be read now. Files stay wanted, as when the disk is full."""

    def __init__(self, fault: Fault) -> None:
        super().__init__(WORDS[fault], cause=LossCause.STORAGE)
        self.fault = fault


class _Memory:
    marker = ""
    until = 0.0


def root() -> Path:
    """Where the evidence is, as this process resolves `LIVENESS_MEDIA_ROOT`."""
    return Path(app_settings.MEDIA_ROOT).absolute()


def find_fault() -> Fault | None:
    """What is wrong with the media root, None when all is well. It creates nothing. Raises DatabaseError."""
    return _look()[0]


def check() -> None:
    """Raise MediaRootError when this is not the media root; create nothing."""
    fault = find_fault()
    if fault:
        raise MediaRootError(fault)


def ensure() -> None:
    """The same before a write. The first write of an installation makes the directory and the marker."""
    fault, here, is_known = _look()
    if fault:
        raise MediaRootError(fault)
    if not is_known:
        _claim(here)
        check()


def is_writable() -> bool:
    """May this process write into the media root, or make it where nothing is yet?"""
    place = root()
    while not place.exists() and place != place.parent:
        place = place.parent
    return place.is_dir() and may(place, os.W_OK | os.X_OK)


def read() -> str:
    """The id in the marker file; empty where there is none. Raises OSError."""
    try:
        with (root() / MARKER).open("rb") as file:
            return file.read(LONGEST_MARKER).decode(errors="replace").strip()
    except FileNotFoundError:
        return ""


def may(path: Path, mode: int) -> bool:
    """May this process do that (`os.R_OK` and so on), as the user whose rights it has now?"""
    return os.access(path, mode, effective_ids=os.access in os.supports_effective_ids)


def write(marker: str) -> None:
    """Put the marker file into the media root, whole or not at all; make the directory if there is none."""
    root().mkdir(mode=0o700, parents=True, exist_ok=True)
    part = root() / f"{MARKER}.{secrets.token_hex(4)}"
    try:
        with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            file.write(f"{marker}\n")
            file.flush()
            os.fsync(file.fileno())
        part.replace(root() / MARKER)
    finally:
        part.unlink(missing_ok=True)
    sync_directory(root())


def known() -> str:
    """The id that the database knows; empty before the first write."""
    return rows().filter(id=1).values_list("marker", flat=True).first() or ""


def share_at_hand() -> tuple[int, int]:
    """How many files of a sample of the database's are here, in their size, and how large the sample is."""
    sample = set(_sample())
    return sum(_has_size(name, size) for name, size in sample), len(sample)


def rows() -> Any:
    """The manager of the row that keeps the id."""
    # By its name: the models import the storage, which imports this module.
    return apps.get_model("liveness", "MediaRoot")._default_manager


def new_id() -> str:
    return uuid4().hex


def foreign_owner() -> int | None:
    """The user of a file that this process may not read, or, for root, that another user owns than the directory's."""
    ours = root().stat().st_uid
    for name in (MARKER, *(name for name, _ in _sample())):
        place = root() / name
        with suppress(OSError):
            is_foreign = place.stat().st_uid != ours
            if is_foreign and (os.geteuid() == 0 or not may(place, os.R_OK)):
                return place.stat().st_uid
    return None


def sync_directory(path: Path) -> None:
    """Bring the names in a directory to the disk."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _look() -> tuple[Fault | None, str, bool]:
    """What is wrong, the marker that is here, and whether the database knows one."""
    try:
        here = read()
        marker = _known_or(here)
        if marker and here != marker:
            # Another process may have made both between the two looks.
            here = read()
        if marker:
            return (None if here == marker else _fault_of(here)), here, True
        return (None if _may_be_first() else Fault.STRANGE), here, False
    except OSError:
        return Fault.UNREADABLE, "", False


def _fault_of(here: str) -> Fault:
    return Fault.OTHER_MARKER if here else Fault.NO_MARKER


def _known_or(here: str) -> str:
    """The database's id: from memory while it agrees with what is here."""
    if here and here == _Memory.marker and time.monotonic() < _Memory.until:
        return here
    marker = known()
    if marker and not transaction.get_connection().in_atomic_block:
        _Memory.marker, _Memory.until = marker, time.monotonic() + MEMORY_SECONDS
    return marker


@transaction.atomic
def _claim(here: str) -> None:
    """The row decides between two processes: the second waits for the first, and the first has written the file."""
    row, is_first = rows().get_or_create(id=1, defaults={"marker": here or new_id()})
    if not is_first:
        return
    try:
        write(row.marker)
    except OSError as problem:
        if problem.errno in (errno.ENOSPC, errno.EDQUOT):
            raise
        raise MediaRootError(Fault.UNWRITABLE) from None


def _may_be_first() -> bool:
    """May this directory become the media root of a database that knows none?

    An installation from before there were markers has files in the database: then at least half of a sample is here,
    so that a process with a wrong root does not decide. Where the database has no file, neither has the directory.
    """
    found, wanted = share_at_hand()
    return 2 * found >= wanted if wanted else not any(_files(root()))


def _files(directory: Path) -> Iterator[Path]:
    """The files below a directory, apart from the marker. Raises OSError when it cannot be listed."""
    with suppress(FileNotFoundError), os.scandir(directory) as entries:
        for entry in entries:
            if entry.is_dir(follow_symlinks=False):
                if entry.name != NOT_OURS:
                    yield from _files(Path(entry.path))
            elif not entry.name.startswith(MARKER):
                yield Path(entry.path)


def _sample() -> Iterator[tuple[str, int]]:
    stored = apps.get_model("liveness", "StoredMedia")._default_manager.filter(state="stored")
    for order in ("id", "-id"):
        for name, size in stored.order_by(order).values_list("file", "size")[:SAMPLE]:
            # A stored row has both; the types do not know.
            yield str(name), size or 0


def _has_size(name: str, size: int) -> bool:
    try:
        return (root() / name).stat().st_size == size
    except (FileNotFoundError, NotADirectoryError):
        return False
