"""Is a stored file still what was stored? What its bytes say, and what follows from damage.

Damage while the token can still be read makes the file wanted again: the next refresh fetches it. Later damage is on
record in `damaged_at` until the file is sound again.
"""

import errno
import hashlib
import logging
import stat
from datetime import datetime
from enum import Enum
from pathlib import Path

from django.db import transaction

from liveness import audit
from liveness.audit import Actor
from liveness.database.retry import retried
from liveness.media.fetching.transfer import Measured
from liveness.media.ownership import UnreadableError
from liveness.models import HELD, MediaState, StoredMedia, VerificationAttempt
from liveness.signals import attempt_changed
from liveness.storage import marker
from liveness.storage.private import private_storage

BLOCK = 1024 * 1024
logger = logging.getLogger(__name__)


class Verdict(Enum):
    """What was found at the place of a stored file; the values are words of audit events and of `--json`."""

    SOUND = "sound"
    MISSING = "missing"
    CHANGED = "changed"


def look(media: StoredMedia, *, is_quick: bool = False) -> Verdict:
    """Read a stored file and compare it with its row; with `is_quick` only its size.

    Raises MediaError when the media root is not the right one, or the file cannot be read: that says nothing about it.
    """
    path = Path(private_storage().path(media.file.name or media.path))
    marker.check()
    try:
        verdict = _verdict(path, media, is_quick)
    except OSError as problem:
        raise UnreadableError(path, problem) from None
    if verdict is not Verdict.SOUND:
        # The volume may have gone while we read.
        marker.check()
    return verdict


def check(media: StoredMedia, *, now: datetime, actor: Actor, is_asked: bool) -> Verdict:
    """Read a stored file again and record what is news; a person who asked gets an event for a sound file too.

    A sound file without such a person is only read: the caller notes `verified_at`. Raises MediaError like `look`.
    """
    verdict = look(media)
    if verdict is Verdict.SOUND and media.damaged_at is None and not is_asked:
        return verdict
    found = retried(lambda: _record(media, now, actor, is_asked))
    media.refresh_from_db()
    return found


def measure(path: Path) -> Measured:
    """Size and digests of a file. Raises OSError."""
    md5, sha256, size = hashlib.md5(usedforsecurity=False), hashlib.sha256(), 0
    with path.open("rb") as file:
        while block := file.read(BLOCK):
            size += len(block)
            md5.update(block)
            sha256.update(block)
    return Measured(size, md5.hexdigest(), sha256.hexdigest())


def _verdict(path: Path, media: StoredMedia, is_quick: bool) -> Verdict:
    try:
        found = path.stat()
        # A pipe would keep us waiting for ever.
        if not stat.S_ISREG(found.st_mode) or found.st_size != media.size:
            return Verdict.CHANGED
        if is_quick:
            path.open("rb").close()
            return Verdict.SOUND
        measured = measure(path)
    except OSError as problem:
        if problem.errno in (errno.ENOENT, errno.ENOTDIR):
            return Verdict.MISSING
        raise
    is_same = measured == Measured(media.size or 0, media.md5, media.sha256)
    return Verdict.SOUND if is_same else Verdict.CHANGED


@transaction.atomic
def _record(media: StoredMedia, now: datetime, actor: Actor, is_asked: bool) -> Verdict:
    """Look again under the lock, because the file may have been fetched anew meanwhile, and write down what is so."""
    attempt = VerificationAttempt.objects.select_for_update().get(id=media.attempt_id)
    row = StoredMedia.objects.select_for_update().get(id=media.id)
    if row.state not in HELD:
        return Verdict.SOUND
    verdict = look(row)
    was_damaged, is_damaged = row.damaged_at is not None, verdict is not Verdict.SOUND
    row.verified_at, row.damaged_at = now, (row.damaged_at or now) if is_damaged else None
    row.save(update_fields=["verified_at", "damaged_at"])
    if is_asked or was_damaged != is_damaged:
        action = audit.MEDIA_DAMAGED if is_damaged else audit.MEDIA_VERIFIED
        details = {"found": verdict.value} if is_damaged else {}
        audit.record(action, actor=actor, target=row, sha256=row.sha256, **details)
    if is_damaged and attempt.is_answered and now < attempt.expires_at:
        _want_again(attempt, row, now, actor)
    if was_damaged != is_damaged:
        attempt_changed.send(VerificationAttempt, attempt=attempt)
    return verdict


def _want_again(attempt: VerificationAttempt, row: StoredMedia, now: datetime, actor: Actor) -> None:
    """The vendor still has the file: the row wants it again, and the attempt is due at once."""
    sha256 = row.sha256
    row.state, row.size, row.md5, row.sha256, row.content_type = MediaState.WANTED, None, "", "", ""
    row.width, row.height, row.flaw, row.file.name, row.thumbnail.name = None, None, "", "", ""
    row.codec, row.condition = "", ""
    row.stored_at, row.verified_at, row.damaged_at = None, None, None
    row.reason = "the stored file was damaged; it is fetched again"
    row.save()
    attempt.next_poll_at, attempt.failure_count, attempt.last_error = now, 0, ""
    attempt.save(update_fields=["next_poll_at", "failure_count", "last_error"])
    details = {"set_aside": name} if (name := _set_aside(row, now)) else {}
    audit.record(audit.MEDIA_WANTED_AGAIN, actor=actor, target=row, kind=row.kind, sha256=sha256, **details)


def _set_aside(row: StoredMedia, now: datetime) -> str:
    path = Path(private_storage().path(row.path))
    try:
        return private_storage().set_aside(path, now) if path.exists() else ""
    except OSError as problem:
        logger.warning("The damaged file %s could not be put into quarantine (%s).", path, type(problem).__name__)
        return ""
