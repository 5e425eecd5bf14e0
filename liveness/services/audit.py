"""The audit chain: every change and every view of evidence is one entry that vouches for all before it.

`hash = HMAC-SHA256(key, previous_hash || canonical JSON of the entry)`. Whoever changes, removes or inserts an entry
without the key breaks the chain at that number. The head row is there to have one writer at a time and is not
protected: cutting off the newest entries and setting the head back to the last one left takes rights on the database
but no key. What proves the tail, and all of it against somebody with the key, is an anchor kept outside the database:
`liveness_verify_audit` prints one and checks one.
"""

import hashlib
import hmac
import json
from collections import defaultdict
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from django.contrib.auth.base_user import AbstractBaseUser
from django.contrib.auth.models import AnonymousUser
from django.db import connection, models, transaction
from django.db.models import Subquery
from django.db.models.functions import Coalesce
from django.utils import timezone
from django.utils.crypto import salted_hmac

from liveness.app_settings import app_settings
from liveness.exceptions import ChainError
from liveness.models import AuditCheck, AuditEvent, AuditHead, append_only
from liveness.services.retry import retried

ATTEMPT_REGISTERED = "liveness.attempt.registered"
ATTEMPT_ANSWERED = "liveness.attempt.answered"
ATTEMPT_DIVERGED = "liveness.attempt.diverged"
ATTEMPT_EXPIRED = "liveness.attempt.expired"
ATTEMPT_REFUSED = "liveness.attempt.refused"
ATTEMPT_CORRECTED = "liveness.attempt.region_corrected"
ATTEMPT_REOPENED = "liveness.attempt.reopened"
ATTEMPT_REPORTED = "liveness.attempt.reported"
ATTEMPT_REFRESHED = "liveness.attempt.refresh_requested"
MEDIA_STORED = "liveness.media.stored"
MEDIA_ABSENT = "liveness.media.absent"
MEDIA_LOST = "liveness.media.lost"
MEDIA_VERIFIED = "liveness.media.verified"
MEDIA_DAMAGED = "liveness.media.damaged"
MEDIA_VIEWED = "liveness.media.viewed"
MEDIA_PREVIEWED = "liveness.media.previewed"
MEDIA_PREFETCHED = "liveness.media.prefetched"
MEDIA_DOWNLOADED = "liveness.media.downloaded"
MEDIA_REFUSED = "liveness.media.refused"
CHECK_REQUESTED = "liveness.audit.check_requested"
ALARM_TOLD = "liveness.alarm.told"

GENESIS = "0" * 64
# A longer key of the host's user model is hashed, so that every actor fits its column of 80 characters.
LONGEST_KEY = 64
DIFFERS = "it differs from the anchor: the chain was rewritten"


@dataclass(frozen=True)
class Actor:
    """Who acts: a user by key, or a part of the system by name. Names of people stay out of the chain."""

    name: str

    @classmethod
    def user(cls, person: AbstractBaseUser | AnonymousUser) -> "Actor":
        if not person.is_authenticated:
            return cls("anonymous")
        key = str(person.pk)
        return cls(f"user:{key if len(key) <= LONGEST_KEY else _digest(key)}")

    @classmethod
    def system(cls, part: str) -> "Actor":
        return cls(f"system:{part}")


@dataclass(frozen=True)
class Verdict:
    """What a walk over the chain found. `broken_at` is the first bad sequence number, None for a sound chain."""

    events: int
    head: str
    broken_at: int | None = None
    reason: str = ""


def record(action: str, *, actor: Actor, target: models.Model | None = None, **details: Any) -> AuditEvent:
    """Append one event inside the caller's transaction, so that the act and its record stand or fall together.

    Raises ChainError, and with it refuses the act, when the head was lost or set elsewhere.
    """
    if not transaction.get_connection().in_atomic_block:
        raise transaction.TransactionManagementError("An audit event belongs into the transaction of its act.")
    head = _locked_head()
    event = AuditEvent(
        sequence=head.sequence + 1,
        at=timezone.now(),
        action=action,
        actor=actor.name,
        object_type=target._meta.label_lower if target else "",
        object_id=str(getattr(target, "public_id", target.pk)) if target else "",
        details=canonical(details),
        previous_hash=head.hash,
    )
    event.hash = chain_hash(event)
    event.save(force_insert=True)
    AuditHead.objects.filter(id=1).update(sequence=event.sequence, hash=event.hash)
    return event


@transaction.atomic
def _record_request(actor: Actor) -> None:
    record(CHECK_REQUESTED, actor=actor)


