"""Leases: which run works on which attempt. A lease that runs out returns the attempt to everybody."""

import os
import socket
import uuid
from collections.abc import Collection, Sequence
from datetime import datetime, timedelta

from django.db import connection, transaction

from liveness.models import AttemptQuerySet, VerificationAttempt

# What a killed run held comes free after this, or what it was fetching after the next. A call takes seconds, and
# whoever waits for one renews.
LEASE = timedelta(minutes=3)
# For both files of an answer: two waits for room, two downloads at their deadlines, and their inspection.
FOR_FILES = timedelta(minutes=6)


def new_owner() -> str:
    """A name for one run: tells an operator which process holds a lease, and is never used twice."""
    return f"{socket.gethostname()[:32]}:{os.getpid()}:{uuid.uuid4().hex[:12]}"


def take(candidates: AttemptQuerySet, limit: int, *, owner: str, now: datetime) -> list[VerificationAttempt]:
    """Lease up to `limit` of the candidates that nobody holds, in their order."""
    skip_locked = connection.features.has_select_for_update_skip_locked
    with transaction.atomic():
        free = candidates.free(now).select_for_update(skip_locked=skip_locked)
        return hold(list(free.values_list("id", flat=True)[:limit]), owner=owner, now=now)


def hold(attempt_ids: Sequence[int], *, owner: str, now: datetime) -> list[VerificationAttempt]:
    """Lease those of the attempts that nobody holds, within the transaction that chose them; in the same order.

    The update repeats the condition, so that two runs never hold one attempt even without row locks (SQLite).
    """
    free = VerificationAttempt.objects.filter(id__in=attempt_ids).free(now)
    free.update(lease_owner=owner, lease_expires_at=now + LEASE)
    held = VerificationAttempt.objects.filter(lease_owner=owner).in_bulk(attempt_ids)
    return [held[id_] for id_ in attempt_ids if id_ in held]


def renew(attempt_id: int, *, owner: str, now: datetime, length: timedelta = LEASE) -> bool:
    """Hold the attempt for so long from now on; False when another run has taken it over."""
    held = VerificationAttempt.objects.filter(id=attempt_id, lease_owner=owner)
    return bool(held.update(lease_expires_at=now + length))


def prolong(attempt_ids: Collection[int], *, owner: str, now: datetime) -> None:
    """Hold those of the attempts that this run still holds for a lease from now on, unless they are held for longer."""
    held = VerificationAttempt.objects.filter(id__in=attempt_ids, lease_owner=owner)
    held.filter(lease_expires_at__lt=now + LEASE).update(lease_expires_at=now + LEASE)


def release(attempt_ids: Collection[int], *, owner: str) -> None:
    """Give back those of the attempts that this run still holds."""
    held = VerificationAttempt.objects.filter(id__in=attempt_ids, lease_owner=owner)
    held.update(lease_owner="", lease_expires_at=None)
