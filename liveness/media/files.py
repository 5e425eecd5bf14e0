"""Evidence files: captured from the vendor, checked, stored for good, and checked again later.

A crash never leaves a row without its bytes: quarantine file, sync, rename, directory sync, and only then the row with
its audit event. A crash may leave bytes without a row; their path comes from the row's id, so the next fetch finds and
keeps them, and the loss of the row removes them.
"""

import logging
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from django.db import DatabaseError, transaction
from django.db.models import F
from django.utils import timezone

from liveness import audit
from liveness.app_settings import app_settings
from liveness.audit import Actor
from liveness.client.types import FileInfo, LivenessResult
from liveness.database.retry import retried
from liveness.exceptions import LeaseLostError, MediaError
from liveness.loss_causes import LossCause
from liveness.media import inspection, integrity
from liveness.media.fetching import download
from liveness.media.fetching.transfer import Measured
from liveness.media.inspection import Finding
from liveness.models import HELD, MediaCondition, MediaKind, MediaState, StoredMedia, VerificationAttempt
from liveness.storage import marker
from liveness.storage.private import private_storage

# Seconds between the last byte of a download, whose deadline may be all of that, or of a thumbnail, and its move into
# place.
INSPECTION_PATIENCE = 300.0
NOT_INSPECTED = "it could not be inspected when it was kept"

Clock = Callable[[], datetime]
logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Capture:
    """What came of fetching the files of one answer: how many were stored, and the problems of the others.

    `is_refetchable`: at least one of the problems may be gone with a fresh link.
    """

    stored: int
    problems: list[str]
    is_refetchable: bool


def files(result: LivenessResult) -> dict[MediaKind, FileInfo | None]:
    """The files that an answer names, by kind."""
    return {MediaKind.BEST_FRAME: result.best_frame, MediaKind.VIDEO: result.video}


def capture(
    attempt: VerificationAttempt, result: LivenessResult, *, actor: Actor, run: str = "", clock: Clock = timezone.now
) -> Capture:
    """Fetch the files of `result` that are still wanted. Raises LeaseLostError if `run` no longer holds the attempt.

    By the `clock` a link has run out, or not.
    """
    stored, problems, is_refetchable = 0, [], False
    for kind, info in files(result).items():
        if info is None:
            continue
        for media in attempt.media.filter(kind=kind, state=MediaState.WANTED, declared_md5=info.md5 or ""):
            try:
                stored += store(media, info, actor=actor, run=run, clock=clock)
            except MediaError as problem:
                _change_wanted(media, run, reason=str(problem)[:200], loss_cause=problem.cause)
                problems.append(f"{media.get_kind_display()}: {problem}")
                is_refetchable |= problem.is_refetchable
    return Capture(stored, problems, is_refetchable)


def store(media: StoredMedia, info: FileInfo, *, actor: Actor, run: str = "", clock: Clock = timezone.now) -> bool:
    """Fetch one wanted file by its fresh link and keep it; False when its row was no longer open for it.

    Nothing unverified is ever stored as evidence: a file without a declared MD5 is kept apart, as UNVERIFIED. A file
    that an earlier run left behind whole is kept without a download. Raises MediaError; the file then stays wanted.
    """
    try:
        marker.ensure()
        measured = _left_behind(media)
        if measured:
            return _keep(media, measured, _inspect_in_place(media), now=clock(), actor=actor, run=run)
        return _fetch(media, info, actor=actor, run=run, clock=clock)
    except OSError as problem:
        raise MediaError(download.explain(problem), cause=LossCause.STORAGE) from None


def rescue(media: StoredMedia, *, now: datetime, actor: Actor) -> bool:
    """Keep a wanted file whose bytes are at their place already, checked as far as declared; True when stored now.

    This is the last chance before the row is lost, so a decoder that does not work does not stand in the way: the
    bytes are kept with a note in `flaw`, because a loss is for ever.
    """
    try:
        marker.check()
        measured = _left_behind(media)
    except (OSError, MediaError):
        return False
    if measured is None:
        return False
    try:
        finding = _inspect_in_place(media)
    except (OSError, MediaError):
        finding = Finding(inspection.UNKNOWN_TYPE, flaw=NOT_INSPECTED, condition=MediaCondition.NOT_INSPECTED)
    return _keep(media, measured, finding, now=now, actor=actor)


def restore_thumbnail(media: StoredMedia) -> bool:
    """Make the thumbnail of a stored picture again; False when the picture gives none. Raises OSError, MediaError."""
    _inspect_in_place(media)
    return Path(private_storage().path(_thumbnail(media))).exists()


def discard(media: StoredMedia) -> None:
    """Unlink whatever lies on the disk for a row that owns no file: no face stays without a row that answers for it.

    Never raises; what cannot be removed is logged.
    """
    storage = private_storage()
    places = [Path(storage.path(name)) for name in (media.path, _thumbnail(media))]
    for path in places + storage.parts(media.path):
        try:
            path.unlink(missing_ok=True)
        except OSError as problem:
            logger.warning("Remove %s by hand: it belongs to no evidence (%s).", path, type(problem).__name__)


def verify(media: StoredMedia, *, now: datetime, actor: Actor) -> bool:
    """Read a stored file again and compare size and digests; what was found is an audit event either way.

    A damaged file is wanted again while the vendor still has it. Raises MediaError, and records nothing, when the file
    cannot be read now or the media root is not the right one: that says nothing about the file.
    """
    return integrity.check(media, now=now, actor=actor, is_asked=True) is integrity.Verdict.SOUND


