"""The audit chain: every change and every view of evidence is one entry that vouches for all before it.

`hash = HMAC-SHA256(key, previous_hash || canonical JSON of the entry)`. Whoever changes, removes or inserts an entry
without the key breaks the chain at that number; the head row tells when the tail was cut. Against somebody who has
the key and the database there is only an anchor kept elsewhere: `liveness_verify_audit` prints one and checks one.
"""

import hashlib
import hmac
import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.contrib.auth.base_user import AbstractBaseUser
from django.contrib.auth.models import AnonymousUser
from django.db import models, transaction
from django.utils import timezone
from django.utils.crypto import salted_hmac

from liveness.app_settings import app_settings
from liveness.models import AuditEvent, AuditHead

ATTEMPT_REGISTERED = "liveness.attempt.registered"
ATTEMPT_ANSWERED = "liveness.attempt.answered"
ATTEMPT_DIVERGED = "liveness.attempt.diverged"
ATTEMPT_EXPIRED = "liveness.attempt.expired"
ATTEMPT_REFUSED = "liveness.attempt.refused"
ATTEMPT_REFRESHED = "liveness.attempt.refresh_requested"
MEDIA_STORED = "liveness.media.stored"
MEDIA_ABSENT = "liveness.media.absent"
MEDIA_LOST = "liveness.media.lost"
MEDIA_VERIFIED = "liveness.media.verified"
MEDIA_DAMAGED = "liveness.media.damaged"
MEDIA_VIEWED = "liveness.media.viewed"
MEDIA_PREVIEWED = "liveness.media.previewed"
MEDIA_DOWNLOADED = "liveness.media.downloaded"
MEDIA_REFUSED = "liveness.media.refused"

GENESIS = "0" * 64


@dataclass(frozen=True)
class Actor:
    """Who acts: a user by key, or a part of the system by name. Names of people stay out of the chain."""

    name: str

    @classmethod
    def user(cls, person: AbstractBaseUser | AnonymousUser) -> "Actor":
        return cls(f"user:{person.pk}" if person.is_authenticated else "anonymous")

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
    """Append one event inside the caller's transaction, so that the act and its record stand or fall together."""
    if not transaction.get_connection().in_atomic_block:
        raise transaction.TransactionManagementError("An audit event belongs into the transaction of its act.")
    head, _ = AuditHead.objects.select_for_update().get_or_create(id=1)
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


def canonical(value: Any) -> str:
    """One spelling for one value: sorted keys, no spaces, ASCII only."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=True, allow_nan=False)


def chain_hash(event: AuditEvent) -> str:
    entry = canonical(
        {
            "sequence": event.sequence,
            "at": event.at.isoformat(),
            "action": event.action,
            "actor": event.actor,
            "object_type": event.object_type,
            "object_id": event.object_id,
            "details": event.details,
        }
    )
    return hmac.new(_key(), bytes.fromhex(event.previous_hash) + entry.encode(), hashlib.sha256).hexdigest()


def verify(anchors: dict[int, str] | None = None) -> Verdict:
    """Walk the whole chain. `anchors` maps sequence numbers to hashes that were noted outside the database."""
    wanted = dict(anchors or {})
    # The head is read first: events that are added during the walk are the next walk's.
    head = AuditHead.objects.filter(id=1).first() or AuditHead()
    previous, expected = GENESIS, 0
    for event in _events(head.sequence):
        expected += 1
        reason = _flaw(event, expected, previous, wanted.pop(event.sequence, None))
        if reason:
            return Verdict(expected - 1, previous, min(expected, event.sequence), reason)
        previous = event.hash
    if (head.sequence, head.hash) != (expected, previous) or wanted:
        return Verdict(expected, previous, expected + 1, "events from this number on are gone")
    return Verdict(expected, previous)


def _flaw(event: AuditEvent, expected: int, previous: str, anchor: str | None) -> str:
    if event.sequence != expected:
        return "the event with this number is gone"
    if event.previous_hash != previous:
        return "it does not follow the event before it"
    if not hmac.compare_digest(event.hash, chain_hash(event)):
        return "its content does not match its hash"
    if anchor is not None and anchor != event.hash:
        return "it differs from the anchor: the chain was rewritten"
    return ""


def _events(last: int) -> Iterator[AuditEvent]:
    return AuditEvent.objects.filter(sequence__lte=last).order_by("sequence").iterator(chunk_size=2000)


def _key() -> bytes:
    if app_settings.AUDIT_KEY:
        return app_settings.AUDIT_KEY.encode()
    return salted_hmac("liveness.audit", "key", algorithm="sha256").digest()
