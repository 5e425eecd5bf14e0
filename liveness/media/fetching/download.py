"""Stream one file of the vendor's into quarantine, counted and digested on the way, within strict limits."""

import errno
import os
import shutil
import time
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

import requests
from django.utils import timezone

from liveness import clients, counters
from liveness.app_settings import app_settings
from liveness.client.deadline import total_deadline
from liveness.client.errors import ConfigurationError, NetworkError
from liveness.client.pool import Pool
from liveness.client.session import Route, build_session
from liveness.exceptions import MediaError
from liveness.loss_causes import LossCause
from liveness.media.fetching import presigned_urls, quarantine, url_allow_list
from liveness.media.fetching.transfer import Measured, Transfer
from liveness.models import MediaKind


def fetch(
    url: str,
    part: Path,
    *,
    kind: MediaKind,
    size: int | None,
    md5: str | None,
    clock: Callable[[], datetime] = timezone.now,
) -> Measured:
    """Download `url` to `part` and sync it; the bytes are exactly `size` long and have this MD5, as far as known.

    By the `clock` the link has run out, or not.

    Raises MediaError, whose text never holds the URL, when they do not or when a limit is hit.
    """
    begun, label = time.monotonic(), "failed"
    try:
        measured = _fetch(url, part, kind, size, md5, clock)
        label = "stored"
    finally:
        counters.count(counters.DOWNLOADS, label=label)
        counters.observe(counters.DOWNLOAD_SECONDS, time.monotonic() - begun)
    counters.count(counters.DOWNLOAD_BYTES, measured.size)
    return measured


def explain(problem: OSError) -> str:
    """One line that says what keeps evidence from being written, and what to do."""
    if problem.errno in (errno.ENOSPC, errno.EDQUOT):
        return "the disk of LIVENESS_MEDIA_ROOT is full; free some space"
    reason = os.strerror(problem.errno or errno.EIO)
    if problem.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
        return f"LIVENESS_MEDIA_ROOT cannot be written ({reason}); fix its owner or mode"
    return f"LIVENESS_MEDIA_ROOT cannot be used ({reason}); check its disk"


def _fetch(
    url: str, part: Path, kind: MediaKind, size: int | None, md5: str | None, clock: Callable[[], datetime]
) -> Measured:
    cap = app_settings.MEDIA_MAX_BYTES[kind]
    if size is not None and size > cap:
        text = f"the declared {size} bytes exceed LIVENESS_MEDIA_MAX_BYTES ({cap})"
        raise MediaError(text, cause=LossCause.REFUSED)
    link = presigned_urls.tidied(url)
    if not link:
        raise MediaError("the vendor sent no link for it", cause=LossCause.UNDECLARED, is_refetchable=True)
    origin = url_allow_list.allow(link, app_settings.MEDIA_ORIGINS)
    room = cap if size is None else size
    try:
        _check_room(part, room)
        with (
            quarantine.reserved(part, room) as file,
            # Only an origin that is named exactly may lead to an address that is not public.
            _sessions.borrow((origin.is_wildcard, clients.route())) as session,
            total_deadline(app_settings.MEDIA_DEADLINES[kind]),
        ):
            measured = Transfer(session, link, file, size=size, md5=md5, cap=cap, clock=clock).run()
        _check_measured(measured, size, md5)
    except NetworkError as problem:
        text = f"the download failed: {problem}"
        raise MediaError(text, cause=LossCause.DOWNLOAD, is_refetchable=problem.retryable) from None
    except ConfigurationError as problem:
        raise MediaError(str(problem), cause=LossCause.REFUSED) from None
    except OSError as problem:
        raise MediaError(explain(problem), cause=LossCause.STORAGE) from None
    return measured


def _check_measured(measured: Measured, size: int | None, md5: str | None) -> None:
    if size is not None and measured.size != size:
        text = f"the file ended after {measured.size} of {size} bytes"
        raise MediaError(text, cause=LossCause.MISMATCH, is_refetchable=True)
    if md5 is not None and measured.md5 != md5:
        text = "the file's MD5 is not the one the vendor declared"
        raise MediaError(text, cause=LossCause.MISMATCH, is_refetchable=True)
    if not measured.size:
        raise MediaError("the media host answered with an empty file", cause=LossCause.DOWNLOAD, is_refetchable=True)


def _check_room(part: Path, size: int) -> None:
    if shutil.disk_usage(part.parent).free < 2 * size:
        text = "the disk of LIVENESS_MEDIA_ROOT is nearly full; free some space"
        raise MediaError(text, cause=LossCause.STORAGE)


def _session(key: tuple[bool, Route]) -> requests.Session:
    is_guarded, route = key
    return build_session(guard=url_allow_list.is_public if is_guarded else None, route=route)


_sessions = Pool(_session)
