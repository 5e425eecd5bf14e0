"""The account's calls: the next free slot on PostgreSQL (see `liveness.refresh.limiter`), and how many were made."""

from django.db import models


class CallSlot(models.Model):
    account = models.CharField(max_length=32, primary_key=True)
    next_at = models.DateTimeField()

    class Meta:
        default_permissions = ()

    def __str__(self) -> str:
        return self.account


class CallTally(models.Model):
    """How many calls went to the vendor within one hour (UTC)."""

    hour = models.DateTimeField(primary_key=True)
    calls = models.PositiveIntegerField(default=0)

    class Meta:
        default_permissions = ()

    def __str__(self) -> str:
        return f"{self.hour} {self.calls}"
