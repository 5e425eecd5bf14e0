"""Search over attempts. Nothing here scans a table: every comparison has an index of its own."""

from collections.abc import Iterable
from functools import reduce
from operator import or_
from uuid import UUID

from django.db.models import F, Q, Value
from django.db.models.lookups import GreaterThanOrEqual, LessThan

from liveness.models import AttemptQuerySet, VerificationAttempt
from liveness.models.prefix import PrefixKey

# Longer than any value that can be found.
MAX_LENGTH = 200
UUID_DIGITS = 32
# An id's first digits are searched for from this length on; fewer would match too much to be of use.
MIN_ID_DIGITS = 4
# The greatest character: no text with the same beginning comes after it.
LAST_CHARACTER = "\U0010ffff"


def find(attempts: AttemptQuerySet, text: str) -> AttemptQuerySet:
    """The attempts whose subject reference, request id or public id is exactly `text`."""
    if not is_searchable(text):
        return attempts.none()
    wanted = Q(subject_reference=text) | Q(request_id=text)
    public_id = as_uuid(text)
    if public_id:
        wanted |= Q(public_id=public_id)
    return attempts.filter(wanted)


def find_beginning(attempts: AttemptQuerySet, text: str, limit: int) -> list[int]:
    """The keys of at most `limit` attempts whose subject reference, request id or public id begins with `text`.

    Upper and lower case are the same. Each comparison reads one range of an index, however large the table is.
    """
    if not is_searchable(text):
        return []
    # One after the other, because PostgreSQL reads the whole table for a disjunction with a limit.
    found: dict[int, None] = {}
    for condition in _conditions(text):
        rest = limit - len(found)
        found |= dict.fromkeys(attempts.filter(condition).order_by().values_list("pk", flat=True)[:rest])
    return list(found)


def beginning(attempts: AttemptQuerySet, text: str) -> AttemptQuerySet:
    """All of those attempts, however many: for an action on everything that matches, not for a page."""
    return attempts.filter(reduce(or_, _conditions(text))) if is_searchable(text) else attempts.none()


def find_token(attempts: AttemptQuerySet, text: str) -> VerificationAttempt | None:
    """The attempt of this very token. What a person typed may be a token, so it must not become part of a URL."""
    return attempts.filter(sdk_token=text).first() if is_searchable(text) else None


def as_uuid(text: str) -> UUID | None:
    """The text as a UUID, in any of its usual spellings."""
    try:
        return UUID(text)
    except ValueError:
        return None


def uuids_beginning(text: str) -> tuple[UUID, UUID] | None:
    """The first and the last UUID that begin with these digits; None when they are too few, or no hex digits."""
    digits = text.strip().replace("-", "").lower()
    if not MIN_ID_DIGITS <= len(digits) <= UUID_DIGITS or set(digits) - set("0123456789abcdef"):
        return None
    return UUID(digits.ljust(UUID_DIGITS, "0")), UUID(digits.ljust(UUID_DIGITS, "f"))


def is_searchable(text: str) -> bool:
    """Can the databases be asked for this text? PostgreSQL refuses NUL, and both refuse lone surrogates."""
    return 0 < len(text) <= MAX_LENGTH and "\x00" not in text and not any("\ud800" <= each <= "\udfff" for each in text)


def _conditions(text: str) -> list[Q]:
    between = uuids_beginning(text)
    by_id = [Q(public_id__range=between)] if between else []
    return [_begins("subject_reference", text), _begins("request_id", text), *by_id]


def _begins(field: str, text: str) -> Q:
    wanted = Q()
    for spelling in _spellings(text):
        first, last = PrefixKey(Value(spelling)), PrefixKey(Value(spelling + LAST_CHARACTER))
        wanted |= Q(GreaterThanOrEqual(PrefixKey(F(field)), first), LessThan(PrefixKey(F(field)), last))
    return wanted


def _spellings(text: str) -> Iterable[str]:
    """The database makes capitals of ASCII letters; of others SQLite does not, so Python does."""
    return {text} if text.isascii() else {text, text.upper(), text.lower()}
