"""Files that this process may not read: who owns them, who runs, and what to type.

They are neither missing nor damaged.
"""

import errno
import os
import pwd
import shlex
from pathlib import Path

from liveness.exceptions import MediaError
from liveness.storage import marker

DENIED = (errno.EACCES, errno.EPERM)


class UnreadableError(MediaError):
    """A stored file cannot be read now, which says nothing about its bytes."""

    def __init__(self, path: Path, problem: OSError) -> None:
        self.is_denied = problem.errno in DENIED
        self.path = path
        if self.is_denied:
            self.message, self.command = _denied(path)
        else:
            reason = os.strerror(problem.errno) if problem.errno else type(problem).__name__
            self.message, self.command = f"LIVENESS_MEDIA_ROOT cannot be read now ({reason}); check its disk.", ""
        super().__init__(self.message)

    @property
    def advice(self) -> str:
        """One line for an operator, with the path and what to type."""
        return f"{self.message} Path: {self.path}." + (f" Type: {self.command}" if self.command else "")


def user_name(uid: int) -> str:
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return str(uid)


def running_user() -> str:
    return user_name(os.geteuid())


def give(user: str, path: Path) -> str:
    """The command that gives a directory with all it holds to a user."""
    return f"sudo chown -R {shlex.quote(user)} {shlex.quote(str(path))}"


def _denied(path: Path) -> tuple[str, str]:
    owner = _owner(path)
    if owner == os.geteuid():
        message = f"It cannot be read (permission): its mode keeps its owner {running_user()} out."
        return message, f"chmod -R u+rwX {shlex.quote(str(marker.root()))}"
    message = (
        f"It cannot be read (permission): it belongs to {user_name(owner)}, this process runs as {running_user()}."
    )
    return message, give(running_user(), marker.root())


def _owner(path: Path) -> int:
    """The owner of the file, or of the last directory above it that lets us look."""
    for place in (path, *path.parents):
        try:
            return place.stat().st_uid
        except OSError:
            continue
    return 0
