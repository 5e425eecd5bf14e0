"""The portal's roles: groups of permissions, made and kept current by `manage.py portal_roles`.

Nobody may change or delete facts, so no role has those permissions. People are deactivated, never deleted: the audit
chain names them by key.
"""

LOOK = (
    "liveness.view_verificationattempt",
    "liveness.view_storedmedia",
    "liveness.view_poll",
)
OPERATE = (
    "liveness.add_verificationattempt",
    "liveness.refresh_verificationattempt",
    "liveness.verify_storedmedia",
)
ROLES: dict[str, tuple[str, ...]] = {
    "reviewer": LOOK,
    "auditor": (*LOOK, "liveness.view_auditevent"),
    # An operator keeps the machine running and sees that files exist, but not what they show.
    "operator": ("liveness.view_verificationattempt", "liveness.view_poll", *OPERATE),
    "administrator": (
        *LOOK,
        *OPERATE,
        "liveness.view_auditevent",
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
# Who works in the Django admin, and so needs the staff flag; reviewers have the portal's own pages.
STAFF_ROLES = frozenset({"auditor", "operator", "administrator"})
