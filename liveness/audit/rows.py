"""Reading the chain's rows: in chunks of one statement each, and past rows that somebody made unreadable."""

from collections.abc import Iterator
from contextlib import suppress
from datetime import datetime

from django.db import OperationalError, connection
from django.db.models import QuerySet
from django.utils import timezone

from liveness.database.errors import VALUE_ERRORS
from liveness.database.retry import retried
from liveness.models import AuditEvent

# Each chunk is a statement of its own: a cursor of the server would be lost behind a pooler, which gives every
# transaction another connection.
CHUNK = 2000
TEXTS = ("action", "actor", "object_type", "object_id", "details", "previous_hash", "hash")


def newest() -> AuditEvent | None:
    """The event with the highest number. One that cannot be read has that number and nothing else."""
    rows = AuditEvent.objects.order_by("-sequence")[:1]
    return next(iter(_chunk(rows)), None)


def events(last: int) -> Iterator[AuditEvent]:
    """All events up to this number, in order. One that cannot be read has its number and nothing else."""
    rows = AuditEvent.objects.filter(sequence__lte=last).order_by("sequence")
    chunk = _chunk(rows[:CHUNK])
    while chunk:
        yield from chunk
        chunk = _chunk(rows.filter(sequence__gt=chunk[-1].sequence)[:CHUNK])


def to_show(rows: QuerySet[AuditEvent]) -> list[AuditEvent]:
    """These events, for a page. One that cannot be read has its number and nothing else, and hides no other."""
    return [event if _is_readable(event) else AuditEvent(sequence=event.sequence) for event in _chunk(rows)]


def time_of_first(found: QuerySet[AuditEvent]) -> datetime | None:
    """The time of the first of these events; None where there is none, or where it cannot be read."""
    with suppress(*VALUE_ERRORS):
        at = found.values_list("at", flat=True).first()
        return at if isinstance(at, datetime) else None
    return None


def _is_readable(event: AuditEvent) -> bool:
    """SQLite also keeps bytes and numbers in a column of texts, and some times exist in no other time zone."""
    if not isinstance(event.at, datetime):
        return False
    try:
        timezone.localtime(event.at)
    except VALUE_ERRORS:
        return False
    return all(isinstance(getattr(event, name), str) for name in TEXTS)


def _chunk(rows: QuerySet[AuditEvent]) -> list[AuditEvent]:
    try:
        return retried(lambda: _read(rows))
    except VALUE_ERRORS:
        return [one(number) for number in list(rows.values_list("sequence", flat=True))]


def one(number: int) -> AuditEvent:
    """The event with this number, which exists; one that cannot be read has its number and nothing else."""
    try:
        return retried(lambda: _read(AuditEvent.objects.filter(sequence=number)))[0]
    except VALUE_ERRORS:
        return AuditEvent(sequence=number)


def _read(rows: QuerySet[AuditEvent]) -> list[AuditEvent]:
    """Raises one of VALUE_ERRORS for an unreadable row, and OperationalError for a database that does not answer."""
    try:
        return list(rows.all())
    except OperationalError as problem:
        # SQLite's driver calls a text that is no UTF-8 an operational error. It has no code, because SQLite found none.
        if connection.vendor == "sqlite" and not hasattr(problem.__cause__, "sqlite_errorcode"):
            raise ValueError("A row holds text that is not UTF-8.") from None
        raise
