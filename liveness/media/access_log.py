"""Looks at evidence: each is an audit event, and a file that is not what was stored is told at the first look."""

import errno
from datetime import datetime, timedelta
from enum import Enum
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from liveness import audit
from liveness.app_settings import app_settings
from liveness.audit import Actor, bounded
from liveness.database.time_limits import idle_limit
from liveness.exceptions import MediaError
from liveness.media import files as media_files
from liveness.media import integrity
from liveness.media.ownership import DENIED, UnreadableError
from liveness.models import AuditEvent, StoredMedia, VerificationAttempt
from liveness.storage import marker

# A video player asks for a file in many ranges: within the grant they are one look.
ONE_LOOK = frozenset({audit.MEDIA_VIEWED, audit.MEDIA_PREVIEWED, audit.MEDIA_PREFETCHED, audit.MEDIA_REFUSED})


class Availability(Enum):
    """Whether a stored file can be shown now, and why not."""

    AT_HAND = "at_hand"
    MISSING = "missing"
    # By its owner or mode; everything else is a disk or a volume that does not answer.
    DENIED = "denied"
    UNREADABLE = "unreadable"


def record_look(file: StoredMedia, action: str, *, actor: Actor, now: datetime) -> None:
    """Append the audit event of this look, unless it belongs to one that stands within `LIVENESS_VIEW_GRANT`.

    Raises DatabaseError when the event cannot be written: then nothing may be shown.
    """
    if _is_granted(file, action, actor, now):
        return
    with transaction.atomic():
        # Two ranges asked for at once wait here for each other, and only the first is recorded.
        StoredMedia.objects.select_for_update().annotate(**idle_limit()).get(pk=file.pk)
        if not _is_granted(file, action, actor, now):
            audit.record(action, actor=actor, target=file, kind=file.kind, sha256=file.sha256)


def record_refusal(public_id: UUID, *, actor: Actor) -> None:
    """Append the event of a refused id, whether a file has this id or not: at most one for each person and minute.

    Otherwise anybody could make the chain grow by asking for random ids. Raises DatabaseError and ChainError.
    """
    # The row is never saved: it lends the event the type and the id that a file's own event has.
    bounded.record(audit.MEDIA_REFUSED, actor=actor, target=StoredMedia(public_id=public_id))


def record_refused_attempt(public_id: UUID, *, actor: Actor) -> None:
    """The same for the page of an attempt."""
    bounded.record(audit.ATTEMPT_ACCESS_REFUSED, actor=actor, target=VerificationAttempt(public_id=public_id))


def availability(file: StoredMedia, *, actor: Actor) -> Availability:
    """Can the stored file be shown? One that is missing or cut is verified once, so that damage is on record.

    A file that cannot be read now is not damaged, and a media root that is not the right one says nothing about it.
    """
    try:
        if integrity.look(file, is_quick=True) is integrity.Verdict.SOUND:
            return Availability.AT_HAND
        if file.damaged_at is None:
            media_files.verify(file, now=timezone.now(), actor=actor)
    except UnreadableError as problem:
        return Availability.DENIED if problem.is_denied else Availability.UNREADABLE
    except MediaError:
        return Availability.UNREADABLE
    return Availability.MISSING


def availability_of(problem: OSError) -> Availability:
    """What an error of the file system says. Only a file that does not exist is missing."""
    if problem.errno in (errno.ENOENT, errno.ENOTDIR):
        return Availability.MISSING if marker.find_fault() is None else Availability.UNREADABLE
    return Availability.DENIED if problem.errno in DENIED else Availability.UNREADABLE


def _is_granted(file: StoredMedia, action: str, actor: Actor, now: datetime) -> bool:
    if action not in ONE_LOOK:
        return False
    since = now - timedelta(seconds=app_settings.VIEW_GRANT)
    events = AuditEvent.objects.filter(object_id=str(file.public_id), action=action, actor=actor.name)
    return events.filter(at__gt=since).exists()
