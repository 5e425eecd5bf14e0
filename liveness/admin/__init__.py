from liveness.admin.attempts import AttemptAdmin
from liveness.admin.audit import AuditEventAdmin
from liveness.admin.media import StoredMediaAdmin

__all__ = ["AttemptAdmin", "AuditEventAdmin", "StoredMediaAdmin"]
