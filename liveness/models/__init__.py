from liveness.models.alarm import AlarmState
from liveness.models.attempt import AttemptQuerySet, Outcome, VerificationAttempt
from liveness.models.audit import AuditCheck, AuditEvent, AuditHead
from liveness.models.media import MediaKind, MediaState, StoredMedia
from liveness.models.meter import Meter
from liveness.models.pace import CallSlot, CallTally, CheckDurations
from liveness.models.poll import Poll

__all__ = [
    "AlarmState",
    "AttemptQuerySet",
    "AuditCheck",
    "AuditEvent",
    "AuditHead",
    "CallSlot",
    "CallTally",
    "CheckDurations",
    "MediaKind",
    "MediaState",
    "Meter",
    "Outcome",
    "Poll",
    "StoredMedia",
    "VerificationAttempt",
]
