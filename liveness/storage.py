"""Private storage for evidence: one directory, no URL, readable by the service's own user alone."""

import os
import secrets
from pathlib import Path
from typing import Any

from django.core.files.storage import FileSystemStorage

from liveness.app_settings import app_settings

PART_SUFFIX = ".part"
QUARANTINE = "quarantine"


class PrivateStorage(FileSystemStorage):
    """Files under `LIVENESS_MEDIA_ROOT`, mode 0600 in directories of mode 0700, never with a public URL."""

    def __init__(self) -> None:
        super().__init__(file_permissions_mode=0o600, directory_permissions_mode=0o700)

    # Plain properties: the base class keeps the first value for ever, whatever the setting says later.
    @property
    def base_location(self) -> str:
        return str(app_settings.MEDIA_ROOT)

    @property
    def location(self) -> str:
        return str(Path(self.base_location).absolute())

    def url(self, name: str | None) -> str:
        raise ValueError("Evidence has no public URL; link to the liveness:media view instead.")

    def deconstruct(self) -> tuple[str, list[Any], dict[str, Any]]:
        return ("liveness.storage.PrivateStorage", [], {})

    def quarantine(self, name: str) -> Path:
        """A new path, in the same file system as the final place, for bytes that nobody has checked yet.

        It is the caller's alone: another process that fetches the same file gets another path.
        """
        directory = Path(self.path(QUARANTINE))
        self._make_directory(directory)
        return directory / f"{_flat(name)}-{secrets.token_hex(8)}{PART_SUFFIX}"

    def parts(self, name: str = "") -> list[Path]:
        """What lies in quarantine for `name` (for all names without one); empty when it cannot be listed."""
        try:
            return list(Path(self.path(QUARANTINE)).glob(f"{_flat(name)}*{PART_SUFFIX}"))
        except OSError:
            return []

    def admit(self, part: Path, name: str) -> None:
        """Move a checked, synced file to its place at once and for good: rename, then sync the directories."""
        final = Path(self.path(name))
        self._make_directory(final.parent)
        part.chmod(0o600)
        part.replace(final)
        _sync_directory(final.parent)
        # Always, and not only by whoever made the directory: he may not have come so far yet.
        _sync_directory(Path(self.location))

    def _make_directory(self, path: Path) -> None:
        # `parents=True` would give the root the umask's mode: only the last directory gets the one that is named.
        Path(self.location).mkdir(mode=0o700, parents=True, exist_ok=True)
        path.mkdir(mode=0o700, exist_ok=True)


def private_storage() -> PrivateStorage:
    return PrivateStorage()


def _flat(name: str) -> str:
    return name.replace("/", "-")


def _sync_directory(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
