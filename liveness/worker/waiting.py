"""When what could not be stored is tried again."""

from datetime import UTC, datetime

from liveness.loss_causes import LossCause
from liveness.models import MediaState, StoredMedia, VerificationAttempt
from liveness.models.attempt import ANSWERED


def next_files_at() -> datetime | None:
    """The time, in UTC, of the next try for a file that is still wanted; None when no file is."""
    waiting = VerificationAttempt.objects.open().filter(outcome__in=ANSWERED, media__state=MediaState.WANTED)
    then = waiting.order_by("next_poll_at").values_list("next_poll_at", flat=True).first()
    return then.astimezone(UTC) if then else None


def is_for_storage() -> bool:
    """Was a file that is still wanted refused by the storage? That may be over; the file waits for its next try."""
    wanted = StoredMedia.objects.filter(state=MediaState.WANTED, loss_cause=LossCause.STORAGE)
    return wanted.filter(attempt__in=VerificationAttempt.objects.open()).exists()
