"""The queue as tests visit it: reviews put where they are wanted, claims on them, and what its pages list."""

import re
from datetime import timedelta

from django.http import QueryDict
from django.utils import timezone

from liveness.models import Outcome
from liveness.review.claims import claims
from liveness.review.models import Claim, Review
from liveness.review.queue.filters import View
from tests.liveness.review.working import make_review

QUEUE = "/review/"
LEASE = timedelta(minutes=5)
NOW = timezone.now()
# When a claim that was taken now has run out.
LATER = NOW + LEASE + timedelta(seconds=1)


def put(review: Review, **fields) -> Review:
    """The review with these fields, wherever the services would have put it."""
    Review.objects.filter(pk=review.pk).update(**fields)
    return Review.objects.select_related("attempt").get(pk=review.pk)


def due(minutes: float, outcome=Outcome.PASSED, **fields) -> Review:
    """A review to decide, late in so many minutes; without media unless told otherwise."""
    review = make_review(outcome, **({"has_media": False} | fields))
    return put(review, queue_at=timezone.now() + timedelta(minutes=minutes))


def hold(review: Review, person, *, seen=timedelta(0), left=LEASE) -> Claim:
    """The person's claim: last seen so long ago, and with so much of its lease left."""
    now = timezone.now()
    return Claim.objects.create(
        review=review, holder=person, claimed_at=now - timedelta(hours=1), seen_at=now - seen, expires_at=now + left
    )


def take(review: Review, person, now=NOW) -> Claim:
    """The person's claim, by the service."""
    return claims.claim(review, person=person, now=now)


def view(query: str) -> View:
    return View.parse(QueryDict(query))


def listed(response) -> list[str]:
    """The subjects of the rows, in their order."""
    return [row.attempt.subject_reference for row in response.context["rows"]]


def counts(text: str) -> dict[str, str]:
    """The numbers on the tabs, of a page or of what keeps it current."""
    return {name: number.strip() for name, number in re.findall(r'id="count-(\w+)"[^>]*>([^<]*)<', text)}
