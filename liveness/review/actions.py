"""The audit actions of the review app. Each event's object is the attempt, so that one search finds its whole life."""

from django.utils.translation import gettext_lazy as _

from liveness.audit.registry import ActionGroup, AuditAction
from liveness.review import action_counts

REVIEW_QUEUED = "liveness.review.queued"
REVIEW_OPENED = "liveness.review.opened"
REVIEW_CLAIMED = "liveness.review.claimed"
REVIEW_RELEASED = "liveness.review.released"
REVIEW_TAKEN_OVER = "liveness.review.taken_over"
CLAIM_EXPIRED = "liveness.review.claim_expired"
DECISION_MADE = "liveness.decision.made"
DECISION_PROPOSED = "liveness.decision.proposed"
DECISION_CONFIRMED = "liveness.decision.confirmed"
DECISION_DISPUTED = "liveness.decision.disputed"
DECISION_UNDONE = "liveness.decision.undone"
DECISION_CANCELLED = "liveness.decision.cancelled"
NOTE_WRITTEN = "liveness.note.written"

ACTIONS = (
    AuditAction(REVIEW_OPENED, ActionGroup.LOOKS, "open", _("Review opened")),
    AuditAction(DECISION_MADE, ActionGroup.DECISIONS, "decided", _("Decided"), action_counts.made),
    AuditAction(
        DECISION_PROPOSED,
        ActionGroup.DECISIONS,
        "proposed",
        _("Proposed for a second approval"),
        lambda details: {"proposed": 1},
    ),
    AuditAction(DECISION_CONFIRMED, ActionGroup.DECISIONS, "approve", _("Proposal confirmed"), action_counts.confirmed),
    AuditAction(
        DECISION_DISPUTED,
        ActionGroup.DECISIONS,
        "escalate",
        _("Disagreement: escalated to a third person"),
        action_counts.disputed,
    ),
    AuditAction(DECISION_UNDONE, ActionGroup.DECISIONS, "undo", _("Decision taken back"), action_counts.undone),
    AuditAction(
        DECISION_CANCELLED,
        ActionGroup.DECISIONS,
        "withdrawn",
        _("Proposal cancelled: evidence changed"),
        lambda details: {"cancelled": 1},
    ),
    AuditAction(NOTE_WRITTEN, ActionGroup.DECISIONS, "note", _("Note written")),
    AuditAction(REVIEW_CLAIMED, ActionGroup.CLAIMS, "lock", _("Review claimed")),
    AuditAction(REVIEW_RELEASED, ActionGroup.CLAIMS, "unlock", _("Review released")),
    AuditAction(REVIEW_TAKEN_OVER, ActionGroup.CLAIMS, "loop", _("Review taken over")),
    AuditAction(CLAIM_EXPIRED, ActionGroup.CLAIMS, "expired", _("Claim expired")),
    AuditAction(REVIEW_QUEUED, ActionGroup.ATTEMPTS, "open", _("Ready for review"), action_counts.queued),
)
