"""One SdkToken's life: registered, polled until the vendor's answer is final, never deleted."""

import uuid
from datetime import datetime, timedelta

from django.db import models
from django.db.models import Exists, F, Q
from django.utils.translation import gettext_lazy as _

from liveness.clock import TOLERANCE_SECONDS
from liveness.models.prefix import PrefixKey
from liveness.models.run import WorkerRun


class Outcome(models.TextChoices):
    """Our reading of the vendor's answer. Unknown codes go to a person; they never pass or fail by themselves."""

    PENDING = "pending", _("Pending")
    PASSED = "passed", _("Passed")
    FAILED = "failed", _("Failed")
    UNKNOWN = "unknown", _("Unknown")
    EXPIRED = "expired", _("Expired")
    INVALID = "invalid", _("Invalid")


class ClosedBy(models.TextChoices):
    """Who says that a token ran out: the vendor, or our clock while the vendor's agreed with it."""

    VENDOR = "vendor", _("Vendor")
    CLOCK = "clock", _("Clock")


ANSWERED = (Outcome.PASSED, Outcome.FAILED, Outcome.UNKNOWN)


class AttemptQuerySet(models.QuerySet["VerificationAttempt"]):
    def open(self) -> "AttemptQuerySet":
        """Attempts with something left to fetch: no final answer yet, or media still wanted."""
        return self.filter(next_poll_at__isnull=False)

    def due(self, now: datetime) -> "AttemptQuerySet":
        """Open attempts whose next poll is not in the future, the most overdue first."""
        return self.filter(next_poll_at__lte=now).order_by("next_poll_at", "id")

    def closed_too_early(self, now: datetime) -> "AttemptQuerySet":
        """Attempts that the clock closed although their window is open at `now`."""
        return self.filter(closed_by=ClosedBy.CLOCK, expires_at__gt=now)

    def planned_ahead(self, now: datetime) -> "AttemptQuerySet":
        """Open attempts whose last poll is in the future: the clock that planned their next one was ahead."""
        latest = now + timedelta(seconds=TOLERANCE_SECONDS)
        return self.filter(next_poll_at__gt=now, last_polled_at__gt=latest, lease_run="")

    def held_by(self, run: str) -> "AttemptQuerySet":
        """Attempts that this run holds, as long as it gives signs of life."""
        return self.filter(Exists(WorkerRun.objects.alive().filter(id=run)), lease_run=run)


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
    lease_run = models.CharField(_("held by"), max_length=32, blank=True)

    outcome = models.CharField(_("outcome"), max_length=16, choices=Outcome, default=Outcome.PENDING)
    result_code = models.TextField(_("result code"), blank=True)
    description = models.TextField(_("description"), blank=True)
    request_id = models.CharField(_("request id"), max_length=64, blank=True, db_index=True)
    finished_at = models.DateTimeField(_("finished"), null=True, blank=True)
    closed_by = models.CharField(_("closed by"), max_length=8, choices=ClosedBy, blank=True)
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
            models.Index(
                fields=["expires_at"], name="liveness_attempt_by_clock", condition=Q(closed_by=ClosedBy.CLOCK)
            ),
            models.Index(fields=["outcome", "-id"], name="liveness_attempt_outcome"),
            models.Index(fields=["region", "-id"], name="liveness_attempt_region"),
            # For searches by the beginning, without regard to case.
            models.Index(PrefixKey("subject_reference"), name="liveness_attempt_subject_key"),
            models.Index(PrefixKey("request_id"), name="liveness_attempt_request_key"),
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
