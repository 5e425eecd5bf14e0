"""What people decided. A row is never changed or removed: a correction is a new one that supersedes it."""

import uuid

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from liveness.review.models.claim import Claim
from liveness.review.models.review import Review, ReviewState


class DecisionOutcome(models.TextChoices):
    """`withdrawn` takes the superseded decision back: undone by its maker, or cancelled because evidence changed."""

    APPROVE = "approve", _("Approve")
    REJECT = "reject", _("Reject")
    RETRY = "retry", _("Ask to retry")
    ESCALATE = "escalate", _("Escalate")
    WITHDRAWN = "withdrawn", _("Withdrawn")


class Stage(models.TextChoices):
    """The first decision, or the second person's on a proposal."""

    FIRST = "first", _("First")
    SECOND = "second", _("Second")


class Decision(models.Model):
    """One person's decision, with the evidence it stands on and what that person had seen of it.

    `needs_second` names why a second person must agree, empty if nobody must. `seen` is {"files": [...], "played":
    share of the video or null, "marks": [...]}; see `liveness.review.decisions.viewing_proof`.
    """

    public_id = models.UUIDField(_("id"), unique=True, default=uuid.uuid4, editable=False)
    review = models.ForeignKey(Review, models.PROTECT, related_name="decisions")
    sequence = models.PositiveIntegerField(_("number"))
    stage = models.CharField(_("stage"), max_length=8, choices=Stage, default=Stage.FIRST)
    outcome = models.CharField(_("decision"), max_length=16, choices=DecisionOutcome)
    maker = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+", verbose_name=_("decided by")
    )
    decided_at = models.DateTimeField(_("decided"))
    from_state = models.CharField(_("state before"), max_length=16, choices=ReviewState)
    claim = models.OneToOneField(Claim, models.PROTECT, null=True, related_name="decision")
    version = models.PositiveIntegerField(_("version decided on"))
    supersedes = models.ForeignKey("self", models.PROTECT, null=True, related_name="superseded_by")
    proposal = models.ForeignKey("self", models.PROTECT, null=True, related_name="seconds")
    needs_second = models.JSONField(_("second person needed for"), default=list)
    is_blind = models.BooleanField(_("second person decides blindly"), default=False)

    reasons = models.JSONField(_("reasons"), default=list)
    reasons_version = models.PositiveIntegerField(_("version of the reasons"))
    internal_note = models.TextField(_("internal note"), blank=True)
    subject_text = models.TextField(_("text for the subject"), blank=True)

    vendor_outcome = models.CharField(_("outcome at the vendor"), max_length=16)
    evidence_digest = models.CharField(_("evidence digest"), max_length=64)
    evidence = models.JSONField(_("evidence"), help_text=_("What the digest was taken of."))
    seen = models.JSONField(_("seen"))

    class Meta:
        verbose_name = _("decision")
        verbose_name_plural = _("decisions")
        ordering = ["-id"]
        default_permissions = ("view",)
        indexes = [models.Index(fields=["maker", "-id"], name="liveness_decision_maker")]
        constraints = [
            models.UniqueConstraint(fields=["review", "sequence"], name="liveness_decision_once"),
            models.CheckConstraint(
                condition=Q(outcome__in=DecisionOutcome.values, stage__in=Stage.values), name="liveness_decision_words"
            ),
            models.CheckConstraint(
                condition=Q(stage=Stage.SECOND, proposal__isnull=False) | Q(stage=Stage.FIRST, proposal__isnull=True),
                name="liveness_decision_second_has_proposal",
            ),
            models.CheckConstraint(
                condition=Q(outcome=DecisionOutcome.WITHDRAWN, claim__isnull=True, supersedes__isnull=False)
                | (~Q(outcome=DecisionOutcome.WITHDRAWN) & Q(claim__isnull=False, maker__isnull=False)),
                name="liveness_decision_has_claim",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_outcome_display()} {self.public_id}"
