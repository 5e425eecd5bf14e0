"""Notes: remarks for colleagues, which stay as they were written."""

from datetime import datetime, timedelta

from django.contrib.auth.models import AbstractUser
from django.db import transaction

from liveness import audit
from liveness.audit import Actor
from liveness.database.retry import retried
from liveness.review import actions
from liveness.review.exceptions import RefusedError
from liveness.review.locking import lock
from liveness.review.models import Note, Review
from liveness.review.policy import LONGEST_TEXT
from liveness.review.wording import PROBLEMS

TWICE = timedelta(minutes=1)


def write(review: Review, text: str, *, author: AbstractUser, now: datetime) -> Note:
    """Add a note to the review; the same one sent twice within a minute is one.

    Raises RefusedError when it is empty or too long.
    """
    text = text.replace("\0", "").strip()
    if not text or len(text) > LONGEST_TEXT:
        raise RefusedError([str(PROBLEMS["text_too_long" if text else "text_missing"])])

    def add() -> Note:
        with transaction.atomic():
            locked = lock(review.pk)
            sent_twice = locked.notes.filter(author=author.pk, text=text, written_at__gt=now - TWICE).last()
            if sent_twice:
                return sent_twice
            note = Note.objects.create(review=locked, author_id=author.pk, written_at=now, text=text)
            audit.record(actions.NOTE_WRITTEN, actor=Actor.user(author), target=locked.attempt)
            return note

    return retried(add)
