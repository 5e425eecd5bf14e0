"""The same file under another subject: something to look at, never a verdict.

Two people cannot send the same bytes by chance, but one person may have two references.
"""

from functools import partial

from django.db import transaction
from django.db.models import Q, QuerySet

from liveness.database.retry import retried
from liveness.models import MediaState, StoredMedia, VerificationAttempt
from liveness.review import locking
from liveness.review.models import Review

SEEN_BEFORE = "seen_before"
MOST = 50


def duplicates(attempt: VerificationAttempt) -> QuerySet[StoredMedia]:
    """Files of other subjects that the vendor declared with the same MD5, the newest first.

    That finds every equal SHA-256, because a stored file has the MD5 that was declared for it, and also files that
    never arrived. Two files made to share an MD5 are found as well: somebody should look at those all the more.
    Of an unverified file of this attempt the measured MD5 counts; those of others are not found.
    """
    rows = attempt.media.values_list("declared_md5", "state", "md5")
    md5s = {declared or (md5 if state == MediaState.UNVERIFIED else "") for declared, state, md5 in rows} - {""}
    # SQLite uses the partial index only for a query that repeats its condition.
    same = StoredMedia.objects.filter(~Q(declared_md5=""), declared_md5__in=md5s)
    others = same.exclude(attempt__subject_reference=attempt.subject_reference)
    return others.exclude(state=MediaState.ABSENT).order_by("-id")


def flag_later(attempt: VerificationAttempt) -> None:
    """After the commit, tell the reviews of the twins too: the second copy is news about the first.

    Not in the same transaction, which would lock several attempts in no order. The change that was committed stands
    even if this fails.
    """
    # Not a `partial`: Django logs what failed by its `__qualname__`, which a partial has not.
    transaction.on_commit(lambda: _flag(attempt), robust=True)


def _flag(attempt: VerificationAttempt) -> None:
    found = set(duplicates(attempt).values_list("attempt_id", flat=True)[:MOST])
    for review_id, signals in Review.objects.filter(pk__in=found).values_list("pk", "signals"):
        if SEEN_BEFORE not in signals:
            retried(partial(_flag_one, review_id))


@transaction.atomic
def _flag_one(review_id: int) -> None:
    review = locking.lock(review_id)
    if SEEN_BEFORE not in review.signals:
        signals = [SEEN_BEFORE, *review.signals]
        Review.objects.filter(pk=review_id).update(signals=signals, is_flagged=True)
