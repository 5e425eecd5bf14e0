"""One SdkToken's life: registered, polled until the vendor's answer is final, never deleted."""

import uuid
from datetime import datetime

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _


class Outcome(models.TextChoices):
    """Our reading of the vendor's answer. Unknown codes go to a person; they never pass or fail by themselves."""

    PENDING = "pending", _("Pending")
    PASSED = "passed", _("Passed")
    FAILED = "failed", _("Failed")
    UNKNOWN = "unknown", _("Unknown")
    EXPIRED = "expired", _("Expired")
    INVALID = "invalid", _("Invalid")


ANSWERED = (Outcome.PASSED, Outcome.FAILED, Outcome.UNKNOWN)


class AttemptQuerySet(models.QuerySet["VerificationAttempt"]):
    def open(self) -> "AttemptQuerySet":
        """Attempts with something left to fetch: no final answer yet, or media still wanted."""
        return self.filter(next_poll_at__isnull=False)

    def due(self, now: datetime) -> "AttemptQuerySet":
        """Open attempts whose next poll is not in the future, the most overdue first."""
        return self.filter(next_poll_at__lte=now).order_by("next_poll_at", "id")

    def free(self, now: datetime) -> "AttemptQuerySet":
        """Attempts that no other run holds."""
        return self.filter(Q(lease_expires_at__isnull=True) | Q(lease_expires_at__lte=now))


class VerificationAttempt(models.Model):
    """One token, its schedule and the vendor's first final answer.

    `next_poll_at` is set exactly while there is something left to fetch, so one partial index finds all work.
    """

    public_id = models.UUIDField(_("id"), unique=True, default=uuid.uuid4, editable=False)
    sdk_token = models.CharField(_("token"), max_length=128, unique=True)
    subject_reference = models.CharField(_("subject reference"), max_length=128, db_index=True)
    region = models.CharField(_("region"), max_length=32)

    created_at = models.DateTimeField(_("registered"), auto_now_add=True)
    issued_at = models.DateTimeField(_("issued"))
    expires_at = models.DateTimeField(_("readable until"))

    next_poll_at = models.DateTimeField(_("next poll"), null=True, blank=True)
    last_polled_at = models.DateTimeField(_("last poll"), null=True, blank=True)
    unfinished_at = models.DateTimeField(_("last seen unfinished"), null=True, blank=True)
    reported_at = models.DateTimeField(_("reported done by the app"), null=True, blank=True)
    poll_count = models.PositiveIntegerField(_("polls"), default=0)
    failure_count = models.PositiveIntegerField(_("failures in a row"), default=0)
    last_error = models.CharField(_("last error"), max_length=200, blank=True)
    lease_owner = models.CharField(_("held by"), max_length=80, blank=True)
    lease_expires_at = models.DateTimeField(_("held until"), null=True, blank=True)

    outcome = models.CharField(_("outcome"), max_length=16, choices=Outcome, default=Outcome.PENDING)
    result_code = models.CharField(_("result code"), max_length=64, blank=True)
    description = models.TextField(_("description"), blank=True)
    request_id = models.CharField(_("request id"), max_length=64, blank=True, db_index=True)
    finished_at = models.DateTimeField(_("finished"), null=True, blank=True)
    diverged_at = models.DateTimeField(_("later answer differed"), null=True, blank=True)

    objects = AttemptQuerySet.as_manager()

    class Meta:
        verbose_name = _("verification attempt")
        verbose_name_plural = _("verification attempts")
        ordering = ["-id"]
        permissions = [("refresh_verificationattempt", "Can ask the vendor again")]
        indexes = [
            models.Index(
                fields=["next_poll_at", "id"],
                name="liveness_attempt_open",
                condition=Q(next_poll_at__isnull=False),
            ),
            models.Index(
                fields=["expires_at", "id"],
                name="liveness_attempt_closing",
                condition=Q(next_poll_at__isnull=False),
            ),
            models.Index(
                fields=["next_poll_at", "id"],
                name="liveness_attempt_reported",
                condition=Q(next_poll_at__isnull=False, reported_at__isnull=False),
            ),
            models.Index(
                fields=["outcome", "expires_at"],
                name="liveness_attempt_unsettled",
                condition=Q(next_poll_at__isnull=False, finished_at__isnull=False),
            ),
            models.Index(fields=["outcome", "-id"], name="liveness_attempt_outcome"),
            models.Index(fields=["region", "-id"], name="liveness_attempt_region"),
        ]
        constraints = [
            models.CheckConstraint(condition=Q(outcome__in=Outcome.values), name="liveness_attempt_outcome_known"),
            models.CheckConstraint(
                condition=Q(outcome=Outcome.PENDING, finished_at__isnull=True, next_poll_at__isnull=False)
                | (~Q(outcome=Outcome.PENDING) & Q(finished_at__isnull=False)),
                name="liveness_attempt_pending_is_scheduled",
            ),
            models.CheckConstraint(
                condition=~Q(outcome__in=ANSWERED) | ~Q(result_code=""),
                name="liveness_attempt_answer_has_code",
            ),
            models.CheckConstraint(
                condition=Q(expires_at__gt=F("issued_at")), name="liveness_attempt_expires_after_issue"
            ),
            models.CheckConstraint(
                condition=Q(lease_owner="", lease_expires_at__isnull=True)
                | (~Q(lease_owner="") & Q(lease_expires_at__isnull=False)),
                name="liveness_attempt_lease_has_owner",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.subject_reference} {self.public_id}"

    @property
    def masked_token(self) -> str:
        """The token as people may see it: enough to compare by eye, not enough to use."""
        return f"{self.sdk_token[:4]}…{self.sdk_token[-4:]}" if len(self.sdk_token) >= 16 else "…"

    @property
    def is_answered(self) -> bool:
        """The vendor has given a final answer."""
        return self.outcome in ANSWERED
