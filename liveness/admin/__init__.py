from liveness.admin.attempts import AttemptAdmin
from liveness.admin.audit import AuditEventAdmin
from liveness.admin.bulk_actions import BulkActionAdmin
from liveness.admin.media import StoredMediaAdmin

__all__ = ["AttemptAdmin", "AuditEventAdmin", "BulkActionAdmin", "StoredMediaAdmin"]
