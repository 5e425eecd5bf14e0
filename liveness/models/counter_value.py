"""What the processes counted: one row for each label of a counter and for each bucket of a histogram."""

from django.db import models


class CounterValue(models.Model):
    """A sum over all processes since the row was made (see `liveness.counters`)."""

    name = models.CharField(max_length=64)
    label = models.CharField(max_length=32)
    value = models.FloatField(default=0.0)

    class Meta:
        default_permissions = ()
        constraints = [models.UniqueConstraint(fields=["name", "label"], name="liveness_meter_once")]

    def __str__(self) -> str:
        return f"{self.name} {self.label} {self.value}"
