"""Who holds a review, and until when; and who looks at it besides."""

import uuid
from datetime import datetime

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from liveness.review.models.review import Review


class ClaimEnding(models.TextChoices):
    RELEASED = "released", _("Released")
    EXPIRED = "expired", _("Expired")
    TAKEN_OVER = "taken_over", _("Taken over")
    DECIDED = "decided", _("Decided")


class ClaimQuerySet(models.QuerySet["Claim"]):
    def active(self) -> "ClaimQuerySet":
        """Claims that were not ended. One whose lease ran out still counts until somebody else takes the review."""
        return self.filter(ended_at__isnull=True)

    def standing(self, now: datetime) -> "ClaimQuerySet":
        """Active claims whose lease runs: nobody else may take these reviews."""
        return self.active().filter(expires_at__gt=now)


class Claim(models.Model):
    """One person's hold of one review. The database allows one active claim for each review."""

    public_id = models.UUIDField(_("id"), unique=True, default=uuid.uuid4, editable=False)
    review = models.ForeignKey(Review, models.PROTECT, related_name="claims")
    holder = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", verbose_name=_("held by"))
    claimed_at = models.DateTimeField(_("claimed"))
    seen_at = models.DateTimeField(_("last sign of life"))
    expires_at = models.DateTimeField(_("held until"))
    ended_at = models.DateTimeField(_("ended"), null=True, blank=True)
    ending = models.CharField(_("ending"), max_length=16, choices=ClaimEnding, blank=True)

    objects = ClaimQuerySet.as_manager()

    class Meta:
        verbose_name = _("claim")
        verbose_name_plural = _("claims")
        ordering = ["-id"]
        default_permissions = ("view",)
        indexes = [
            models.Index(fields=["holder"], name="liveness_claim_mine", condition=Q(ended_at__isnull=True)),
            models.Index(fields=["review", "-id"], name="liveness_claim_history"),
        ]
        constraints = [
            models.UniqueConstraint(fields=["review"], condition=Q(ended_at__isnull=True), name="liveness_claim_once"),
            models.CheckConstraint(
                condition=Q(ended_at__isnull=True, ending="") | (Q(ended_at__isnull=False) & ~Q(ending="")),
                name="liveness_claim_end_is_named",
            ),
            models.CheckConstraint(condition=Q(expires_at__gt=F("claimed_at")), name="liveness_claim_has_lease"),
        ]

    def __str__(self) -> str:
        return str(self.public_id)


class Presence(models.Model):
    """Somebody who has a review's page open without holding it."""

    review = models.ForeignKey(Review, models.CASCADE, related_name="presences")
    person = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="+")
    seen_at = models.DateTimeField(_("last sign of life"))

    class Meta:
        default_permissions = ()
        constraints = [models.UniqueConstraint(fields=["review", "person"], name="liveness_presence_once")]

    def __str__(self) -> str:
        return str(self.seen_at)
