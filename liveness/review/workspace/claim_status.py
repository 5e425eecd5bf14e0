"""Who has a review, and who has its page open besides."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.contrib.auth.models import AbstractUser

from liveness.review import access
from liveness.review.app_settings import review_settings
from liveness.review.decisions.decide import PageVersion
from liveness.review.models import Claim, Presence, Review

BEATS_PER_LEASE = 4


@dataclass(frozen=True)
class Hold:
    """Who has the review: `claim` is the person's own or keeps him out; `others` have its page open, like him."""

    claim: Claim | None
    is_mine: bool
    why_not: str
    may_claim: bool
    may_take_over: bool
    others: list[str]

    @property
    def holder(self) -> str:
        return self.claim.holder.get_username() if self.claim else ""

    @property
    def is_away(self) -> bool:
        """Does somebody hold the review who does not have its page open?"""
        return self.claim is not None and not self.is_mine and self.holder not in self.others


def hold(review: Review, person: AbstractUser, now: datetime) -> Hold:
    """Who has the review, and what this person may do about it."""
    held = Claim.objects.active().filter(review=review).select_related("holder").first()
    is_mine = held is not None and held.holder_id == person.pk
    # A claim whose lease ran out keeps nobody out, so it is not worth a word.
    standing = held if held and (is_mine or held.expires_at > now) else None
    why_not = access.why_not_claim(person, review)
    is_others = standing is not None and not is_mine
    return Hold(
        claim=standing,
        is_mine=is_mine,
        why_not=why_not,
        may_claim=not standing and not why_not,
        may_take_over=is_others and not why_not and access.may(person, "take_over_review"),
        others=present(review, person, now, standing),
    )


def present(review: Review, person: AbstractUser, now: datetime, claim: Claim | None) -> list[str]:
    """The names of those who have the page open besides this person. The holder's signs of life stand in his claim."""
    # Two beats may fail before somebody counts as gone.
    since = now - review_settings.LEASE * 3 / BEATS_PER_LEASE
    rows = Presence.objects.filter(review=review, seen_at__gt=since).select_related("person")
    here = {row.person_id: row.person.get_username() for row in rows}
    if claim and claim.seen_at > since:
        here[claim.holder_id] = claim.holder.get_username()
    return sorted(name for pk, name in here.items() if pk != person.pk)


def stands(public_id: UUID, stand: PageVersion | None, person: AbstractUser) -> bool:
    """Is the review still this person's, and as his page shows it? One query, for pages that ask again and again."""
    if stand is None:
        return False
    held = Claim.objects.active().filter(public_id=stand.claim, holder=person.pk, review__attempt__public_id=public_id)
    return held.filter(review__version=stand.version, review__evidence_digest=stand.evidence_digest).exists()
