"""Evidence files: captured from the vendor, checked, stored for good, and checked again later.

A crash never leaves a row without its bytes: quarantine file, sync, rename, directory sync, and only then the row with
its audit event. A crash may leave bytes without a row; their path comes from the row's id, so the next fetch replaces
them.
"""

import hashlib
import time
from contextlib import suppress
from datetime import datetime
from pathlib import Path

from django.db import transaction

from liveness.client.types import FileInfo, LivenessResult
from liveness.exceptions import MediaError
from liveness.models import MediaKind, MediaState, StoredMedia, VerificationAttempt
from liveness.services import audit, download, evidence, inspection
from liveness.services.audit import Actor
from liveness.services.download import Measured
from liveness.services.inspection import Finding
from liveness.storage import PART_SUFFIX, PrivateStorage, private_storage

BLOCK = 1024 * 1024
STALE_PART = 3600.0


def capture(
    attempt: VerificationAttempt, result: LivenessResult, *, now: datetime, actor: Actor
) -> tuple[int, list[str]]:
    """Fetch the files of `result` that are still wanted; return how many were stored and the problems met."""
    stored, problems = 0, []
    for kind, info in evidence.files(result).items():
        wanted = attempt.media.filter(kind=kind, state=MediaState.WANTED, declared_md5=info.md5 or "") if info else ()
        for media in wanted:
            try:
                store(media, info, now=now, actor=actor)  # type: ignore[arg-type]
                stored += 1
            except MediaError as problem:
                StoredMedia.objects.filter(id=media.id).update(reason=str(problem)[:200])
                problems.append(f"{media.get_kind_display()}: {problem}")
    return stored, problems


def store(media: StoredMedia, info: FileInfo, *, now: datetime, actor: Actor) -> None:
    """Fetch one wanted file by its fresh link and keep it. Raises MediaError; the file then stays wanted."""
    if not info.md5 or not info.size:
        raise MediaError("the vendor declared no usable size or MD5 for it")
    storage = private_storage()
    part, small = (storage.quarantine(media.path + name) for name in ("", "-thumbnail"))
    StoredMedia.objects.filter(id=media.id).update(fetch_count=media.fetch_count + 1)
    try:
        measured = download.fetch(info.url, part, kind=MediaKind(media.kind), size=info.size, md5=info.md5)
        finding = inspection.inspect(part, MediaKind(media.kind), small)
        _admit(storage, part, small, media)
        _keep(media, measured, finding, now=now, actor=actor)
    except OSError as problem:
        raise MediaError(f"the file could not be stored ({type(problem).__name__})") from None
    finally:
        part.unlink(missing_ok=True)
        small.unlink(missing_ok=True)


def verify(media: StoredMedia, *, now: datetime, actor: Actor) -> bool:
    """Read a stored file again and compare size and digests; what was found is an audit event either way."""
    is_sound = _digests(media) == (media.size, media.md5, media.sha256)
    media.verified_at, media.damaged_at = now, None if is_sound else now
    action = audit.MEDIA_VERIFIED if is_sound else audit.MEDIA_DAMAGED
    with transaction.atomic():
        media.save(update_fields=["verified_at", "damaged_at"])
        audit.record(action, actor=actor, target=media, sha256=media.sha256)
    return is_sound


def sweep(now: float | None = None) -> int:
    """Remove quarantine files that a killed run left behind; return how many."""
    removed = 0
    for part in Path(private_storage().path("quarantine")).glob(f"*{PART_SUFFIX}"):
        with suppress(FileNotFoundError):
            if (now or time.time()) - part.stat().st_mtime > STALE_PART:
                part.unlink()
                removed += 1
    return removed


def _admit(storage: PrivateStorage, part: Path, small: Path, media: StoredMedia) -> None:
    storage.admit(part, media.path)
    if small.exists():
        storage.admit(small, _thumbnail(media))


def _keep(media: StoredMedia, measured: Measured, finding: Finding, *, now: datetime, actor: Actor) -> None:
    with transaction.atomic():
        media = StoredMedia.objects.select_for_update().get(id=media.id)
        if media.state != MediaState.WANTED:
            return
        media.state, media.stored_at, media.verified_at, media.reason = MediaState.STORED, now, now, ""
        media.size, media.md5, media.sha256 = measured.size, measured.md5, measured.sha256
        media.content_type, media.flaw = finding.content_type, finding.flaw
        media.width, media.height = finding.width, finding.height
        media.file.name = media.path
        media.thumbnail.name = _thumbnail(media) if finding.width else ""
        media.save()
        audit.record(
            audit.MEDIA_STORED,
            actor=actor,
            target=media,
            attempt=str(media.attempt.public_id),
            kind=media.kind,
            size=measured.size,
            md5=measured.md5,
            sha256=measured.sha256,
        )


def _thumbnail(media: StoredMedia) -> str:
    return media.path + ".jpg"


def _digests(media: StoredMedia) -> tuple[int, str, str]:
    md5, sha256, size = hashlib.md5(usedforsecurity=False), hashlib.sha256(), 0
    with suppress(OSError), media.file.open("rb") as file:
        while block := file.read(BLOCK):
            size += len(block)
            md5.update(block)
            sha256.update(block)
    return size, md5.hexdigest(), sha256.hexdigest()
