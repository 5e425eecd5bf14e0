"""Walking the chain: is every event what its key made of it, and does it follow the one before?

Each key is accepted for its own stretch of the chain only: the first event chooses the first key, and an event that
names the key before and the key after begins the next stretch. A key that was replaced is not accepted again.
"""

import re
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

from django.db.models import Subquery
from django.db.models.functions import Coalesce

from liveness.audit import keys, rows
from liveness.audit.actions import KEY_CHANGED
from liveness.audit.entries import GENESIS, canonical, is_by
from liveness.models import AuditEvent, AuditHead

DIFFERS = "it differs from the anchor: the chain was rewritten"
KEY_IS_MISSING = "none of the configured keys wrote it"
HASH = re.compile("[0-9a-f]{64}")


@dataclass(frozen=True)
class Verdict:
    """What a walk over the chain found. `broken_at` is the first bad sequence number, None for a sound chain.

    `is_key_missing`: the walk could not go on at that number because the event, and as far as can be seen all of its
    stretch, was written with a key that is not configured here. That says nothing against the chain.
    `is_key_new`: the newest event was written with a previous key, so the current one has written nothing yet.
    """

    events: int
    head: str
    broken_at: int | None = None
    reason: str = ""
    is_key_missing: bool = False
    is_key_new: bool = False


@dataclass(frozen=True)
class Flaw:
    """What is wrong with one event."""

    reason: str
    is_key_missing: bool = False


class Stretches:
    """Which key may have written the next event."""

    def __init__(self) -> None:
        self.active: bytes | None = None
        self._unused = [keys.current(), *keys.previous()]

    def accepts(self, event: AuditEvent) -> bool:
        """Did the key of this stretch write the event, or does it rightly begin the stretch of another key?"""
        if self.active is not None and event.action != KEY_CHANGED:
            return is_by(event, self.active)
        key = next((key for key in self._unused if is_by(event, key)), None)
        if key is None or not self._may_begin(event, key):
            return False
        self._unused.remove(key)
        self.active = key
        return True

    def _may_begin(self, event: AuditEvent, key: bytes) -> bool:
        if self.active is None:
            return True
        names = {"key": keys.fingerprint(key), "previous": keys.fingerprint(self.active)}
        return event.data == names


def verify(anchors: Iterable[tuple[int, str]] = ()) -> Verdict:
    """Walk the whole chain. `anchors` are sequence numbers and hashes that were noted outside the database.

    Raises DatabaseError: a database that does not answer says nothing about the chain.
    """
    wanted: defaultdict[int, set[str]] = defaultdict(set)
    for number, digest in anchors:
        wanted[number].add(digest.lower())
    # An empty chain has an anchor too, which says nothing about what came later.
    if wanted.pop(0, {GENESIS}) != {GENESIS}:
        return Verdict(0, GENESIS, 0, DIFFERS)
    # The head is read first: events that are added during the walk are the next walk's.
    head = AuditHead.objects.filter(id=1).first() or AuditHead()
    previous, expected, stretches = GENESIS, 0, Stretches()
    for event in rows.events(head.sequence):
        expected += 1
        flaw = _flaw(event, expected, previous, stretches, wanted.pop(event.sequence, set()))
        if flaw:
            number = min(expected, event.sequence)
            return Verdict(expected - 1, previous, number, flaw.reason, flaw.is_key_missing)
        previous = event.hash
    broken_at, reason = _flaw_at_the_end(head, expected, previous)
    if broken_at is None and wanted:
        broken_at, reason = expected + 1, "events from this number on are gone"
    is_new = stretches.active not in (None, keys.current())
    return Verdict(expected, previous, broken_at, reason, is_key_new=is_new)


def _flaw(event: AuditEvent, expected: int, previous: str, stretches: Stretches, anchors: set[str]) -> Flaw | None:
    if event.sequence != expected:
        return Flaw("the event with this number is gone")
    if event.at is None:
        return Flaw("it cannot be read")
    if event.previous_hash != previous:
        return Flaw("it does not follow the event before it")
    if not stretches.accepts(event):
        is_missing = _begins_unknown_stretch(event)
        return Flaw(KEY_IS_MISSING if is_missing else "its content does not match its hash", is_missing)
    return Flaw(DIFFERS) if anchors - {event.hash} else None


def _begins_unknown_stretch(event: AuditEvent) -> bool:
    """Was this first event of a stretch written with a key that is not configured, rather than changed?

    A later stretch of a known key names its predecessor. Without one, no event may fit any of the known keys.
    """
    if not _is_well_formed(event) or (event.sequence != 1 and event.action != KEY_CHANGED):
        return False
    known = {keys.fingerprint(key): key for key in [keys.current(), *keys.previous()]}
    changes = AuditEvent.objects.filter(action=KEY_CHANGED, sequence__gt=event.sequence)
    for number in changes.order_by("sequence").values_list("sequence", flat=True):
        change = rows.one(number)
        key = known.get(str(change.data.get("key")))
        if key is not None:
            return is_by(change, key) and change.data.get("previous") not in known
    later = (other for other in rows.events(_last_number()) if other.sequence >= event.sequence)
    return not any(is_by(other, key) for other in later for key in known.values())


def _is_well_formed(event: AuditEvent) -> bool:
    """Is this how the service writes an event, whatever the key?"""
    try:
        return HASH.fullmatch(event.hash) is not None and event.details == canonical(event.data)
    except (TypeError, ValueError):
        return False


def _last_number() -> int:
    return AuditEvent.objects.order_by("-sequence").values_list("sequence", flat=True).first() or 0


def _flaw_at_the_end(head: AuditHead, last: int, last_hash: str) -> tuple[int | None, str]:
    if head.sequence != last:
        return last + 1, "events from this number on are gone"
    if head.hash != last_hash:
        return last, "the head of the chain holds another hash"
    # One statement sees one state, so an event that is being appended is never ahead of the head.
    current = Subquery(AuditHead.objects.filter(id=1).values("sequence"))
    beyond = AuditEvent.objects.filter(sequence__gt=Coalesce(current, 0)).order_by("sequence")
    number = beyond.values_list("sequence", flat=True).first()
    return (number, "the head of the chain does not know it") if number is not None else (None, "")
