"""Audit events that anybody may cause, kept few: a stranger must not be able to make the chain grow at will."""

from collections.abc import Iterable, Mapping
from datetime import timedelta

from django.db import models, transaction
from django.utils import timezone

from liveness import audit
from liveness.audit import Actor, rows
from liveness.database.time_limits import idle_limit
from liveness.models import AuditEvent, AuditHead

WITHIN = timedelta(minutes=1)


def record(action: str, *, actor: Actor, target: models.Model, most: int = 1, once_for_target: bool = False) -> None:
    """Append the event, unless this actor has caused `most` of this action within a minute.

    With `once_for_target` no more than one of them concerns the same record. Raises DatabaseError, and ChainError when
    the chain takes no events.
    """
    wanted = {"action": action, "actor": actor.name}
    limits = [(wanted, most)]
    if once_for_target:
        limits.append((wanted | {"object_id": audit.object_id_of(target)}, 1))
    if _is_enough(limits):
        return
    with transaction.atomic():
        # Requests that come at once wait here for each other, so that each sees what the others recorded.
        AuditHead.objects.select_for_update().annotate(**idle_limit()).get_or_create(id=1)
        if not _is_enough(limits):
            audit.record(action, actor=actor, target=target)


def _is_enough(limits: Iterable[tuple[Mapping[str, str], int]]) -> bool:
    """Is one of the limits reached? The event that would reach it is found by an index, however many there are."""
    now = timezone.now()
    for wanted, most in limits:
        newest = AuditEvent.objects.filter(**wanted).order_by("-sequence")
        at = rows.time_of_first(newest[most - 1 : most])
        # An event of later than now is from before the clock was set back.
        if at and timedelta(0) <= now - at < WITHIN:
            return True
    return False
