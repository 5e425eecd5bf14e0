"""Private storage for evidence: one directory, no URL, readable by the service's own user alone."""

import os
from functools import cached_property
from pathlib import Path
from typing import Any

from django.core.files.storage import FileSystemStorage

from liveness.app_settings import app_settings

PART_SUFFIX = ".part"


class PrivateStorage(FileSystemStorage):
    """Files under `LIVENESS_MEDIA_ROOT`, mode 0600 in directories of mode 0700, never with a public URL."""

    def __init__(self) -> None:
        super().__init__(file_permissions_mode=0o600, directory_permissions_mode=0o700)

    @cached_property
    def base_location(self) -> str:
        return str(app_settings.MEDIA_ROOT)

    def url(self, name: str | None) -> str:
        raise ValueError("Evidence has no public URL; link to the liveness:media view instead.")

    def deconstruct(self) -> tuple[str, list[Any], dict[str, Any]]:
        return ("liveness.storage.PrivateStorage", [], {})

    def quarantine(self, name: str) -> Path:
        """A new path, in the same file system as the final place, for bytes that nobody has checked yet."""
        part = Path(self.path("quarantine")) / (name.replace("/", "-") + PART_SUFFIX)
        part.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        return part

    def admit(self, part: Path, name: str) -> None:
        """Move a checked, synced file to its place at once and for good: rename, then sync the directory."""
        final = Path(self.path(name))
        final.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        part.replace(final)
        _sync_directory(final.parent)


def private_storage() -> PrivateStorage:
    return PrivateStorage()


def _sync_directory(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
