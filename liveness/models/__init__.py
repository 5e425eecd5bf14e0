from liveness.models.attempt import AttemptQuerySet, Outcome, VerificationAttempt
from liveness.models.audit import AuditEvent, AuditHead
from liveness.models.media import MediaKind, MediaState, StoredMedia
from liveness.models.pace import CallSlot
from liveness.models.poll import Poll

__all__ = [
    "AttemptQuerySet",
    "AuditEvent",
    "AuditHead",
    "CallSlot",
    "MediaKind",
    "MediaState",
    "Outcome",
    "Poll",
    "StoredMedia",
    "VerificationAttempt",
]
