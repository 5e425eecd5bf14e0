"""Who may do what with reviews, on top of `liveness.access`, which says what a person may see at all."""

from typing import Protocol

from django.db.models import Exists, OuterRef
from django.utils.translation import gettext as _

from liveness.access import access_policy
from liveness.review.models import DecisionOutcome, Review, ReviewQuerySet, ReviewState

APP = "liveness_review"


class Person(Protocol):
    """What the rules need of a user."""

    @property
    def pk(self) -> int: ...

    def has_perm(self, perm: str) -> bool: ...


def may(person: Person, codename: str) -> bool:
    """Does the person have this permission of the review app."""
    return person.has_perm(f"{APP}.{codename}")


def visible_reviews(person: Person) -> ReviewQuerySet:
    """The reviews that may appear before this person: those of attempts that may."""
    if not may(person, "view_review"):
        return Review.objects.none()
    attempts = access_policy().visible_attempts(person)
    if attempts.query.is_empty():
        return Review.objects.none()
    reviews = Review.objects.all()
    if not (attempts.query.where or attempts.query.combinator or attempts.query.is_sliced):
        # A policy that hides nothing needs no look at the attempt of every row.
        return reviews
    return reviews.filter(Exists(attempts.filter(pk=OuterRef("attempt"))))


def why_not_claim(person: Person, review: Review) -> str:
    """Why this person may not claim the review, as a sentence; empty if he may."""
    if review.state == ReviewState.WAITING:
        return _("The vendor has not answered yet; there is nothing to decide.")
    if review.state == ReviewState.PROPOSED:
        return _why_not_second(person, review)
    if _is_for_supervisors(review) and not may(person, "decide_escalated_review"):
        return _("Escalated reviews are decided by a supervisor.")
    if not may(person, "claim_review"):
        return _("Your account may look at reviews, but not decide them.")
    return ""


def _is_for_supervisors(review: Review) -> bool:
    """Escalated, or once decided as such: what a supervisor decided is corrected by one."""
    if review.state != ReviewState.DECIDED:
        return review.state == ReviewState.ESCALATED
    made = review.decisions.exclude(outcome=DecisionOutcome.WITHDRAWN)
    return made.filter(from_state=ReviewState.ESCALATED).exists()


def _why_not_second(person: Person, review: Review) -> str:
    if not may(person, "second_review"):
        return _("This proposal waits for somebody who may approve it.")
    if review.proposal and review.proposal.maker_id == person.pk:
        return _("You made this proposal, so somebody else has to approve it.")
    return ""


def claimable(reviews: ReviewQuerySet, person: Person) -> ReviewQuerySet:
    """Those of `reviews` that `why_not_claim` lets this person claim as the next one of a queue."""
    states = [ReviewState.OPEN, ReviewState.LOST] if may(person, "claim_review") else []
    if may(person, "claim_review") and may(person, "decide_escalated_review"):
        states.append(ReviewState.ESCALATED)
    if may(person, "second_review"):
        states.append(ReviewState.PROPOSED)
    return reviews.filter(state__in=states).exclude(proposal__maker=person.pk)
