"""The evidence of an attempt as one value: what a decision is bound to, and its digest."""

import hashlib
from collections.abc import Iterable, Sequence
from typing import Any

from liveness.audit import canonical
from liveness.models import StoredMedia, VerificationAttempt


def snapshot(
    attempt: VerificationAttempt, files: Iterable[StoredMedia] | None = None, answers: Sequence[str] | None = None
) -> dict[str, Any]:
    """What there is to judge: the answers by digest, and every file with its state and digests.

    `files` are those of the attempt in the order of their keys, and `answers` the digests in the order of their
    numbers, where the caller knows them already.
    """
    if answers is None:
        answers = list(attempt.polls.order_by("sequence").values_list("digest", flat=True))
    return {
        "outcome": attempt.outcome,
        "result_code": attempt.result_code,
        "answers": list(answers),
        "media": [_file(media) for media in (attempt.media.order_by("id") if files is None else files)],
    }


def digest(dossier: dict[str, Any]) -> str:
    """SHA-256 over the dossier's canonical JSON, in hexadecimal."""
    return hashlib.sha256(canonical(dossier).encode()).hexdigest()


def _file(media: StoredMedia) -> dict[str, Any]:
    return {
        "id": str(media.public_id),
        "kind": media.kind,
        "state": media.state,
        "size": media.size,
        "md5": media.md5 or media.declared_md5,
        "sha256": media.sha256,
        "is_damaged": media.damaged_at is not None,
    }
