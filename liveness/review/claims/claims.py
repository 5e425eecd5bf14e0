"""Claims: who works on what. The database allows one active claim for each review, whatever any process believes.

Everything here locks the attempt's row first, as the services of `liveness` do, and the audit chain's head last.
"""

from datetime import datetime
from functools import partial

from django.contrib.auth.models import AbstractUser
from django.db import transaction
from django.db.models import Exists, OuterRef
from django.utils.translation import gettext as _

from liveness import audit
from liveness.audit import Actor
from liveness.database.retry import retried
from liveness.review import access, actions
from liveness.review.app_settings import review_settings
from liveness.review.exceptions import HeldError
from liveness.review.locking import lock
from liveness.review.models import Claim, ClaimEnding, Notice, Presence, Review, ReviewQuerySet

LONGEST_REASON = 300


class _BeatenError(Exception):
    """Somebody else took the review between the look and the lock."""


def claim_next(reviews: ReviewQuerySet, *, person: AbstractUser, now: datetime) -> Claim | None:
    """Claim the most urgent of `reviews` that nobody holds and this person may; None when there is none.

    On PostgreSQL, rows that others are just taking are passed over; before it says that nothing is left, it looks once
    more and waits for them.
    """
    candidates = access.claimable(reviews, person)
    skips_locked = True
    while True:
        try:
            claim = retried(partial(_take_first, candidates, person, now, skips_locked))
        except _BeatenError:
            continue
        if claim or not skips_locked:
            return claim
        skips_locked = False


def preview_next(reviews: ReviewQuerySet, *, person: AbstractUser, now: datetime) -> Review | None:
    """What `claim_next` would most likely claim, for a page that gets ready for it."""
    return _free(access.claimable(reviews, person), now).select_related("attempt").first()


def own(reviews: ReviewQuerySet, *, person: AbstractUser) -> Review | None:
    """The most urgent of `reviews` that this person holds already and may decide; None when there is none."""
    # The claims are few: asked for beside the order of the queue, they would lead through all of it.
    held = list(Claim.objects.active().filter(holder=person.pk).values_list("review", flat=True))
    mine = access.claimable(reviews, person).filter(pk__in=held).order_by("queue_at", "attempt_id")
    return mine.select_related("attempt").first() if held else None


def resume(reviews: ReviewQuerySet, *, person: AbstractUser, now: datetime) -> Claim | None:
    """This person's claim on the most urgent of `reviews` that he holds already, renewed; None when there is none."""
    review = own(reviews, person=person)
    try:
        return claim(review, person=person, now=now) if review else None
    except HeldError:
        # Somebody took it meanwhile.
        return None


def claim(review: Review, *, person: AbstractUser, now: datetime) -> Claim:
    """Claim this review, or renew one's own claim. Raises HeldError with who has it, or why nobody may."""

    def take() -> Claim:
        with transaction.atomic():
            locked = lock(review.pk)
            held = _active(locked)
            if held and held.holder_id == person.pk:
                return _renewed(held, now)
            if held and held.expires_at > now:
                raise HeldError(_("%(name)s works on this review.") % {"name": held.holder.get_username()})
            _refuse_unless_allowed(person, locked)
            return _take(locked, held, person, now)

    return retried(take)


def renew(review: Review, *, person: AbstractUser, now: datetime) -> Claim | None:
    """A sign of life: the holder's lease starts anew; anybody else is noted as present. The holder's claim, or None."""
    held = Claim.objects.active().filter(review=review, holder=person.pk)
    if held.update(seen_at=now, expires_at=now + review_settings.LEASE):
        return held.first()
    Presence.objects.update_or_create(review=review, person_id=person.pk, defaults={"seen_at": now})
    return None


def release(review: Review, *, person: AbstractUser, now: datetime) -> bool:
    """Give the review back; False when this person did not hold it."""

    def give_back() -> bool:
        with transaction.atomic():
            locked = lock(review.pk)
            held = _active(locked)
            if held is None or held.holder_id != person.pk:
                return False
            end(held, ClaimEnding.RELEASED, now)
            audit.record(actions.REVIEW_RELEASED, actor=Actor.user(person), target=locked.attempt)
            return True

    return retried(give_back)


