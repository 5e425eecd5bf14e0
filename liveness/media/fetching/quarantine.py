"""Room for bytes that nobody has checked yet: LIVENESS_MEDIA_TEMPORARY_BYTES for all processes together.

The files are the account. Each has its declared size from the first moment, so every process sees what all of them
hold, whoever unlinks or admits a file gives its room back, and what a killed run held comes back with the sweep.
"""

import os
import random
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

from liveness.app_settings import app_settings
from liveness.exceptions import MediaError
from liveness.loss_causes import LossCause
from liveness.storage.private import PART_SUFFIX

# Seconds for which a download waits for others to end, and between two looks.
PATIENCE = 30.0
PAUSE = 0.1


@contextmanager
def reserved(part: Path, size: int) -> Iterator[BinaryIO]:
    """A new file at `part`, `size` bytes long and open for writing, once there is room for it.

    Exclusive: what is digested here is what is admitted later, and nobody else's. A file that alone is larger than the
    whole room gets it when nothing else is there. What fails in the block gives the room back at once.

    Raises OSError, or MediaError when no room comes free in 30 s.
    """
    end = time.monotonic() + PATIENCE
    while not _reserve(part, size):
        if time.monotonic() >= end:
            raise MediaError("LIVENESS_MEDIA_TEMPORARY_BYTES is used up by other downloads", cause=LossCause.STORAGE)
        # Not in step with another one that gave back at the same moment.
        time.sleep(PAUSE * random.uniform(0.5, 1.5))  # noqa: S311 - it only spreads the waiting
    try:
        with part.open("r+b") as file:
            yield file
    except BaseException:
        part.unlink(missing_ok=True)
        raise


def _reserve(part: Path, size: int) -> bool:
    """Take the room first and look at the sum second, so that no two processes can overdraw it together."""
    with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.truncate(size)
    held = _held_by_others(part)
    if not held or held + size <= app_settings.MEDIA_TEMPORARY_BYTES:
        return True
    part.unlink()
    return False


def _held_by_others(part: Path) -> int:
    held = 0
    with os.scandir(part.parent) as entries:
        for entry in entries:
            if entry.name.endswith(PART_SUFFIX) and entry.name != part.name:
                # One that has just been admitted holds nothing any more.
                with suppress(FileNotFoundError):
                    held += entry.stat(follow_symlinks=False).st_size
    return held
