from liveness.models.attempt import AttemptQuerySet, Outcome, VerificationAttempt
from liveness.models.audit import AuditCheck, AuditEvent, AuditHead
from liveness.models.media import MediaKind, MediaState, StoredMedia
from liveness.models.pace import CallSlot, CallTally
from liveness.models.poll import Poll

__all__ = [
    "AttemptQuerySet",
    "AuditCheck",
    "AuditEvent",
    "AuditHead",
    "CallSlot",
    "CallTally",
    "MediaKind",
    "MediaState",
    "Outcome",
    "Poll",
    "StoredMedia",
    "VerificationAttempt",
]
