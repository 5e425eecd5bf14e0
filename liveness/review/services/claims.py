"""Claims: who works on what. The database allows one active claim for each review, whatever any process believes.

Everything here locks the attempt's row first, as the services of `liveness` do, and the audit chain's head last.
"""

from datetime import datetime
from functools import partial

from django.contrib.auth.models import AbstractUser
from django.db import IntegrityError, transaction
from django.db.models import Exists, OuterRef
from django.utils.translation import gettext as _

from liveness.models import VerificationAttempt
from liveness.review import access
from liveness.review.app_settings import review_settings
from liveness.review.exceptions import HeldError
from liveness.review.models import Claim, ClaimEnding, Notice, Presence, Review, ReviewQuerySet
from liveness.review.services import actions
from liveness.services import audit
from liveness.services.audit import Actor
from liveness.services.retry import retried

LONGEST_REASON = 300


def claim_next(reviews: ReviewQuerySet, *, person: AbstractUser, now: datetime) -> Claim | None:
    """Claim the most urgent of `reviews` that nobody holds and this person may; None when there is none.

    On PostgreSQL, rows that others are just taking are passed over; before it says that nothing is left, it looks once
    more and waits for them. Where two meet all the same, the unique index decides, and the loser looks again.
    """
    candidates = access.claimable(reviews, person)
    for skips_locked in (True, False):
        is_beaten = True
        while is_beaten:
            try:
                claim = retried(partial(_take_first, candidates, person, now, skips_locked))
            except IntegrityError:
                continue
            if claim:
                return claim
            is_beaten = False
    return None


def peek(reviews: ReviewQuerySet, *, person: AbstractUser, now: datetime) -> Review | None:
    """What `claim_next` would most likely claim, for a page that gets ready for it."""
    return _free(access.claimable(reviews, person), now).select_related("attempt").first()


def claim(review: Review, *, person: AbstractUser, now: datetime) -> Claim:
    """Claim this review, or renew one's own claim. Raises HeldError with who has it, or why nobody may."""

    def take() -> Claim:
        with transaction.atomic():
            locked = lock(review.pk)
            held = Claim.objects.active().filter(review=locked).select_related("holder").first()
            if held and held.holder_id == person.pk:
                return _renewed(held, now)
            if held and held.expires_at > now:
                raise HeldError(_("%(name)s works on this review.") % {"name": held.holder.get_username()})
            refusal = access.why_not_claim(person, locked)
            if refusal:
                raise HeldError(refusal)
            return _take(locked, person, now)

    return retried(take)


def renew(review: Review, *, person: AbstractUser, now: datetime) -> Claim | None:
    """A sign of life: the holder's lease starts anew; anybody else is noted as present. The holder's claim, or None."""
    held = Claim.objects.active().filter(review=review, holder=person.pk).first()
    if held:
        return _renewed(held, now)
    Presence.objects.update_or_create(review=review, person_id=person.pk, defaults={"seen_at": now})
    return None


def release(review: Review, *, person: AbstractUser, now: datetime) -> bool:
    """Give the review back; False when this person did not hold it."""

    def give_back() -> bool:
        with transaction.atomic():
            locked = lock(review.pk)
            held = Claim.objects.active().filter(review=locked, holder=person.pk).first()
            if held is None:
                return False
            end(held, ClaimEnding.RELEASED, now)
            audit.record(actions.REVIEW_RELEASED, actor=Actor.user(person), target=locked.attempt)
            return True

    return retried(give_back)


def take_over(review: Review, *, person: AbstractUser, reason: str, now: datetime) -> Claim:
    """Take the review from whoever holds it and tell him why. Raises HeldError with what stands against it."""
    reason = reason.strip()[:LONGEST_REASON]
    if not access.may(person, "take_over_review"):
        raise HeldError(_("Only a supervisor may take a review from somebody else."))
    if not reason:
        raise HeldError(_("Say why you take this review over."))

    def take() -> Claim:
        with transaction.atomic():
            locked = lock(review.pk)
            refusal = access.why_not_claim(person, locked)
            if refusal:
                raise HeldError(refusal)
            held = Claim.objects.active().filter(review=locked).first()
            if held and held.holder_id == person.pk:
                return _renewed(held, now)
            if held:
                _oust(held, person, reason, now)
            return _take(locked, person, now)

    return retried(take)


def lock(review_id: int) -> Review:
    """The review, its attempt's row locked until the end of the transaction: that lock guards all that hangs on it."""
    attempt = VerificationAttempt.objects.select_for_update().get(pk=review_id)
    review = Review.objects.select_related("decision", "proposal").get(pk=review_id)
    review.attempt = attempt
    return review


def end(claim: Claim, ending: ClaimEnding, now: datetime) -> None:
    """End an active claim."""
    claim.ended_at, claim.ending = now, ending
    claim.save(update_fields=["ended_at", "ending"])


def hand_back(review: Review, *, person: AbstractUser, now: datetime) -> Claim:
    """A new claim for the person who just gave the review away, inside the caller's transaction and lock."""
    return _take(review, person, now)


def _take_first(candidates: ReviewQuerySet, person: AbstractUser, now: datetime, skips_locked: bool) -> Claim | None:
    with transaction.atomic():
        free = _free(candidates, now).select_related("attempt")
        review = free.select_for_update(of=("attempt",), skip_locked=skips_locked).first()
        return _take(review, person, now) if review else None


def _free(reviews: ReviewQuerySet, now: datetime) -> ReviewQuerySet:
    held = Claim.objects.standing(now).filter(review=OuterRef("pk"))
    return reviews.filter(~Exists(held)).order_by("queue_at", "attempt_id")


def _take(review: Review, person: AbstractUser, now: datetime) -> Claim:
    for expired in Claim.objects.active().filter(review=review):
        end(expired, ClaimEnding.EXPIRED, now)
        audit.record(actions.CLAIM_EXPIRED, actor=Actor.system("review"), target=review.attempt)
    taken = Claim.objects.create(
        review=review, holder_id=person.pk, claimed_at=now, seen_at=now, expires_at=now + review_settings.LEASE
    )
    audit.record(actions.REVIEW_CLAIMED, actor=Actor.user(person), target=review.attempt)
    return taken


def _renewed(held: Claim, now: datetime) -> Claim:
    held.seen_at, held.expires_at = now, now + review_settings.LEASE
    Claim.objects.active().filter(pk=held.pk).update(seen_at=held.seen_at, expires_at=held.expires_at)
    return held


def _oust(held: Claim, person: AbstractUser, reason: str, now: datetime) -> None:
    end(held, ClaimEnding.TAKEN_OVER, now)
    audit.record(
        actions.REVIEW_TAKEN_OVER,
        actor=Actor.user(person),
        target=held.review.attempt,
        holder=Actor(f"user:{held.holder_id}").name,
        reason=reason,
    )
    Notice.objects.create(
        person_id=held.holder_id, review=held.review, kind=Notice.Kind.TAKEN_OVER, text=reason, created_at=now
    )