def _locked_head() -> AuditHead:
    head, _ = AuditHead.objects.select_for_update().get_or_create(id=1)
    newest = AuditEvent.objects.order_by("-sequence").values_list("sequence", "hash").first()
    if (newest or (0, GENESIS)) != (head.sequence, head.hash):
        raise ChainError("The audit chain's head is not its newest event; run liveness_verify_audit.")
    return head


def canonical(value: Any) -> str:
    """One spelling for one value: sorted keys, no spaces, ASCII only."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=True, allow_nan=False)


def chain_hash(event: AuditEvent) -> str:
    entry = canonical(
        {
            "sequence": event.sequence,
            # The database gives the time in its connection's zone, which may change.
            "at": event.at.astimezone(UTC).isoformat(),
            "action": event.action,
            "actor": event.actor,
            "object_type": event.object_type,
            "object_id": event.object_id,
            "details": event.details,
        }
    )
    return hmac.new(_key(), bytes.fromhex(event.previous_hash) + entry.encode(), hashlib.sha256).hexdigest()


def verify(anchors: Iterable[tuple[int, str]] = ()) -> Verdict:
    """Walk the whole chain. `anchors` are sequence numbers and hashes that were noted outside the database."""
    wanted: defaultdict[int, set[str]] = defaultdict(set)
    for number, digest in anchors:
        wanted[number].add(digest.lower())
    # An empty chain has an anchor too, which says nothing about what came later.
    if wanted.pop(0, {GENESIS}) != {GENESIS}:
        return Verdict(0, GENESIS, 0, DIFFERS)
    # The head is read first: events that are added during the walk are the next walk's.
    head = AuditHead.objects.filter(id=1).first() or AuditHead()
    previous, expected = GENESIS, 0
    for event in _events(head.sequence):
        expected += 1
        reason = _flaw(event, expected, previous, wanted.pop(event.sequence, set()))
        if reason:
            return Verdict(expected - 1, previous, min(expected, event.sequence), reason)
        previous = event.hash
    broken_at, reason = _flaw_at_the_end(head, expected, previous)
    if broken_at is None and wanted:
        broken_at, reason = expected + 1, "events from this number on are gone"
    return Verdict(expected, previous, broken_at, reason)


def keep(verdict: Verdict, *, now: datetime) -> AuditCheck:
    """Write down what a walk that began at `now` found, for the page that tells how far the chain was verified."""
    return AuditCheck.objects.create(
        checked_at=now,
        sequence=verdict.events,
        hash=verdict.head,
        broken_at=verdict.broken_at,
        reason=verdict.reason,
    )


def check(*, actor: Actor, now: datetime) -> AuditCheck:
    """Verify the chain because somebody asked, which is an event too, unless the chain's end refuses any."""
    with suppress(ChainError):
        retried(lambda: _record_request(actor))
    return keep(verify(), now=now)


def last_checks(count: int = 1) -> list[AuditCheck]:
    """What the last walks found, the newest first."""
    return list(AuditCheck.objects.order_by("-id")[:count])


def is_still_there(check: AuditCheck) -> bool:
    """Does the last event that was verified still stand in the chain with the hash it had?"""
    return not check.sequence or AuditEvent.objects.filter(sequence=check.sequence, hash=check.hash).exists()


def unprotected_tables() -> list[str]:
    """The tables whose append-only triggers are missing, for example since a migration that remade the table."""
    return append_only.unprotected(connection)


def _flaw(event: AuditEvent, expected: int, previous: str, anchors: set[str]) -> str:
    if event.sequence != expected:
        return "the event with this number is gone"
    if event.previous_hash != previous:
        return "it does not follow the event before it"
    if event.hash != chain_hash(event):
        return "its content does not match its hash"
    return DIFFERS if anchors - {event.hash} else ""


def _flaw_at_the_end(head: AuditHead, last: int, last_hash: str) -> tuple[int | None, str]:
    if head.sequence != last:
        return last + 1, "events from this number on are gone"
    if head.hash != last_hash:
        return last, "the head of the chain holds another hash"
    # One statement sees one state, so an event that is being appended is never ahead of the head.
    current = Subquery(AuditHead.objects.filter(id=1).values("sequence"))
    beyond = AuditEvent.objects.filter(sequence__gt=Coalesce(current, 0)).order_by("sequence").first()
    return (beyond.sequence, "the head of the chain does not know it") if beyond else (None, "")


def _events(last: int) -> Iterator[AuditEvent]:
    return AuditEvent.objects.filter(sequence__lte=last).order_by("sequence").iterator(chunk_size=2000)


def _key() -> bytes:
    if app_settings.AUDIT_KEY:
        return app_settings.AUDIT_KEY.encode()
    return salted_hmac("liveness.audit", "key", algorithm="sha256").digest()


def _digest(key: str) -> str:
    return "sha256:" + hashlib.sha256(key.encode()).hexdigest()
