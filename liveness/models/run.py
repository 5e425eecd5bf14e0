"""The runs of the refresh. Each gives signs of life, and what it holds depends on them."""

from datetime import timedelta

from django.db import models
from django.db.models import DurationField, ExpressionWrapper, F
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

# A run that was silent for this long is dead for good, even if it comes back.
SILENT_AFTER = timedelta(seconds=30)


class WorkerRunQuerySet(models.QuerySet["WorkerRun"]):
    def alive(self, within: timedelta | None = None) -> "WorkerRunQuerySet":
        """Runs that gave a sign of life within this time, by default `SILENT_AFTER`.

        All of it is measured by the database's clock, the only one that all hosts share. A sign from the future was
        given before that clock was set back: a run that is still there gives its next one within seconds.
        """
        within = SILENT_AFTER if within is None else within
        return self.filter(alive_at__gt=Now() - within, alive_at__lt=Now() + within)

    def silences(self) -> dict[str, timedelta]:
        """The time since the last sign of life, by the id of the run."""
        silence = ExpressionWrapper(Now() - F("alive_at"), DurationField())
        return dict(self.annotate(silence=silence).values_list("id", "silence"))


class WorkerRun(models.Model):
    """One run of the refresh. It holds the attempts whose `lease_run` is its id."""

    id = models.CharField(max_length=32, primary_key=True)
    host = models.CharField(_("host"), max_length=64)
    started_at = models.DateTimeField(_("started"), db_default=Now())
    alive_at = models.DateTimeField(_("last sign of life"), db_default=Now())

    objects = WorkerRunQuerySet.as_manager()

    class Meta:
        default_permissions = ()

    def __str__(self) -> str:
        return f"{self.host} {self.id[:8]}"
