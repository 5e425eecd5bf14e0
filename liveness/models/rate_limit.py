"""What processes share about the account's calls: the next slot on PostgreSQL (see `liveness.ratelimit.limiter`), how
many were made, and how long people take for their checks."""

from django.db import models


class RateLimitSlot(models.Model):
    account = models.CharField(max_length=32, primary_key=True)
    next_at = models.DateTimeField()
    # The share of the configured pace that is used now, and when the vendor last refused a call for its frequency.
    share = models.FloatField(db_default=1.0)
    refused_at = models.DateTimeField(null=True)

    class Meta:
        default_permissions = ()

    def __str__(self) -> str:
        return self.account


class HourlyCalls(models.Model):
    """How many calls went to the vendor within one hour (UTC)."""

    hour = models.DateTimeField(primary_key=True)
    calls = models.PositiveIntegerField(default=0)

    class Meta:
        default_permissions = ()

    def __str__(self) -> str:
        return f"{self.hour} {self.calls}"


class CompletionStatistics(models.Model):
    """How long checks take from issue to their end: one row (see `liveness.polling.completion_times`)."""

    learned_at = models.DateTimeField()
    # How many checks ended in each interval of the histogram, and how many never did.
    counts = models.JSONField(default=list)
    unfinished = models.FloatField(default=0.0)

    class Meta:
        default_permissions = ()

    def __str__(self) -> str:
        return str(self.learned_at)
