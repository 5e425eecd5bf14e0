"""What was told by the alarm's hooks, so that of two hosts one tells, and once (see `liveness.services.alarms`)."""

from django.db import models


class AlarmState(models.Model):
    """One hook: the last audit event that it was told of, and when each danger was told, in seconds since the epoch."""

    hook = models.CharField(max_length=16, primary_key=True)
    sequence = models.BigIntegerField(default=0)
    told = models.JSONField(default=dict)
    held_until = models.DateTimeField(null=True)

    class Meta:
        default_permissions = ()

    def __str__(self) -> str:
        return self.hook
