"""Exact search over attempts. Nothing here scans a table: every comparison has an index of its own."""

from uuid import UUID

from django.db.models import Q

from liveness.models import AttemptQuerySet, VerificationAttempt


def find(attempts: AttemptQuerySet, text: str) -> AttemptQuerySet:
    """The attempts whose subject reference, request id or public id is exactly `text`."""
    if not _is_searchable(text):
        return attempts.none()
    wanted = Q(subject_reference=text) | Q(request_id=text)
    public_id = as_uuid(text)
    if public_id:
        wanted |= Q(public_id=public_id)
    return attempts.filter(wanted)


def find_token(attempts: AttemptQuerySet, text: str) -> VerificationAttempt | None:
    """The attempt of this very token. What a person typed may be a token, so it must not become part of a URL."""
    return attempts.filter(sdk_token=text).first() if _is_searchable(text) else None


def as_uuid(text: str) -> UUID | None:
    """The text as a UUID, in any of its usual spellings."""
    try:
        return UUID(text)
    except ValueError:
        return None


def _is_searchable(text: str) -> bool:
    # PostgreSQL refuses NUL in a parameter with an error instead of finding nothing.
    return bool(text) and "\x00" not in text