def sweep_age() -> float:
    """Seconds after which a file without a row, or in quarantine, is no longer part of a download under way."""
    return max(app_settings.MEDIA_DEADLINES.values()) + INSPECTION_PATIENCE


def sweep(now: float | None = None) -> int:
    """Remove quarantine files that a killed run left behind; return how many. One that resists is passed over.

    Where the media root is not the right one, nothing is removed.
    """
    try:
        if marker.find_fault():
            return 0
    except DatabaseError:
        # The run meets the same, and says so.
        return 0
    removed, oldest = 0, (now or time.time()) - sweep_age()
    for part in private_storage().parts():
        with suppress(OSError):
            if part.stat().st_mtime < oldest:
                part.unlink()
                removed += 1
    return removed


def _fetch(media: StoredMedia, info: FileInfo, *, actor: Actor, run: str, clock: Clock) -> bool:
    with _quarantined(media.path) as part:
        _change_wanted(media, run, fetch_count=F("fetch_count") + 1)
        measured = download.fetch(info.url, part, kind=MediaKind(media.kind), size=info.size, md5=info.md5, clock=clock)
        if not info.md5 and inspection.looks_like_a_page(part):
            text = "the media host sent a page of text in place of the file"
            raise MediaError(text, cause=LossCause.DOWNLOAD, is_refetchable=True)
        # A run that was paused during the download must not put its bytes over those of the run that came after it.
        _check_lease(media, run)
        # What has been checked is not given up again because a decoder does not work.
        private_storage().admit(part, media.path)
    return _keep(media, measured, _inspect_in_place(media), now=clock(), actor=actor, run=run)


def _left_behind(media: StoredMedia) -> Measured | None:
    """Measure the file that a run put into place before it was killed; unlink it unless it is the one declared."""
    path = Path(private_storage().path(media.path))
    try:
        measured = integrity.measure(path)
    except FileNotFoundError:
        return None
    if _is_as_declared(media, measured):
        return measured
    path.unlink(missing_ok=True)
    return None


def _is_as_declared(media: StoredMedia, measured: Measured) -> bool:
    """Are size and MD5 those that the vendor declared, where it declared them?"""
    return measured.size == (media.declared_size or measured.size) and measured.md5 == (
        media.declared_md5 or measured.md5
    )


def _inspect_in_place(media: StoredMedia) -> Finding:
    path = Path(private_storage().path(media.path))
    with _quarantined(_thumbnail(media)) as small:
        finding = inspection.inspect(path, MediaKind(media.kind), small)
        if small.exists():
            private_storage().admit(small, _thumbnail(media))
    return finding


@contextmanager
def _quarantined(name: str) -> Iterator[Path]:
    part = private_storage().quarantine(name)
    try:
        yield part
    finally:
        part.unlink(missing_ok=True)


def _keep(
    media: StoredMedia, measured: Measured, finding: Finding, *, now: datetime, actor: Actor, run: str = ""
) -> bool:
    return retried(lambda: _record_stored(media.id, measured, finding, now, actor, run))


@transaction.atomic
def _record_stored(media_id: int, measured: Measured, finding: Finding, now: datetime, actor: Actor, run: str) -> bool:
    # The row's lock comes first and the audit event last, as everywhere, so that no two writers wait for each other.
    media = StoredMedia.objects.select_for_update().get(id=media_id)
    _check_lease(media, run)
    if media.state != MediaState.WANTED:
        if media.state not in HELD:
            discard(media)
        return False
    if not _is_as_declared(media, measured):
        # A later answer declared something else meanwhile; the next fetch looks at these bytes again.
        return False
    is_verified = bool(media.declared_md5)
    media.state = MediaState.STORED if is_verified else MediaState.UNVERIFIED
    media.stored_at, media.verified_at = now, now if is_verified else None
    media.reason, media.loss_cause = "", ""
    media.size, media.md5, media.sha256 = measured.size, measured.md5, measured.sha256
    _take_over(media, finding)
    media.save()
    audit.record(
        audit.MEDIA_STORED if is_verified else audit.MEDIA_UNVERIFIED,
        actor=actor,
        target=media,
        attempt=str(media.attempt.public_id),
        kind=media.kind,
        size=measured.size,
        md5=measured.md5,
        sha256=measured.sha256,
    )
    return True


def _take_over(media: StoredMedia, finding: Finding) -> None:
    media.content_type, media.codec = finding.content_type, finding.codec
    media.flaw, media.condition = finding.flaw, finding.condition
    media.width, media.height = finding.width, finding.height
    media.file.name = media.path
    media.thumbnail.name = _thumbnail(media) if finding.width else ""


def _change_wanted(media: StoredMedia, run: str, **changes: Any) -> None:
    _check_lease(media, run)
    rows = StoredMedia.objects.filter(id=media.id, state=MediaState.WANTED)
    if run:
        rows = rows.filter(attempt__in=VerificationAttempt.objects.held_by(run))
    retried(lambda: rows.update(**changes))


def _check_lease(media: StoredMedia, run: str) -> None:
    """Raises LeaseLostError if `run` no longer holds the attempt; an empty one stands for a person or a command."""
    if run and not VerificationAttempt.objects.filter(id=media.attempt_id).held_by(run).exists():
        raise LeaseLostError("another run may work on this attempt now")


def _thumbnail(media: StoredMedia) -> str:
    return media.path + ".jpg"
