"""When what could not be stored is tried again."""

from datetime import UTC, datetime

from liveness.models import MediaState, VerificationAttempt
from liveness.models.attempt import ANSWERED


def next_files_at() -> datetime | None:
    """The time, in UTC, of the next try for a file that is still wanted; None when no file is."""
    waiting = VerificationAttempt.objects.open().filter(outcome__in=ANSWERED, media__state=MediaState.WANTED)
    then = waiting.order_by("next_poll_at").values_list("next_poll_at", flat=True).first()
    return then.astimezone(UTC) if then else None
