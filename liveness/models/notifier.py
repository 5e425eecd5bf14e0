"""What the alert's hooks were sent, so that of two hosts one sends, and once (see `liveness.monitoring.alerts`)."""

from django.db import models


class NotifierState(models.Model):
    """One hook: the last audit event that it was sent, and by its kind what it was last sent of each danger.

    `told` holds `liveness.monitoring.repetition.Notified` as JSON.
    """

    hook = models.CharField(max_length=16, primary_key=True)
    sequence = models.BigIntegerField(default=0)
    told = models.JSONField(default=dict)
    held_until = models.DateTimeField(null=True)

    class Meta:
        default_permissions = ()

    def __str__(self) -> str:
        return self.hook
