"""The one order of locks, in which nobody deadlocks: attempt, its media, its review, the audit chain's head."""

from liveness.database.time_limits import idle_limit
from liveness.models import VerificationAttempt
from liveness.review.models import Review


def lock(review_id: int, *, with_evidence: bool = False) -> Review:
    """The review, its attempt's row locked until the end of the transaction: that lock guards all that hangs on it.

    Files are stored and checked under locks of their own: `with_evidence` takes those too, so that nothing that a
    decision stands on changes before it is committed.
    """
    attempt = VerificationAttempt.objects.select_for_update().annotate(**idle_limit()).get(pk=review_id)
    if with_evidence:
        list(attempt.media.select_for_update().order_by("id").values_list("id"))
    review = Review.objects.select_related("decision", "proposal").get(pk=review_id)
    review.attempt = attempt
    return review
