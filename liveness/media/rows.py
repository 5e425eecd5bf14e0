"""The media rows of an attempt: planned from an answer, and closed when the file can no longer be had."""

from datetime import datetime
from functools import partial

from django.db import transaction

from liveness import audit, counters
from liveness.audit import Actor
from liveness.client.types import FileInfo, LivenessResult
from liveness.loss_causes import LossCause
from liveness.media import files as media_files
from liveness.models import HELD, MediaKind, MediaState, StoredMedia, VerificationAttempt

NOT_SENT = "the vendor sent none with this result"


def want_files(attempt: VerificationAttempt, result: LivenessResult, *, now: datetime, actor: Actor) -> None:
    """Want every file that a final answer names, and note which the vendor did not send."""
    for kind, info in media_files.files(result).items():
        if info is None:
            _note_absence(attempt, kind, actor)
        elif _want(attempt, kind, info):
            attempt.next_poll_at = attempt.next_poll_at or now


def lose_files(attempt: VerificationAttempt, reason: str, *, now: datetime, actor: Actor) -> None:
    """Close the files that are still wanted: a visible, explained loss instead of an endless wish.

    Bytes that an earlier run left behind whole are kept; anything else that lies there goes with the row.
    """
    for file in attempt.media.select_for_update().filter(state=MediaState.WANTED).order_by("id"):
        if media_files.rescue(file, now=now, actor=actor):
            continue
        file.state, file.closed_at = MediaState.LOST, now
        file.reason = (file.reason or reason)[:200]
        file.loss_cause = file.loss_cause or LossCause.WINDOW
        file.save(update_fields=["state", "closed_at", "reason", "loss_cause"])
        details = {"kind": file.kind, "reason": file.reason, "cause": file.loss_cause}
        audit.record(audit.MEDIA_LOST, actor=actor, target=file, **details)
        transaction.on_commit(partial(media_files.discard, file))
        transaction.on_commit(partial(counters.count, counters.LOST, label=file.loss_cause))


def _note_absence(attempt: VerificationAttempt, kind: MediaKind, actor: Actor) -> None:
    if attempt.media.filter(kind=kind).exists():
        return
    file = StoredMedia.objects.create(attempt=attempt, kind=kind, state=MediaState.ABSENT, reason=NOT_SENT)
    audit.record(audit.MEDIA_ABSENT, actor=actor, target=file, kind=kind.value)


def _want(attempt: VerificationAttempt, kind: MediaKind, info: FileInfo) -> bool:
    """Want one declared file unless it is here or purged; True when there is something to fetch.

    A row without an MD5 stands for a file that an earlier answer lacked: it is superseded in place. But bytes that
    nobody could verify stay, and what can be verified now gets a row of its own.
    """
    md5 = info.md5 or ""
    rows = attempt.media.filter(kind=kind)
    if not md5 and rows.filter(state=MediaState.STORED).exists():
        return False
    file = rows.filter(declared_md5__in={md5, ""}).order_by("-declared_md5").first()
    if file is None or (md5 and file.state == MediaState.UNVERIFIED):
        file = StoredMedia(attempt=attempt, kind=kind)
    if file.state in (*HELD, MediaState.PURGED):
        return False
    file.state, file.reason, file.loss_cause, file.closed_at = MediaState.WANTED, "", "", None
    file.declared_size, file.declared_md5 = info.size, md5
    file.save()
    return True
