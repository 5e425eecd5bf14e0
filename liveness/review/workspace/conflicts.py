"""What a decision that came too late is told: what has changed since its page was made, by whom and when."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.contrib.auth.models import AbstractUser

from liveness.access import access_policy
from liveness.models import Poll, StoredMedia
from liveness.review import wording
from liveness.review.audit_log import histories
from liveness.review.audit_log.histories import Entry
from liveness.review.exceptions import StaleError
from liveness.review.models import Claim, ClaimEnding, Notice, Review


@dataclass(frozen=True)
class Change:
    """One thing that happened to the evidence."""

    at: datetime
    file: StoredMedia | None = None
    answer: Poll | None = None


@dataclass(frozen=True)
class Conflict:
    """`what` is StaleError's; `ended` is the claim that the page was made under, `newest` a decision made since."""

    what: str
    sentence: str
    ended: Claim | None
    takeover: str
    newest: Entry | None
    changes: list[Change]

    @property
    def has_run_out(self) -> bool:
        return self.ended is not None and self.ended.ending == ClaimEnding.EXPIRED

    @property
    def was_released(self) -> bool:
        return self.ended is not None and self.ended.ending == ClaimEnding.RELEASED


def explain(error: StaleError, review: Review, person: AbstractUser, claim_id: UUID | None) -> Conflict:
    """What this person should know about why his decision was not taken."""
    claim = Claim.objects.filter(public_id=claim_id, review=review, holder=person.pk).first() if claim_id else None
    since = claim.claimed_at if claim else None
    entries = histories.history(review, person)
    is_new = bool(entries) and (since is None or entries[0].decision.decided_at >= since)
    return Conflict(
        what=error.what,
        sentence=str(wording.STALE.get(error.what, error)),
        ended=claim if claim and claim.ended_at else None,
        takeover=_takeover(claim),
        newest=entries[0] if is_new else None,
        changes=_changes(review, person, since) if error.what == "evidence" else [],
    )


def _takeover(claim: Claim | None) -> str:
    """The reason that whoever took the claim over gave."""
    if claim is None or claim.ended_at is None or claim.ending != ClaimEnding.TAKEN_OVER:
        return ""
    notices = Notice.objects.filter(person=claim.holder_id, review=claim.review_id, kind=Notice.Kind.TAKEN_OVER)
    notice = notices.filter(created_at=claim.ended_at).first()
    return notice.text if notice else ""


def _changes(review: Review, person: AbstractUser, since: datetime | None) -> list[Change]:
    """What came or was found out after this person had claimed the review, the newest first."""
    if since is None:
        return []
    may_read = access_policy().may_read_answers(person, review.attempt)
    polls = review.attempt.polls.filter(asked_at__gte=since) if may_read else ()
    found = [Change(poll.asked_at, answer=poll) for poll in polls]
    for file in access_policy().visible_media(person).filter(attempt=review.attempt):
        times = filter(None, (file.stored_at, file.damaged_at, file.closed_at, file.created_at))
        found += [Change(at, file=file) for at in [max(times)] if at >= since]
    return sorted(found, key=lambda change: change.at, reverse=True)
