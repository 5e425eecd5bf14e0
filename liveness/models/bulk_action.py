"""Work on many records that a person asked for once. Each record is a row, so a killed run loses none of them."""

import uuid
from datetime import datetime, timedelta

from django.db import models
from django.db.models import Exists, F, OuterRef, Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from liveness.models.run import SILENT_AFTER, WorkerRun

# An item that a run took and did not finish within this time goes to another run, even if the run is alive.
ITEM_TIMEOUT = timedelta(minutes=10)


class BulkKind(models.TextChoices):
    REFRESH = "refresh", _("Refresh")
    VERIFY = "verify", _("Verify files")


class ItemState(models.TextChoices):
    PENDING = "pending", _("Pending")
    DONE = "done", _("Done")
    FAILED = "failed", _("Failed")
    SKIPPED = "skipped", _("Skipped")


class BulkActionQuerySet(models.QuerySet["BulkAction"]):
    def open(self) -> "BulkActionQuerySet":
        """Actions with items that are still pending."""
        return self.filter(finished_at__isnull=True)


class BulkAction(models.Model):
    """Who asked for what, for how many records, and how far it is. `filters` says in words which records."""

    public_id = models.UUIDField(_("id"), unique=True, default=uuid.uuid4, editable=False)
    kind = models.CharField(_("kind"), max_length=16, choices=BulkKind)
    actor = models.CharField(_("actor"), max_length=80)
    filters = models.TextField(_("records"), blank=True)
    created_at = models.DateTimeField(_("started"))
    total = models.PositiveIntegerField(_("total"), default=0)
    done = models.PositiveIntegerField(_("done"), default=0)
    failed = models.PositiveIntegerField(_("failed"), default=0)
    skipped = models.PositiveIntegerField(_("skipped"), default=0)
    cancelled_at = models.DateTimeField(_("cancelled"), null=True, blank=True)
    finished_at = models.DateTimeField(_("finished"), null=True, blank=True)

    objects = BulkActionQuerySet.as_manager()

    class Meta:
        verbose_name = _("bulk action")
        verbose_name_plural = _("bulk actions")
        ordering = ["-id"]
        default_permissions = ("view",)
        indexes = [
            models.Index(fields=["kind", "id"], name="liveness_bulk_open", condition=Q(finished_at__isnull=True)),
        ]
        constraints = [
            models.CheckConstraint(condition=Q(kind__in=BulkKind.values), name="liveness_bulk_kind_known"),
            models.CheckConstraint(
                condition=Q(total__gte=F("done") + F("failed") + F("skipped")), name="liveness_bulk_counts_fit"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} {self.public_id.hex[:8]}"

    @property
    def worked(self) -> int:
        """How many items are finished, in whatever way."""
        return self.done + self.failed + self.skipped

    @property
    def is_open(self) -> bool:
        return self.finished_at is None


class BulkActionItemQuerySet(models.QuerySet["BulkActionItem"]):
    def pending(self) -> "BulkActionItemQuerySet":
        return self.filter(state=ItemState.PENDING)

    def free(self, now: datetime) -> "BulkActionItemQuerySet":
        """Pending items that no run holds, or whose run was killed, or did not finish them in time."""
        silent = Exists(WorkerRun.objects.filter(id=OuterRef("run"), alive_at__lte=Now() - SILENT_AFTER))
        return self.pending().filter(Q(taken_at__isnull=True) | Q(taken_at__lte=now - ITEM_TIMEOUT) | Q(silent))


class BulkActionItem(models.Model):
    """One record of a bulk action: an attempt for a refresh, a media row for a verification."""

    id = models.BigAutoField(primary_key=True)
    action = models.ForeignKey(BulkAction, models.CASCADE, related_name="items", db_index=False)
    target_id = models.BigIntegerField(_("record"))
    state = models.CharField(_("state"), max_length=16, choices=ItemState, default=ItemState.PENDING)
    problem = models.CharField(_("problem"), max_length=200, blank=True)
    tries = models.PositiveSmallIntegerField(_("tries"), default=0)
    taken_at = models.DateTimeField(_("taken"), null=True, blank=True)
    run = models.CharField(_("run"), max_length=80, blank=True)

    objects = BulkActionItemQuerySet.as_manager()

    class Meta:
        verbose_name = _("item of a bulk action")
        verbose_name_plural = _("items of a bulk action")
        default_permissions = ()
        indexes = [
            # Work, the report and each state's page all read one action in the order of the ids.
            models.Index(fields=["action", "state", "id"], name="liveness_item_work"),
            # Only of what a run holds, so that a hundred thousand new items cost one index and no more.
            models.Index(
                fields=["target_id"],
                name="liveness_item_target",
                condition=Q(state="pending", taken_at__isnull=False),
            ),
            models.Index(fields=["run"], name="liveness_item_run", condition=Q(state="pending") & ~Q(run="")),
        ]
        constraints = [
            models.CheckConstraint(condition=Q(state__in=ItemState.values), name="liveness_item_state_known"),
        ]

    def __str__(self) -> str:
        return f"{self.action_id}: {self.target_id}"
