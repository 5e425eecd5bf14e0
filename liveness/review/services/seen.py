"""What a person had seen when he decided: files opened, as the audit chain tells, and what the page measured."""

from dataclasses import dataclass
from typing import Any

from django.contrib.auth.models import AbstractUser

from liveness.models import AuditEvent, MediaKind, StoredMedia, VerificationAttempt
from liveness.review.policy import Situation
from liveness.services import audit
from liveness.services.audit import Actor

MOST_MARKS = 50


@dataclass(frozen=True)
class Seen:
    """`played` is the share of the video, 0 to 1, None where it was not measured; `marks` are seconds with a remark."""

    played: float | None = None
    marks: tuple[tuple[float, str], ...] = ()


def files(attempt: VerificationAttempt, person: AbstractUser) -> list[dict[str, Any]]:
    """Every file with its digest and when this person last opened it, None if never."""
    media = list(attempt.media.order_by("id"))
    ids = [str(file.public_id) for file in media]
    looks = AuditEvent.objects.filter(
        object_id__in=ids, action=audit.MEDIA_VIEWED, actor=Actor.user(person).name
    ).order_by("sequence")
    opened = {look.object_id: look.at.isoformat() for look in looks}
    return [
        {
            "id": str(file.public_id),
            "kind": file.kind,
            "sha256": file.sha256,
            "opened_at": opened.get(str(file.public_id)),
        }
        for file in media
    ]


def situation(attempt: VerificationAttempt, seen: Seen, opened: list[dict[str, Any]]) -> Situation:
    """What the rules of a decision have to know."""
    media = list(attempt.media.all())
    viewable = {str(file.public_id) for file in media if _can_be_shown(file)}
    kinds = {file.kind for file in media if str(file.public_id) in viewable}
    return Situation(
        vendor_outcome=attempt.outcome,
        is_answered=attempt.is_answered,
        has_video=MediaKind.VIDEO in kinds,
        missing=len(set(MediaKind.values) - kinds),
        unopened=sum(file["id"] in viewable and not file["opened_at"] for file in opened),
        played=seen.played,
    )


def _can_be_shown(file: StoredMedia) -> bool:
    return file.is_viewable and file.damaged_at is None
