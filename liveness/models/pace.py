"""The next free call slot of an account, for hosts on PostgreSQL (see `liveness.refresh.limiter`)."""

from django.db import models


class CallSlot(models.Model):
    account = models.CharField(max_length=32, primary_key=True)
    next_at = models.DateTimeField()

    class Meta:
        default_permissions = ()

    def __str__(self) -> str:
        return self.account
