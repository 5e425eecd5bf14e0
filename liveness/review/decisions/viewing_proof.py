"""What a person had seen when he decided: files opened, as the audit chain tells, and what the page measured."""

import math
from dataclasses import dataclass
from typing import Any

from django.contrib.auth.models import AbstractUser
from django.db.models import Max

from liveness import audit
from liveness.audit import Actor
from liveness.models import AuditEvent, MediaKind, StoredMedia, VerificationAttempt
from liveness.review.policy import Situation

MOST_MARKS = 50
LONGEST_MARK = 200


@dataclass(frozen=True)
class Seen:
    """`played` is the share of the video, 0 to 1, None where it was not measured; `marks` are seconds with a remark.

    Both come from a page, so whatever is no such number, or too much, is dropped.
    """

    played: float | None = None
    marks: tuple[tuple[float, str], ...] = ()

    def __post_init__(self) -> None:
        played = self.played
        is_share = played is not None and 0 <= played <= 1
        sound = [(at, text) for at, text in self.marks if math.isfinite(at) and at >= 0][:MOST_MARKS]
        marks = tuple((at, text.replace("\0", "").strip()[:LONGEST_MARK]) for at, text in sound)
        object.__setattr__(self, "played", played if is_share else None)
        object.__setattr__(self, "marks", marks)


def files(attempt: VerificationAttempt, person: AbstractUser) -> list[dict[str, Any]]:
    """Every file with its digest and when this person last opened it, None if never."""
    media = list(attempt.media.order_by("id"))
    looks = AuditEvent.objects.filter(
        object_id__in=[str(file.public_id) for file in media],
        action=audit.MEDIA_VIEWED,
        actor=Actor.user(person).name,
    )
    opened = dict(looks.order_by().values_list("object_id").annotate(Max("at")))
    return [_opened(file, opened.get(str(file.public_id))) for file in media]


def situation(attempt: VerificationAttempt, seen: Seen, opened: list[dict[str, Any]]) -> Situation:
    """What the rules of a decision have to know."""
    media = list(attempt.media.all())
    viewable = {str(file.public_id) for file in media if _can_be_shown(file)}
    kinds = {file.kind for file in media if str(file.public_id) in viewable}
    # A file without a declared MD5 can be looked at, but nobody can approve on bytes that may be anybody's.
    proven = {file.kind for file in media if str(file.public_id) in viewable and not file.is_unverified}
    return Situation(
        vendor_outcome=attempt.outcome,
        is_answered=attempt.is_answered,
        has_video=MediaKind.VIDEO in kinds,
        missing=len(set(MediaKind.values) - proven),
        unopened=sum(file["id"] in viewable and not file["opened_at"] for file in opened),
        played=seen.played,
    )


def describe(seen: Seen, opened: list[dict[str, Any]]) -> dict[str, Any]:
    """What a decision keeps of it."""
    return {"files": opened, "played": seen.played, "marks": [{"at": at, "text": text} for at, text in seen.marks]}


def _opened(file: StoredMedia, at: Any) -> dict[str, Any]:
    opened_at = at.isoformat() if at else None
    return {"id": str(file.public_id), "kind": file.kind, "sha256": file.sha256, "opened_at": opened_at}


def _can_be_shown(file: StoredMedia) -> bool:
    return file.is_viewable and file.damaged_at is None
