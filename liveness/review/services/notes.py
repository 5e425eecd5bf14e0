"""Notes: remarks for colleagues, which stay as they were written."""

from datetime import datetime

from django.contrib.auth.models import AbstractUser
from django.db import transaction

from liveness.review.models import Note, Review
from liveness.review.services import actions, claims
from liveness.services import audit
from liveness.services.audit import Actor
from liveness.services.retry import retried


def write(review: Review, text: str, *, author: AbstractUser, now: datetime) -> Note:
    """Add a note to the review."""

    def add() -> Note:
        with transaction.atomic():
            locked = claims.lock(review.pk)
            note = Note.objects.create(review=locked, author_id=author.pk, written_at=now, text=text)
            audit.record(actions.NOTE_WRITTEN, actor=Actor.user(author), target=locked.attempt)
            return note

    return retried(add)
