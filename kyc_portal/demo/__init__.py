"""`make demo`: the whole portal on one machine, against a local sandbox instead of the vendor.

A supervisor (`python -m kyc_portal.demo`) starts and stops the processes; `manage.py portal_demo` makes the log-ins
and plays the merchant who registers tokens.
"""

# Public on purpose: the demo answers on this machine alone.
PASSWORD = "look-closely-please"  # noqa: S105

# Two reviewers, because half of the work of a queue is not to get into each other's way, and two supervisors, because
# who disagreed does not settle it.
LOGINS = {
    "reviewer": "reviewer",
    "colleague": "reviewer",
    "supervisor": "supervisor",
    "supervisor2": "supervisor",
    "auditor": "auditor",
    "operator": "operator",
    "administrator": "administrator",
}
