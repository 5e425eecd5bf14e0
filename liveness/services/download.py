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
    _check_room(part, size, kind)
    origin = origins.allow(url, app_settings.MEDIA_ORIGINS)
    try:
        # Only an origin that is named exactly may lead to an address that is not public.
        with _sessions.borrow(origin.is_wildcard) as session:
            measured = _stream(session, url, part, size, app_settings.MEDIA_DEADLINES[kind])
        if measured.size != size:
            raise MediaError(f"the file ended after {measured.size} of {size} bytes")
        if measured.md5 != md5:
            raise MediaError("the file's MD5 is not the one the vendor declared")
    except NetworkError as problem:
        raise MediaError(f"the download failed: {problem}") from None
    except OSError as problem:
        raise MediaError(_explain(problem)) from None
    return measured


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
                raise MediaError(f"the file is longer than the {size} bytes declared")
            md5.update(chunk)
            sha256.update(chunk)
            file.write(chunk)
        file.flush()
        os.fsync(file.fileno())
    return Measured(count, md5.hexdigest(), sha256.hexdigest())


def _check_room(part: Path, size: int, kind: MediaKind) -> None:
    cap = app_settings.MEDIA_MAX_BYTES[kind]
    if size > cap:
        raise MediaError(f"the declared {size} bytes exceed LIVENESS_MEDIA_MAX_BYTES ({cap})")
    if shutil.disk_usage(part.parent).free < 2 * size:
        raise MediaError("the disk of LIVENESS_MEDIA_ROOT is nearly full; free some space")


def _check_answer(response: requests.Response, size: int) -> None:
    if response.status_code in (403, 404):
        raise MediaError(f"the vendor's link has run out (HTTP {response.status_code})")
    if response.status_code != 200:
        raise MediaError(f"the media host answered HTTP {response.status_code}")
    length = response.headers.get("Content-Length")
    if length is not None and length != str(size):
        raise MediaError(f"the media host announced {length[:20]} bytes instead of the {size} declared")


def _explain(problem: OSError) -> str:
    if problem.errno in (errno.ENOSPC, errno.EDQUOT):
        return "the disk of LIVENESS_MEDIA_ROOT is full; free some space"
    return f"the file could not be written ({os.strerror(problem.errno or 0)})"


def _session(is_guarded: bool) -> requests.Session:
    return build_session(guard=origins.is_public if is_guarded else None)


_sessions = Pool(_session)


def _private(part: Path) -> BinaryIO:
    return os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb")
