"""The dashboard's roll-up: what happened in each hour, folded from the audit chain."""

from django.db import models
from django.utils.translation import gettext_lazy as _


class HourlyStatistic(models.Model):
    """How often something happened within one hour (UTC), like "decided.approve"; see the service for the names."""

    hour = models.DateTimeField(_("hour"))
    name = models.CharField(_("name"), max_length=64)
    count = models.BigIntegerField(_("count"), default=0)

    class Meta:
        default_permissions = ()
        constraints = [models.UniqueConstraint(fields=["name", "hour"], name="liveness_figure_once")]

    def __str__(self) -> str:
        return f"{self.name} {self.hour}"


class StatisticsCursor(models.Model):
    """The last audit event that the figures contain. One row, locked by whoever folds further."""

    sequence = models.BigIntegerField(default=0)

    class Meta:
        default_permissions = ()
        constraints = [models.CheckConstraint(condition=models.Q(id=1), name="liveness_fold_one")]

    def __str__(self) -> str:
        return str(self.sequence)
