"""Stream one file of the vendor's into quarantine, counted and digested on the way, within strict limits."""

import errno
import hashlib
import os
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import requests

from liveness.app_settings import app_settings
from liveness.client.deadline import total_deadline
from liveness.client.errors import NetworkError
from liveness.client.session import build_session, read_body
from liveness.exceptions import MediaError
from liveness.models import MediaKind
from liveness.services import origins
from liveness.services.pool import Pool


@dataclass(frozen=True)
class Measured:
    """What was counted while the bytes came in: size in bytes and both digests in hex."""

    size: int
    md5: str
    sha256: str


def fetch(url: str, part: Path, *, kind: MediaKind, size: int, md5: str) -> Measured:
    """Download `url` to `part` and sync it; the bytes are exactly `size` long and have this MD5.

    Raises MediaError, whose text never holds the URL, when they do not or when a limit is hit.
    """
    _check_cap(size, kind)
    origin = origins.allow(url, app_settings.MEDIA_ORIGINS)
    try:
        _check_room(part, size)
        # Only an origin that is named exactly may lead to an address that is not public.
        with _sessions.borrow(origin.is_wildcard) as session:
            measured = _stream(session, url, part, size, app_settings.MEDIA_DEADLINES[kind])
        if measured.size != size:
            raise MediaError(f"the file ended after {measured.size} of {size} bytes", is_refetchable=True)
        if measured.md5 != md5:
            raise MediaError("the file's MD5 is not the one the vendor declared", is_refetchable=True)
    except NetworkError as problem:
        raise MediaError(f"the download failed: {problem}", is_refetchable=problem.retryable) from None
    except OSError as problem:
        raise MediaError(explain(problem)) from None
    return measured


def explain(problem: OSError) -> str:
    """One line that says what keeps evidence from being written, and what to do."""
    if problem.errno in (errno.ENOSPC, errno.EDQUOT):
        return "the disk of LIVENESS_MEDIA_ROOT is full; free some space"
    reason = os.strerror(problem.errno or errno.EIO)
    if problem.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
        return f"LIVENESS_MEDIA_ROOT cannot be written ({reason}); fix its owner or mode"
    return f"LIVENESS_MEDIA_ROOT cannot be used ({reason}); check its disk"


def _stream(session: requests.Session, url: str, part: Path, size: int, seconds: float) -> Measured:
    md5, sha256, count = hashlib.md5(usedforsecurity=False), hashlib.sha256(), 0
    with (
        total_deadline(seconds),
        session.get(url, timeout=app_settings.MEDIA_TIMEOUTS) as response,
        _private(part) as file,
    ):
        _check_answer(response, size)
        for chunk in read_body(response):
            count += len(chunk)
            if count > size:
                raise MediaError(f"the file is longer than the {size} bytes declared", is_refetchable=True)
            md5.update(chunk)
            sha256.update(chunk)
            file.write(chunk)
        file.flush()
        os.fsync(file.fileno())
    return Measured(count, md5.hexdigest(), sha256.hexdigest())


def _check_cap(size: int, kind: MediaKind) -> None:
    cap = app_settings.MEDIA_MAX_BYTES[kind]
    if size > cap:
        raise MediaError(f"the declared {size} bytes exceed LIVENESS_MEDIA_MAX_BYTES ({cap})")


def _check_room(part: Path, size: int) -> None:
    if shutil.disk_usage(part.parent).free < 2 * size:
        raise MediaError("the disk of LIVENESS_MEDIA_ROOT is nearly full; free some space")


def _check_answer(response: requests.Response, size: int) -> None:
    problem, length = "", response.headers.get("Content-Length")
    if response.status_code in (403, 404):
        problem = f"the vendor's link has run out (HTTP {response.status_code})"
    elif response.status_code != 200:
        problem = f"the media host answered HTTP {response.status_code}"
    elif length is not None and length != str(size):
        problem = f"the media host announced {length[:20]} bytes instead of the {size} declared"
    if problem:
        raise MediaError(problem, is_refetchable=True)


def _session(is_guarded: bool) -> requests.Session:
    return build_session(guard=origins.is_public if is_guarded else None)


_sessions = Pool(_session)


def _private(part: Path) -> BinaryIO:
    # Exclusive: what is digested here is what is admitted later, and nobody else's.
    return os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb")
