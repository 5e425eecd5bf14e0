"""The same file under another subject: something to look at, never a verdict.

Two people cannot send the same bytes by chance, but one person may have two references.
"""

from functools import partial

from django.db import transaction
from django.db.models import Q, QuerySet

from liveness.models import MediaState, StoredMedia, VerificationAttempt
from liveness.review.models import Review

SEEN_BEFORE = "seen_before"
MOST = 50


def twins(attempt: VerificationAttempt) -> QuerySet[StoredMedia]:
    """Files of other subjects with the same SHA-256, or the same MD5 declared where one of the two never arrived."""
    same = Q(pk__in=[])
    for sha256, md5 in attempt.media.exclude(declared_md5="").values_list("sha256", "declared_md5"):
        same |= Q(sha256=sha256) if sha256 else Q(declared_md5=md5)
        same |= Q(declared_md5=md5, sha256="")
    others = StoredMedia.objects.exclude(attempt__subject_reference=attempt.subject_reference)
    return others.filter(same).exclude(state=MediaState.ABSENT).order_by("-id")


def flag_later(attempt: VerificationAttempt) -> None:
    """After the commit, tell the reviews of the twins too: the second copy is news about the first.

    Not in the same transaction, which would take locks of other attempts in no order.
    """
    transaction.on_commit(partial(_flag, attempt))


def _flag(attempt: VerificationAttempt) -> None:
    attempts = set(twins(attempt).values_list("attempt_id", flat=True)[:MOST])
    with transaction.atomic():
        for review in Review.objects.select_for_update().filter(pk__in=attempts).order_by("pk"):
            if SEEN_BEFORE not in review.signals:
                review.signals = [*review.signals, SEEN_BEFORE]
                review.is_flagged = True
                review.save(update_fields=["signals", "is_flagged"])
