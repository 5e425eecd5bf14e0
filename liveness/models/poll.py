"""The ledger of answers: every answer that differs from the one before it, and never a change to an entry."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from liveness.models.attempt import VerificationAttempt


class Poll(models.Model):
    """One distinct answer of the vendor. `answer` is kept as sent, without the query strings of its URLs."""

    attempt = models.ForeignKey(VerificationAttempt, models.PROTECT, related_name="polls")
    sequence = models.PositiveIntegerField(_("number"))
    asked_at = models.DateTimeField(_("asked"))
    request_id = models.CharField(_("request id"), max_length=64, blank=True)
    result_code = models.TextField(_("result code"), blank=True)
    digest = models.CharField(_("digest"), max_length=64, help_text=_("SHA-256 of what the answer says"))
    answer = models.JSONField(_("answer"))

    class Meta:
        verbose_name = _("poll")
        verbose_name_plural = _("polls")
        ordering = ["attempt_id", "sequence"]
        default_permissions = ("view",)
        constraints = [models.UniqueConstraint(fields=["attempt", "sequence"], name="liveness_poll_once")]

    def __str__(self) -> str:
        return f"answer {self.sequence}"