def take_over(review: Review, *, person: AbstractUser, reason: str, now: datetime) -> Claim:
    """Take the review from whoever holds it and tell him why. Raises HeldError with what stands against it."""
    reason = reason.replace("\0", "").strip()[:LONGEST_REASON]
    if not access.may(person, "take_over_review"):
        raise HeldError(_("Only a supervisor may take a review from somebody else."))
    if not reason:
        raise HeldError(_("Say why you take this review over."))

    def take() -> Claim:
        with transaction.atomic():
            locked = lock(review.pk)
            held = _active(locked)
            if held and held.holder_id == person.pk:
                return _renewed(held, now)
            _refuse_unless_allowed(person, locked)
            if held:
                _oust(locked, held, person, reason, now)
            return _take(locked, None, person, now)

    return retried(take)


def end(claim: Claim, ending: ClaimEnding, now: datetime) -> None:
    """End an active claim."""
    claim.ended_at, claim.ending = now, ending
    claim.save(update_fields=["ended_at", "ending"])


def hand_back(review: Review, *, person: AbstractUser, now: datetime) -> Claim:
    """A claim for the person who just gave the review away, inside the caller's transaction and lock."""
    held = _active(review)
    return _renewed(held, now) if held and held.holder_id == person.pk else _take(review, held, person, now)


def _take_first(candidates: ReviewQuerySet, person: AbstractUser, now: datetime, skips_locked: bool) -> Claim | None:
    with transaction.atomic():
        free = _free(candidates, now).select_related("attempt")
        found = free.select_for_update(of=("attempt",), skip_locked=skips_locked).first()
        if found is None:
            return None
        expired = _active(found)
        # PostgreSQL found it in a snapshot of before the lock: since then it may have been claimed, and even decided.
        review = free.filter(pk=found.pk).first()
        if review is None:
            raise _BeatenError
        return _take(review, expired, person, now)


def _free(reviews: ReviewQuerySet, now: datetime) -> ReviewQuerySet:
    held = Claim.objects.standing(now).filter(review=OuterRef("pk"))
    return reviews.filter(~Exists(held)).order_by("queue_at", "attempt_id")


def _active(review: Review) -> Claim | None:
    """The active claim, locked: a sign of life that comes in now waits, and then finds out what became of it."""
    claims = Claim.objects.active().filter(review=review).select_related("holder")
    return claims.select_for_update(of=("self",)).first()


def _refuse_unless_allowed(person: AbstractUser, review: Review) -> None:
    refusal = access.why_not_claim(person, review)
    if refusal:
        raise HeldError(refusal)


def _take(review: Review, expired: Claim | None, person: AbstractUser, now: datetime) -> Claim:
    if expired:
        end(expired, ClaimEnding.EXPIRED, now)
        holder = Actor.user(expired.holder).name
        audit.record(actions.CLAIM_EXPIRED, actor=Actor.system("review"), target=review.attempt, holder=holder)
    taken = Claim.objects.create(
        review=review, holder_id=person.pk, claimed_at=now, seen_at=now, expires_at=now + review_settings.LEASE
    )
    audit.record(actions.REVIEW_CLAIMED, actor=Actor.user(person), target=review.attempt)
    return taken


def _renewed(held: Claim, now: datetime) -> Claim:
    held.seen_at, held.expires_at = now, now + review_settings.LEASE
    held.save(update_fields=["seen_at", "expires_at"])
    return held


def _oust(review: Review, held: Claim, person: AbstractUser, reason: str, now: datetime) -> None:
    end(held, ClaimEnding.TAKEN_OVER, now)
    audit.record(
        actions.REVIEW_TAKEN_OVER,
        actor=Actor.user(person),
        target=review.attempt,
        holder=Actor.user(held.holder).name,
        reason=reason,
    )
    Notice.objects.create(
        person_id=held.holder_id, review=review, kind=Notice.Kind.TAKEN_OVER, text=reason, created_at=now
    )
