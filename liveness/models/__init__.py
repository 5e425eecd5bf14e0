from liveness.models.attempt import AttemptQuerySet, ClosedBy, Outcome, VerificationAttempt
from liveness.models.audit import AuditCheck, AuditEvent, AuditHead
from liveness.models.bulk_action import BulkAction, BulkActionItem, BulkKind, ItemState
from liveness.models.condition import ObservedCondition
from liveness.models.counter_value import CounterValue
from liveness.models.media import HELD, MediaCondition, MediaKind, MediaState, StoredMedia
from liveness.models.media_root import MediaRoot
from liveness.models.notifier import NotifierState
from liveness.models.poll import Poll
from liveness.models.rate_limit import CompletionStatistics, HourlyCalls, RateLimitSlot
from liveness.models.run import WorkerRun

__all__ = [
    "HELD",
    "AttemptQuerySet",
    "AuditCheck",
    "AuditEvent",
    "AuditHead",
    "BulkAction",
    "BulkActionItem",
    "BulkKind",
    "ClosedBy",
    "CompletionStatistics",
    "CounterValue",
    "HourlyCalls",
    "ItemState",
    "MediaCondition",
    "MediaKind",
    "MediaRoot",
    "MediaState",
    "NotifierState",
    "ObservedCondition",
    "Outcome",
    "Poll",
    "RateLimitSlot",
    "StoredMedia",
    "VerificationAttempt",
    "WorkerRun",
]
