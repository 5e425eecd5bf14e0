"""Private storage for evidence: one directory, no URL, readable by the service's own user alone."""

import secrets
from datetime import datetime
from pathlib import Path
from typing import IO, Any

from django.core.files.storage import FileSystemStorage

from liveness.app_settings import app_settings
from liveness.storage import marker

PART_SUFFIX = ".part"
QUARANTINE = "quarantine"


class PrivateStorage(FileSystemStorage):
    """Files under `LIVENESS_MEDIA_ROOT`, mode 0600 in directories of mode 0700, never with a public URL.

    Every method that writes raises MediaRootError where the directory has no marker or another one.
    """

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
        return ("liveness.storage.private.PrivateStorage", [], {})

    def quarantine(self, name: str) -> Path:
        """A new path, in the same file system as the final place, for bytes that nobody has checked yet.

        It is the caller's alone: another process that fetches the same file gets another path.
        """
        marker.ensure()
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
        marker.ensure()
        final = Path(self.path(name))
        self._make_directory(final.parent)
        part.chmod(0o600)
        part.replace(final)
        marker.sync_directory(final.parent)
        # Always, and not only by the process that made the directory: it may not have come so far yet.
        marker.sync_directory(Path(self.location))

    def set_aside(self, path: Path, now: datetime) -> str:
        """Move a file of the root into the quarantine of this day and return its new name; nothing is deleted.

        The dated folders are never served: no row names a file in them. Raises OSError.
        """
        marker.ensure()
        directory = Path(self.path(QUARANTINE)) / now.strftime("%Y-%m-%d")
        self._make_directory(directory.parent)
        self._make_directory(directory)
        name = _flat(str(path.relative_to(self.location))).removesuffix(PART_SUFFIX)
        final = directory / f"{name}-{secrets.token_hex(4)}"
        path.replace(final)
        marker.sync_directory(directory)
        return str(final.relative_to(self.location))

    def save(self, name: str | None, content: IO[Any], max_length: int | None = None) -> str:
        marker.ensure()
        return super().save(name, content, max_length)

    def _make_directory(self, path: Path) -> None:
        # Never the root: one that is not there is not mounted, and its first use makes it with its marker.
        path.mkdir(mode=0o700, exist_ok=True)


def private_storage() -> PrivateStorage:
    return PrivateStorage()


def _flat(name: str) -> str:
    return name.replace("/", "-")
