"""The audit chain: every change and every view of evidence is one entry that vouches for all before it.

`hash = HMAC-SHA256(key, previous_hash || canonical JSON of the entry)`. Whoever changes, removes or inserts an entry
without the key breaks the chain at that number. The head row is there to have one writer at a time and is not
protected: cutting off the newest entries and setting the head back to the last one left takes rights on the database
but no key. What proves the tail, and all of it against somebody with the key, is an anchor kept outside the database:
`liveness_verify_audit` prints one and checks one.
"""

from liveness.services.audit.actions import (
    ALARM_TOLD,
    ATTEMPT_ANSWERED,
    ATTEMPT_CORRECTED,
    ATTEMPT_DIVERGED,
    ATTEMPT_EXPIRED,
    ATTEMPT_REFRESHED,
    ATTEMPT_REFUSED,
    ATTEMPT_REGISTERED,
    ATTEMPT_REOPENED,
    ATTEMPT_REPORTED,
    BULK_CANCELLED,
    BULK_REPORTED,
    BULK_STARTED,
    CHECK_REQUESTED,
    KEY_CHANGED,
    MEDIA_ABSENT,
    MEDIA_ADOPTED,
    MEDIA_DAMAGED,
    MEDIA_DOWNLOADED,
    MEDIA_LOST,
    MEDIA_PREFETCHED,
    MEDIA_PREVIEWED,
    MEDIA_REFUSED,
    MEDIA_ROOT_MARKED,
    MEDIA_SET_ASIDE,
    MEDIA_STORED,
    MEDIA_UNVERIFIED,
    MEDIA_VERIFIED,
    MEDIA_VIEWED,
    MEDIA_WANTED_AGAIN,
)
from liveness.services.audit.actors import Actor
from liveness.services.audit.chain import Entry, problem, record, record_many
from liveness.services.audit.checks import (
    check,
    is_still_there,
    keep,
    last_checks,
    refuse_without_key,
    unprotected_tables,
)
from liveness.services.audit.entries import GENESIS, canonical, chain_hash
from liveness.services.audit.verification import DIFFERS, Verdict, verify

__all__ = [
    "ALARM_TOLD",
    "ATTEMPT_ANSWERED",
    "ATTEMPT_CORRECTED",
    "ATTEMPT_DIVERGED",
    "ATTEMPT_EXPIRED",
    "ATTEMPT_REFRESHED",
    "ATTEMPT_REFUSED",
    "ATTEMPT_REGISTERED",
    "ATTEMPT_REOPENED",
    "ATTEMPT_REPORTED",
    "BULK_CANCELLED",
    "BULK_REPORTED",
    "BULK_STARTED",
    "CHECK_REQUESTED",
    "DIFFERS",
    "GENESIS",
    "KEY_CHANGED",
    "MEDIA_ABSENT",
    "MEDIA_ADOPTED",
    "MEDIA_DAMAGED",
    "MEDIA_DOWNLOADED",
    "MEDIA_LOST",
    "MEDIA_PREFETCHED",
    "MEDIA_PREVIEWED",
    "MEDIA_REFUSED",
    "MEDIA_ROOT_MARKED",
    "MEDIA_SET_ASIDE",
    "MEDIA_STORED",
    "MEDIA_UNVERIFIED",
    "MEDIA_VERIFIED",
    "MEDIA_VIEWED",
    "MEDIA_WANTED_AGAIN",
    "Actor",
    "Entry",
    "Verdict",
    "canonical",
    "chain_hash",
    "check",
    "is_still_there",
    "keep",
    "last_checks",
    "problem",
    "record",
    "record_many",
    "refuse_without_key",
    "unprotected_tables",
    "verify",
]
