"""The ledger of answers: one entry for each answer that says something else than the one before."""

import hashlib
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from liveness.audit import canonical
from liveness.client.types import LivenessResult
from liveness.models import Poll, VerificationAttempt

# A fresh link and a fresh request id say nothing new about the person.
VOLATILE = ("RequestId", "Url")


def append(attempt: VerificationAttempt, result: LivenessResult, *, now: datetime) -> bool:
    """Keep the answer if it differs from the last one; True when it was kept. Call it with the attempt locked."""
    digest = answer_digest(result.answer)
    last = attempt.polls.order_by("-sequence").first()
    if last and last.digest == digest:
        return False
    Poll.objects.create(
        attempt=attempt,
        sequence=last.sequence + 1 if last else 1,
        asked_at=now,
        request_id=result.request_id,
        result_code=result.result,
        digest=digest,
        answer=dict(result.answer),
    )
    return True


def answer_digest(answer: Mapping[str, Any]) -> str:
    """SHA-256 over the canonical JSON of what the answer says of the person."""
    return hashlib.sha256(canonical(_essence(answer)).encode()).hexdigest()


def _essence(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {name: _essence(item) for name, item in value.items() if name not in VOLATILE}
    if isinstance(value, list | tuple):
        return [_essence(item) for item in value]
    return value
