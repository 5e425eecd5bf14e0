"""What the hash of an event covers, and which key made it."""

import hashlib
import hmac
import json
from datetime import UTC
from typing import Any

from liveness.audit import keys
from liveness.models import AuditEvent

GENESIS = "0" * 64


def canonical(value: Any) -> str:
    """One spelling for one value: sorted keys, no spaces, ASCII only."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=True, allow_nan=False)


def chain_hash(event: AuditEvent, key: bytes | None = None) -> str:
    """The hash that the event has if `key` wrote it; None is the current key."""
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
    secret = keys.current() if key is None else key
    return hmac.new(secret, bytes.fromhex(event.previous_hash) + entry.encode(), hashlib.sha256).hexdigest()


def is_by(event: AuditEvent, key: bytes) -> bool:
    """Did this key write the event as it is? False for what cannot be an event at all."""
    try:
        return event.hash == chain_hash(event, key)
    except (ArithmeticError, AttributeError, TypeError, ValueError):
        # Somebody changed the row: a number that is no hash, a time that is none, bytes for a text.
        return False
