from liveness.models.attempt import AttemptQuerySet, ClosedBy, Outcome, VerificationAttempt
from liveness.models.audit import AuditCheck, AuditEvent, AuditHead
from liveness.models.bulk_action import BulkAction, BulkActionItem, BulkKind, ItemState
from liveness.models.condition import ObservedCondition
from liveness.models.counter_value import Meter
from liveness.models.media import HELD, MediaCondition, MediaKind, MediaState, StoredMedia
from liveness.models.media_root import MediaRoot
from liveness.models.notifier import AlarmState
from liveness.models.poll import Poll
from liveness.models.rate_limit import CallSlot, CallTally, CheckDurations
from liveness.models.run import WorkerRun

__all__ = [
    "HELD",
    "AlarmState",
    "AttemptQuerySet",
    "AuditCheck",
    "AuditEvent",
    "AuditHead",
    "BulkAction",
    "BulkActionItem",
    "BulkKind",
    "CallSlot",
    "CallTally",
    "CheckDurations",
    "ClosedBy",
    "ItemState",
    "MediaCondition",
    "MediaKind",
    "MediaRoot",
    "MediaState",
    "Meter",
    "ObservedCondition",
    "Outcome",
    "Poll",
    "StoredMedia",
    "VerificationAttempt",
    "WorkerRun",
]
