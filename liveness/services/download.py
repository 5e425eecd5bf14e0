"""Stream one file of the vendor's into quarantine, counted and digested on the way, within strict limits."""

import errno
import os
import shutil
import time
from pathlib import Path

import requests

from liveness.app_settings import app_settings
from liveness.client.deadline import total_deadline
from liveness.client.errors import NetworkError
from liveness.client.session import build_session
from liveness.exceptions import MediaError
from liveness.models import MediaKind
from liveness.services import meters, origins, quarantine
from liveness.services.pool import Pool
from liveness.services.transfer import Measured, Transfer


def fetch(url: str, part: Path, *, kind: MediaKind, size: int, md5: str) -> Measured:
    """Download `url` to `part` and sync it; the bytes are exactly `size` long and have this MD5.

    Raises MediaError, whose text never holds the URL, when they do not or when a limit is hit.
    """
    begun, label = time.monotonic(), "failed"
    try:
        measured = _fetch(url, part, kind, size, md5)
        label = "stored"
    finally:
        meters.count(meters.DOWNLOADS, label=label)
        meters.observe(meters.DOWNLOAD_SECONDS, time.monotonic() - begun)
    meters.count(meters.DOWNLOAD_BYTES, measured.size)
    return measured


def explain(problem: OSError) -> str:
    """One line that says what keeps evidence from being written, and what to do."""
    if problem.errno in (errno.ENOSPC, errno.EDQUOT):
        return "the disk of LIVENESS_MEDIA_ROOT is full; free some space"
    reason = os.strerror(problem.errno or errno.EIO)
    if problem.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
        return f"LIVENESS_MEDIA_ROOT cannot be written ({reason}); fix its owner or mode"
    return f"LIVENESS_MEDIA_ROOT cannot be used ({reason}); check its disk"


def _fetch(url: str, part: Path, kind: MediaKind, size: int, md5: str) -> Measured:
    _check_cap(size, kind)
    origin = origins.allow(url, app_settings.MEDIA_ORIGINS)
    try:
        _check_room(part, size)
        with (
            quarantine.reserved(part, size) as file,
            # Only an origin that is named exactly may lead to an address that is not public.
            _sessions.borrow(origin.is_wildcard) as session,
            total_deadline(app_settings.MEDIA_DEADLINES[kind]),
        ):
            measured = Transfer(session, url, file, size).run()
        if measured.size != size:
            raise MediaError(f"the file ended after {measured.size} of {size} bytes", is_refetchable=True)
        if measured.md5 != md5:
            raise MediaError("the file's MD5 is not the one the vendor declared", is_refetchable=True)
    except NetworkError as problem:
        raise MediaError(f"the download failed: {problem}", is_refetchable=problem.retryable) from None
    except OSError as problem:
        raise MediaError(explain(problem)) from None
    return measured


def _check_cap(size: int, kind: MediaKind) -> None:
    cap = app_settings.MEDIA_MAX_BYTES[kind]
    if size > cap:
        raise MediaError(f"the declared {size} bytes exceed LIVENESS_MEDIA_MAX_BYTES ({cap})")


def _check_room(part: Path, size: int) -> None:
    if shutil.disk_usage(part.parent).free < 2 * size:
        raise MediaError("the disk of LIVENESS_MEDIA_ROOT is nearly full; free some space")


def _session(is_guarded: bool) -> requests.Session:
    return build_session(guard=origins.is_public if is_guarded else None)


_sessions = Pool(_session)
