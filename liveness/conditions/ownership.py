"""Why a path cannot be used by this process, and what to type."""

import errno
import grp
import os
import pwd
import shlex
import tempfile
from pathlib import Path

from liveness.database import outages
from liveness.database.outages import OutageKind

BLOCK = 65536


def quoted(path: Path | str) -> str:
    """The path as it can be typed into a shell."""
    return shlex.quote(str(path))


def explain(name: str, path: Path, failure: OSError, *, is_tree: bool = True) -> str:
    """One line about the path that `name` gives: a setting, or the thing itself. A permission problem is never called
    missing. `is_tree`: all that is below the path belongs to the portal."""
    text = _explained(name, path, failure, is_tree)
    return text[:1].upper() + text[1:]


def _explained(name: str, path: Path, failure: OSError, is_tree: bool) -> str:
    kind = outages.of_disk(failure)
    if kind is OutageKind.DISK_FULL:
        return f"The disk of {name} ({quoted(path)}) takes no write ({_reason(failure)}). Free space on it."
    if kind is OutageKind.READ_ONLY:
        return f"{name} ({quoted(path)}) is on a read-only file system. Mount it writable."
    if kind is OutageKind.PERMISSION:
        return _refused(name, path, is_tree)
    return f"{name} ({quoted(path)}) cannot be used ({_reason(failure)}). Look at it: ls -ld {quoted(path)}"


def path_of(failure: OSError) -> Path:
    """The path that the system names in its error."""
    return Path(os.fsdecode(failure.filename)).absolute()


def _refused(name: str, path: Path, is_tree: bool) -> str:
    blocked = _blocking(path)
    what = f"{name} ({quoted(path)}) cannot be written by the user {user_name(os.geteuid())}"
    try:
        status = blocked.stat()
    except OSError:
        return f"{what}. Run as root: ls -ld {quoted(blocked)}"
    owner = f"{quoted(blocked)} belongs to {user_name(status.st_uid)}:{_group_name(status.st_gid)}"
    mode = f"{status.st_mode & 0o7777:04o}"
    return f"{what}: {owner} with mode {mode}. {_remedy(path, blocked, status.st_uid, is_tree)}"


def _remedy(path: Path, blocked: Path, owner: int, is_tree: bool) -> str:
    user = quoted(user_name(os.geteuid()))
    if blocked == path:
        give = f"chown{' -R' if is_tree else ''} {user} {quoted(path)}"
    elif not _may_enter(blocked):
        return f"Run as root: chmod o+x {quoted(blocked)}"
    else:
        give = f"install -d -m 700 -o {user} {quoted(path)}"
    return f"Either run this as {user_name(owner)}, or run as root: {give}"


def _blocking(path: Path) -> Path:
    """The first directory on the way that may not be entered, or else the nearest place that exists."""
    for directory in reversed(path.parents):
        if directory.exists() and not _may_enter(directory):
            return directory
    return nearest(path)


def _may_enter(directory: Path) -> bool:
    return os.access(directory, os.X_OK, effective_ids=True)


def nearest(path: Path) -> Path:
    """The path itself, or the nearest directory above it that exists. Raises PermissionError."""
    return next(place for place in (path, *path.parents) if place.exists())


def try_directory(directory: Path) -> None:
    """Write into the directory what leaves no trace, or see that it could be made. Raises OSError.

    The directory itself is not made: whoever only asks must change nothing.
    """
    place = nearest(directory)
    if not place.is_dir():
        raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR), str(place))
    _ensure(place, os.W_OK | os.X_OK)
    _write(place)


def try_file(path: Path) -> None:
    """May this process read and write the file? Raises OSError."""
    _ensure(path, os.R_OK | os.W_OK)


def _ensure(path: Path, rights: int) -> None:
    if not os.access(path, rights, effective_ids=True):
        reason = errno.EROFS if os.statvfs(path).f_flag & os.ST_RDONLY else errno.EACCES
        raise OSError(reason, os.strerror(reason), str(path))


def _write(directory: Path) -> None:
    """A file without a name goes with its handle, also when the process is killed (Linux, open(2), O_TMPFILE)."""
    with tempfile.TemporaryFile(dir=directory) as file:
        file.write(bytes(BLOCK))
        file.flush()


def user_name(uid: int) -> str:
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return str(uid)


def _group_name(gid: int) -> str:
    try:
        return grp.getgrgid(gid).gr_name
    except KeyError:
        return str(gid)


def _reason(failure: OSError) -> str:
    return os.strerror(failure.errno) if failure.errno else type(failure).__name__
