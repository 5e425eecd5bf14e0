"""What only a run can see and every process must know, such as a key that the vendor refuses."""

from django.db import models


class ObservedCondition(models.Model):
    """A condition that stands until a run sees that it has passed (see `liveness.conditions`).

    `subject` tells two of one kind apart, such as a region; `text` is the line for operators.
    """

    kind = models.CharField(max_length=32)
    subject = models.CharField(max_length=64, blank=True)
    text = models.CharField(max_length=400)
    since = models.DateTimeField()
    seen_at = models.DateTimeField()

    class Meta:
        default_permissions = ()
        constraints = [models.UniqueConstraint(fields=["kind", "subject"], name="liveness_condition_once")]

    def __str__(self) -> str:
        return f"{self.kind} {self.subject}".strip()
