"""Looks at a review's page: each is an audit event, like a look at a file."""

from datetime import datetime, timedelta

from django.contrib.auth.models import AbstractUser
from django.db import transaction

from liveness import audit
from liveness.app_settings import app_settings
from liveness.audit import Actor
from liveness.database.retry import retried
from liveness.models import AuditEvent
from liveness.review import actions, locking
from liveness.review.models import Review


def record_opening(review: Review, *, person: AbstractUser, now: datetime) -> None:
    """Append the audit event of this look, unless one of this person stands within `LIVENESS_VIEW_GRANT`.

    Raises DatabaseError or ChainError when the event cannot be written: then nothing may be shown.
    """
    if _is_granted(review, person, now):
        return

    def append() -> None:
        with transaction.atomic():
            locked = locking.lock(review.pk)
            if not _is_granted(locked, person, now):
                audit.record(actions.REVIEW_OPENED, actor=Actor.user(person), target=locked.attempt)

    retried(append)


def _is_granted(review: Review, person: AbstractUser, now: datetime) -> bool:
    since = now - timedelta(seconds=app_settings.VIEW_GRANT)
    looks = AuditEvent.objects.filter(
        object_id=str(review.attempt.public_id), action=actions.REVIEW_OPENED, actor=Actor.user(person).name
    )
    return looks.filter(at__gt=since).exists()
