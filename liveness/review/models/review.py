"""The review of one attempt: where it stands, how urgent it is, and what it was last decided on."""

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from liveness.models import Outcome, VerificationAttempt


class ReviewState(models.TextChoices):
    """Tabs of the queue. A review waits until the vendor has answered and no file is wanted any more."""

    WAITING = "waiting", _("Waiting for vendor")
    OPEN = "open", _("To review")
    PROPOSED = "proposed", _("Second approval")
    ESCALATED = "escalated", _("Escalated")
    LOST = "lost", _("Lost")
    DECIDED = "decided", _("Decided")


UNDECIDED = (ReviewState.WAITING, ReviewState.OPEN, ReviewState.LOST)
DECIDABLE = (ReviewState.OPEN, ReviewState.ESCALATED, ReviewState.LOST, ReviewState.DECIDED)
SETTLED = (ReviewState.LOST, ReviewState.DECIDED)


class ReviewQuerySet(models.QuerySet["Review"]):
    def settled(self) -> "ReviewQuerySet":
        """Reviews that nobody waits for any more."""
        return self.filter(state__in=SETTLED)


class Review(models.Model):
    """One row for each attempt, kept in step with it in the same transaction.

    `queue_at` orders every tab by one index: the time at which the review is late while somebody must act, and the
    time at which it was settled afterwards. `version` grows with every change of state, decision or evidence.
    """

    attempt = models.OneToOneField(VerificationAttempt, models.PROTECT, primary_key=True, related_name="review")
    state = models.CharField(_("state"), max_length=16, choices=ReviewState, default=ReviewState.WAITING)
    outcome = models.CharField(_("outcome at the vendor"), max_length=16, choices=Outcome, default=Outcome.PENDING)
    version = models.PositiveIntegerField(_("version"), default=1)
    evidence_digest = models.CharField(_("evidence digest"), max_length=64, blank=True)
    signals = models.JSONField(_("signals"), default=list)
    is_flagged = models.BooleanField(_("has signals"), default=False)
    queue_at = models.DateTimeField(_("place in the queue"))
    ready_at = models.DateTimeField(_("ready"), null=True, blank=True)
    due_at = models.DateTimeField(_("due"), null=True, blank=True)
    decision = models.ForeignKey(
        "Decision", models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("decision in force")
    )
    proposal = models.ForeignKey(
        "Decision", models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("pending proposal")
    )

    objects = ReviewQuerySet.as_manager()

    class Meta:
        verbose_name = _("review")
        verbose_name_plural = _("reviews")
        ordering = ["queue_at", "attempt_id"]
        default_permissions = ("view",)
        permissions = [
            ("claim_review", "Can claim and decide reviews"),
            ("decide_escalated_review", "Can decide escalated reviews"),
            ("second_review", "Can approve what needs two people"),
            ("take_over_review", "Can take a claim from somebody else"),
            ("share_view", "Can share saved views"),
            ("view_figures", "Can see the dashboard"),
        ]
        indexes = [
            models.Index(fields=["state", "queue_at", "attempt"], name="liveness_review_queue"),
            models.Index(fields=["state", "outcome", "queue_at", "attempt"], name="liveness_review_outcome"),
            models.Index(
                fields=["state", "queue_at", "attempt"], name="liveness_review_flagged", condition=Q(is_flagged=True)
            ),
        ]
        constraints = [
            models.CheckConstraint(
                condition=Q(state__in=ReviewState.values, outcome__in=Outcome.values), name="liveness_review_words"
            ),
            models.CheckConstraint(
                condition=Q(state=ReviewState.PROPOSED, proposal__isnull=False)
                | (~Q(state=ReviewState.PROPOSED) & Q(proposal__isnull=True)),
                name="liveness_review_proposed_has_proposal",
            ),
            models.CheckConstraint(
                condition=~Q(state=ReviewState.DECIDED) | Q(decision__isnull=False),
                name="liveness_review_decided_has_decision",
            ),
            models.CheckConstraint(
                condition=~Q(state__in=UNDECIDED) | Q(decision__isnull=True),
                name="liveness_review_undecided_has_none",
            ),
        ]

    def __str__(self) -> str:
        return str(self.attempt)
