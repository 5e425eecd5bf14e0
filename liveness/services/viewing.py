"""Looks at evidence: each is an audit event, and a file that is not what was stored is told at the first look."""

from contextlib import suppress
from datetime import datetime, timedelta

from django.db import transaction
from django.utils import timezone

from liveness.app_settings import app_settings
from liveness.exceptions import MediaError
from liveness.models import AuditEvent, StoredMedia
from liveness.services import audit, media
from liveness.services.audit import Actor

# A video player asks for a file in many ranges: within the grant they are one look.
ONE_LOOK = frozenset({audit.MEDIA_VIEWED, audit.MEDIA_PREVIEWED, audit.MEDIA_PREFETCHED, audit.MEDIA_REFUSED})


def record_look(file: StoredMedia, action: str, *, actor: Actor, now: datetime) -> None:
    """Append the audit event of this look, unless it belongs to one that stands within `LIVENESS_VIEW_GRANT`.

    Raises DatabaseError when the event cannot be written: then nothing may be shown.
    """
    if _is_granted(file, action, actor, now):
        return
    with transaction.atomic():
        # Two ranges asked for at once wait here for each other, and only the first is recorded.
        StoredMedia.objects.select_for_update().get(pk=file.pk)
        if not _is_granted(file, action, actor, now):
            audit.record(action, actor=actor, target=file, kind=file.kind, sha256=file.sha256)


def is_at_hand(file: StoredMedia, *, actor: Actor) -> bool:
    """Is the stored file there, in its full size? If not, it is verified once, so that damage is on record.

    A storage that cannot be read now is no damage: the file is merely not at hand.
    """
    try:
        if file.file.size == file.size:
            return True
    except OSError:
        pass
    if file.damaged_at is None:
        with suppress(MediaError):
            media.verify(file, now=timezone.now(), actor=actor)
    return False


def _is_granted(file: StoredMedia, action: str, actor: Actor, now: datetime) -> bool:
    if action not in ONE_LOOK:
        return False
    since = now - timedelta(seconds=app_settings.VIEW_GRANT)
    events = AuditEvent.objects.filter(object_id=str(file.public_id), action=action, actor=actor.name)
    return events.filter(at__gt=since).exists()
