"""Who may do what with reviews, on top of `liveness.access`, which says what a person may see at all."""

from typing import Protocol, TypeVar

from django.db.models import Exists, F, Model, OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import Coalesce
from django.utils.translation import gettext as _

from liveness.access import access_policy, is_everything
from liveness.models import AttemptQuerySet
from liveness.review.models import Decision, DecisionOutcome, Note, Review, ReviewQuerySet, ReviewState, Stage

APP = "liveness_review"
Row = TypeVar("Row", bound=Model)


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
    return of_attempts(attempts)


def of_attempts(attempts: AttemptQuerySet) -> ReviewQuerySet:
    """The reviews of these attempts; all of them need no look at the attempt of every row."""
    if is_everything(attempts):
        return Review.objects.all()
    return Review.objects.filter(Exists(attempts.filter(pk=OuterRef("attempt"))))


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
    # A review that is not saved stands for any of its state.
    if review.pk is None:
        return ""
    if review.state == ReviewState.ESCALATED and _disagreements(person, review.pk).exists():
        return _("You took part in this disagreement, so somebody else has to settle it.")
    if review.state == ReviewState.DECIDED and _settled_against(person, review.pk).exists():
        return _("A disagreement of yours was settled here, so somebody else has to correct it.")
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
    # Spelt out for the state that it concerns, so that no other row is looked at twice.
    free = ~Q(state=ReviewState.ESCALATED) | ~Exists(_disagreements(person, OuterRef("pk")))
    return reviews.filter(free, state__in=states).exclude(proposal__maker=person.pk)


def hidden_decisions(person: Person) -> QuerySet[Decision]:
    """What must stay unknown to this person, who may be asked for the second, blind decision on its review.

    That is the pending proposal, those before it that were undone or cancelled, and all else that its maker made of the
    review since the decision in force. To the maker himself nothing is hidden.
    """
    is_blind = Q(is_blind=True) | Q(outcome=DecisionOutcome.WITHDRAWN, supersedes__is_blind=True)
    is_newer = Q(sequence__gt=Coalesce(F("review__decision__sequence"), 0), stage=Stage.FIRST)
    pending = Decision.objects.filter(review__proposal__is_blind=True).exclude(review__proposal__maker=person.pk)
    return pending.filter(is_blind | (is_newer & Q(maker=F("review__proposal__maker"))))


def hidden_notes(person: Person) -> QuerySet[Note]:
    """The notes of whoever made a decision that is hidden from this person; one's own are never hidden."""
    made = hidden_decisions(person).filter(review=OuterRef("review"), maker=OuterRef("author"))
    return Note.objects.filter(Exists(made)).exclude(author=person.pk)


def without(hidden: QuerySet[Row], rows: QuerySet[Row]) -> QuerySet[Row]:
    """`rows` but for the hidden ones, each looked up by its key."""
    return rows.filter(~Exists(hidden.filter(pk=OuterRef("pk"))))


def _disagreements(person: Person, review: OuterRef | int) -> QuerySet[Decision]:
    """The newest decision that stands on the review, if it disputes a proposal and this person made one of the two."""
    inner = OuterRef(review) if isinstance(review, OuterRef) else review
    newest = _standing(Decision.objects.filter(review=inner)).order_by("-sequence").values("pk")[:1]
    return _disputes(person, Decision.objects.filter(pk=Subquery(newest)))


def _settled_against(person: Person, review: int) -> QuerySet[Decision]:
    """Any disagreement on the review that this person took part in, whatever was decided since."""
    return _disputes(person, _standing(Decision.objects.filter(review=review)))


def _standing(decisions: QuerySet[Decision]) -> QuerySet[Decision]:
    """Those that nobody took back."""
    taken_back = Decision.objects.filter(supersedes=OuterRef("pk"), outcome=DecisionOutcome.WITHDRAWN)
    return decisions.filter(~Exists(taken_back)).exclude(outcome=DecisionOutcome.WITHDRAWN)


def _disputes(person: Person, decisions: QuerySet[Decision]) -> QuerySet[Decision]:
    """Those that dispute a proposal, where this person made one of the two."""
    disputes = decisions.filter(stage=Stage.SECOND).exclude(outcome=F("proposal__outcome"))
    return disputes.filter(Q(maker=person.pk) | Q(proposal__maker=person.pk))
