"""The media rows of an attempt: planned from an answer, and closed when the file can no longer be had."""

from datetime import datetime

from liveness.client.types import FileInfo, LivenessResult
from liveness.models import MediaKind, MediaState, StoredMedia, VerificationAttempt
from liveness.services import audit
from liveness.services.audit import Actor

NOT_SENT = "the vendor sent none with this result"


def files(result: LivenessResult) -> dict[MediaKind, FileInfo | None]:
    """The files that an answer names, by kind."""
    return {MediaKind.BEST_FRAME: result.best_frame, MediaKind.VIDEO: result.video}


def plan(attempt: VerificationAttempt, result: LivenessResult, *, now: datetime, actor: Actor) -> None:
    """Want every file that a final answer names, and note which the vendor did not send."""
    for kind, info in files(result).items():
        if info is None:
            _note_absence(attempt, kind, actor)
        elif _want(attempt, kind, info):
            attempt.next_poll_at = attempt.next_poll_at or now


def lose(attempt: VerificationAttempt, reason: str, *, now: datetime, actor: Actor) -> None:
    """Close the files that are still wanted: a visible, explained loss instead of an endless wish."""
    for media in attempt.media.select_for_update().filter(state=MediaState.WANTED):
        media.state, media.closed_at = MediaState.LOST, now
        media.reason = (media.reason or reason)[:200]
        media.save(update_fields=["state", "closed_at", "reason"])
        audit.record(audit.MEDIA_LOST, actor=actor, target=media, kind=media.kind, reason=media.reason)


def _note_absence(attempt: VerificationAttempt, kind: MediaKind, actor: Actor) -> None:
    if attempt.media.filter(kind=kind).exists():
        return
    media = StoredMedia.objects.create(attempt=attempt, kind=kind, state=MediaState.ABSENT, reason=NOT_SENT)
    audit.record(audit.MEDIA_ABSENT, actor=actor, target=media, kind=kind.value)


def _want(attempt: VerificationAttempt, kind: MediaKind, info: FileInfo) -> bool:
    """Want one declared file unless it is stored or purged; True when there is something to fetch.

    A row without a usable MD5 stands for a file that an earlier answer lacked: it is superseded in place.
    """
    md5 = info.md5 or ""
    rows = attempt.media.filter(kind=kind, declared_md5__in={md5, ""}).order_by("-declared_md5")
    media = rows.first() or StoredMedia(attempt=attempt, kind=kind)
    if media.state in (MediaState.STORED, MediaState.PURGED):
        return False
    media.state, media.reason, media.closed_at = MediaState.WANTED, "", None
    media.declared_size, media.declared_md5 = info.size, md5
    media.save()
    return True
