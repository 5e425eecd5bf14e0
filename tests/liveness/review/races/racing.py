"""Many people at once, with real threads on a real database: their start, and what they work on."""

import random
import threading
from collections.abc import Callable
from datetime import timedelta

from django.db import connection
from django.utils import timezone

from liveness.models import Outcome, VerificationAttempt
from liveness.review.decisions import decide
from liveness.review.decisions.decide import PageVersion
from liveness.review.decisions.viewing_proof import Seen
from liveness.review.models import Claim, Decision, Review, ReviewState
from liveness.review.sync import evidence_snapshot
from tests.liveness.review.working import DRAFTS

# Seconds until those who wait for somebody who failed give up.
PATIENCE = 30


def at_once(*acts: Callable[[], None]) -> None:
    """Run these in a thread each, all starting together; what one of them raises fails the test."""
    start, failures = threading.Barrier(len(acts), timeout=PATIENCE), []

    def run(act: Callable[[], None]) -> None:
        try:
            start.wait()
            act()
        except BaseException as failure:
            failures.append(failure)
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=(act,)) for act in acts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if failures:
        raise failures[0]


def make_queue(number: int) -> None:
    """Failed attempts without files, due in no order of their keys."""
    now = timezone.now()
    dues = [now + timedelta(seconds=second) for second in range(number)]
    random.Random(1).shuffle(dues)
    answer = {"outcome": Outcome.FAILED, "result_code": "1002", "finished_at": now}
    issue = {"region": "ap-singapore", "issued_at": now, "expires_at": now + timedelta(hours=2)}
    VerificationAttempt.objects.bulk_create(
        VerificationAttempt(sdk_token=f"token-{due}", subject_reference=str(due), **answer, **issue) for due in dues
    )
    made = list(VerificationAttempt.objects.order_by("id"))
    # Without answers and files, all have the same evidence.
    state = {"state": ReviewState.OPEN, "outcome": Outcome.FAILED, "evidence_digest": digest_of(made[0])}
    Review.objects.bulk_create(
        Review(attempt=attempt, queue_at=due, ready_at=now, due_at=due, **state)
        for attempt, due in zip(made, dues, strict=True)
    )


def digest_of(attempt) -> str:
    return evidence_snapshot.digest(evidence_snapshot.snapshot(attempt))


def stand_under(claim: Claim) -> PageVersion:
    return PageVersion(claim.public_id, claim.review.version, claim.review.evidence_digest)


def send(review, stand, person, outcome) -> Decision:
    return decide.decide(review, DRAFTS[outcome], stand, Seen(), person=person, now=timezone.now())
