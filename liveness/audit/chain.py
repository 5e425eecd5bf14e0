"""Appending to the chain: one writer at a time, and only with the key that fits the newest event.

A process with another key would break the chain for good, so it appends nothing. Where the newest event was written
with a previous key, the first append with the new key begins with an event that names both keys by their fingerprints.
From then on a process that still has the old key appends nothing either. A key that was replaced never comes back:
otherwise processes with different settings would take turns, and a stolen old key would stay worth something.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from django.db import models, transaction
from django.db.models import Subquery
from django.utils import timezone

from liveness.audit import keys, registry, rows
from liveness.audit.actions import KEY_CHANGED
from liveness.audit.actors import Actor
from liveness.audit.entries import GENESIS, canonical, chain_hash, is_by
from liveness.database.time_limits import idle_limit
from liveness.exceptions import AuditKeyError, ChainError
from liveness.models import AuditEvent, AuditHead

ACTOR = Actor.system("audit")
HEAD_DIFFERS = "The audit chain's head is not its newest event; run liveness_verify_audit."
KEY_DIFFERS = (
    "{name} does not fit the newest audit event, so nothing is recorded. Set LIVENESS_AUDIT_KEY to the key that wrote "
    "it. To change the key, put the old one, or the SECRET_KEY it was derived from, into "
    "LIVENESS_AUDIT_KEY_PREVIOUS. If the key is right, run liveness_verify_audit."
)
KEY_IS_OLD = (
    "{name} was replaced by another key earlier in the audit chain, so nothing is recorded. Set LIVENESS_AUDIT_KEY to "
    "the key that replaced it, or to a new one."
)


@dataclass(frozen=True)
class Entry:
    """What one event says, apart from its actor, its time and its place in the chain."""

    action: str
    target: models.Model | None = None
    details: dict[str, Any] = field(default_factory=dict)


def record(action: str, *, actor: Actor, target: models.Model | None = None, **details: Any) -> AuditEvent:
    """Append one event inside the caller's transaction, so that the act and its record stand or fall together.

    Raises ChainError, and with it refuses the act, when the head was lost or set elsewhere, and its subclass
    AuditKeyError when this process has another key than the newest event.
    """
    return record_many([Entry(action, target, details)], actor=actor)[0]


def record_many(entries: Iterable[Entry], *, actor: Actor) -> list[AuditEvent]:
    """Append events in their order under one lock of the chain, as `record` does with one."""
    if not transaction.get_connection().in_atomic_block:
        raise transaction.TransactionManagementError("An audit event belongs into the transaction of its act.")
    head = _locked_head()
    events = [_event(entry, actor, head) for entry in entries]
    AuditEvent.objects.bulk_create(events)
    AuditHead.objects.filter(id=1).update(sequence=head.sequence, hash=head.hash)
    return events


def problem() -> str:
    """Why this process can append nothing, as one line for operators without secrets; empty if it can.

    Raises DatabaseError.
    """
    try:
        head, newest = _ends()
        _refuse_other_head(head, newest)
        if newest:
            _writer_of(newest)
    except ChainError as refusal:
        return str(refusal)
    return ""


def object_id_of(target: models.Model) -> str:
    """The id by which events name a record."""
    return str(getattr(target, "public_id", target.pk))


def _event(entry: Entry, actor: Actor, head: AuditHead) -> AuditEvent:
    """The event that follows `head`, which is locked, and becomes the head itself."""
    registry.check(entry.action)
    target = entry.target
    event = AuditEvent(
        sequence=head.sequence + 1,
        at=timezone.now(),
        action=entry.action,
        actor=actor.name,
        object_type=target._meta.label_lower if target else "",
        object_id=object_id_of(target) if target else "",
        details=canonical(entry.details),
        previous_hash=head.hash,
    )
    event.hash = chain_hash(event)
    head.sequence, head.hash = event.sequence, event.hash
    return event


def _locked_head() -> AuditHead:
    """The head, locked, to which an event of the current key may be appended. Raises ChainError."""
    head, _ = AuditHead.objects.select_for_update().annotate(**idle_limit()).get_or_create(id=1)
    newest = rows.newest()
    _refuse_other_head(head, newest)
    if newest and (old := _writer_of(newest)) != keys.current():
        names = {"key": keys.fingerprint(keys.current()), "previous": keys.fingerprint(old)}
        _event(Entry(KEY_CHANGED, details=names), ACTOR, head).save(force_insert=True)
    return head


def _ends() -> tuple[AuditHead, AuditEvent | None]:
    """The head and the newest event as of one moment, although neither is locked: one statement sees one state."""
    head = AuditHead.objects.filter(id=1)
    columns = Subquery(head.values("sequence")), Subquery(head.values("hash"))
    newest = AuditEvent.objects.order_by("-sequence").values_list("sequence", *columns)
    alone = head.first() or AuditHead()
    found = newest.first()
    if found is None:
        return alone, None
    number, sequence, digest = found
    return AuditHead(sequence=sequence or 0, hash=digest or GENESIS), rows.one(number)


def _refuse_other_head(head: AuditHead, newest: AuditEvent | None) -> None:
    if (head.sequence, head.hash) != ((newest.sequence, newest.hash) if newest else (0, GENESIS)):
        raise ChainError(HEAD_DIFFERS)


def _writer_of(newest: AuditEvent) -> bytes:
    """The key that wrote the newest event: the current one, or one that the current one may follow.

    Raises AuditKeyError.
    """
    if is_by(newest, keys.current()):
        return keys.current()
    old = next((key for key in keys.previous() if is_by(newest, key)), None)
    if old is None:
        raise AuditKeyError(KEY_DIFFERS.format(name=keys.name()))
    changes = [event.data for event in AuditEvent.objects.filter(action=KEY_CHANGED).order_by("sequence")]
    replaced = {change.get("previous") for change in changes}
    if keys.fingerprint(keys.current()) in replaced or keys.fingerprint(old) in replaced:
        raise AuditKeyError(KEY_IS_OLD.format(name=keys.name()))
    return old
