"""The portal's roles: groups of permissions, made and kept current by `manage.py portal_roles`.

Nobody may change or delete facts, so no role has those permissions. People are deactivated, never deleted: the audit
chain names them by key. Whoever manages accounts decides nothing, and whoever decides manages no accounts.
"""

LOOK = (
    "liveness.view_verificationattempt",
    "liveness.view_storedmedia",
    "liveness.view_poll",
    "liveness_review.view_review",
    "liveness_review.view_decision",
    "liveness_review.view_note",
)
REVIEW = ("liveness_review.claim_review", "liveness_review.add_note")
OPERATE = (
    "liveness.add_verificationattempt",
    "liveness.refresh_verificationattempt",
    "liveness.verify_storedmedia",
    "liveness.view_bulkaction",
)
FIGURES = ("liveness_review.view_figures",)
AUDIT = ("liveness.view_auditevent", "liveness_review.view_claim", "liveness.view_bulkaction")
ROLES: dict[str, tuple[str, ...]] = {
    "reviewer": (*LOOK, *REVIEW),
    "supervisor": (
        *LOOK,
        *REVIEW,
        *FIGURES,
        "liveness_review.decide_escalated_review",
        "liveness_review.second_review",
        "liveness_review.take_over_review",
        "liveness_review.share_view",
    ),
    "auditor": (*LOOK, *AUDIT, *FIGURES),
    # An operator keeps the machine running and sees that files exist, but not what they show.
    "operator": ("liveness.view_verificationattempt", "liveness.view_poll", *OPERATE, *FIGURES),
    "administrator": (
        *LOOK,
        *OPERATE,
        *AUDIT,
        *FIGURES,
        "liveness.download_storedmedia",
        "auth.view_user",
        "auth.add_user",
        "auth.change_user",
        "auth.view_group",
        "auth.add_group",
        "auth.change_group",
        "auth.delete_group",
    ),
}
# Who works in the Django admin, and so needs the staff flag; reviewers and supervisors have the portal's own pages.
STAFF_ROLES = frozenset({"auditor", "operator", "administrator"})
