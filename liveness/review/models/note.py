"""What people tell each other: notes on a review, and notices to one person."""

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from liveness.review.models.review import Review


class Note(models.Model):
    """A remark for colleagues. Append-only, like everything that may be asked about later."""

    review = models.ForeignKey(Review, models.PROTECT, related_name="notes")
    author = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    written_at = models.DateTimeField(_("written"))
    text = models.TextField(_("text"))

    class Meta:
        verbose_name = _("note")
        verbose_name_plural = _("notes")
        ordering = ["id"]
        default_permissions = ("view", "add")

    def __str__(self) -> str:
        return str(self.written_at)


class Notice(models.Model):
    """Something that happened to a person's claim or proposal while he was not looking."""

    class Kind(models.TextChoices):
        TAKEN_OVER = "taken_over", _("Your claim was taken over")
        EVIDENCE_CHANGED = "evidence_changed", _("The evidence changed, so the proposal was cancelled")
        DISAGREED = "disagreed", _("Disagreement: escalated to a third person")

    person = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="+")
    review = models.ForeignKey(Review, models.PROTECT, related_name="+")
    kind = models.CharField(max_length=24, choices=Kind)
    text = models.CharField(_("text"), max_length=300, blank=True)
    created_at = models.DateTimeField()
    read_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        default_permissions = ()
        ordering = ["-id"]
        indexes = [
            models.Index(fields=["person", "-id"], name="liveness_notice_unread", condition=Q(read_at__isnull=True))
        ]

    def __str__(self) -> str:
        return self.get_kind_display()
