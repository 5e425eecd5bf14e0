"""The facts of one attempt for an operator who names it."""

from datetime import datetime
from typing import Any
from uuid import UUID

from liveness.client.results import explain
from liveness.models import VerificationAttempt
from liveness.web import search


def find(text: str) -> VerificationAttempt | None:
    """The attempt with this SdkToken or public id."""
    try:
        by_id = VerificationAttempt.objects.filter(public_id=UUID(text)).first()
    except ValueError:
        by_id = None
    return by_id or search.find_token(VerificationAttempt.objects.all(), text)


def attempt_report(attempt: VerificationAttempt) -> dict[str, Any]:
    """The facts of an attempt for `liveness_show`; the token is not among them."""
    return {
        "id": str(attempt.public_id),
        "subject_reference": attempt.subject_reference,
        "outcome": attempt.outcome,
        "result_code": attempt.result_code,
        "result_meaning": explain(attempt.result_code).words if attempt.is_answered else "",
        "polls": attempt.poll_count,
        "issued_at": _iso(attempt.issued_at),
        "expires_at": _iso(attempt.expires_at),
        "finished_at": _iso(attempt.finished_at),
        "media": [
            {name: getattr(file, name) for name in ("kind", "state", "size", "md5", "sha256", "content_type")}
            for file in attempt.media.order_by("kind", "id")
        ],
    }


def _iso(moment: datetime | None) -> str | None:
    return moment.isoformat() if moment else None
