"""The actions of the app's own audit events. Other apps register theirs beside them (`liveness.audit.registry`)."""

from django.utils.translation import gettext_lazy as _

from liveness.audit.registry import ActionGroup, AuditAction
from liveness.loss_causes import LossCause

ATTEMPT_REGISTERED = "liveness.attempt.registered"
ATTEMPT_ANSWERED = "liveness.attempt.answered"
ATTEMPT_DIVERGED = "liveness.attempt.diverged"
ATTEMPT_EXPIRED = "liveness.attempt.expired"
ATTEMPT_REFUSED = "liveness.attempt.refused"
ATTEMPT_CORRECTED = "liveness.attempt.region_corrected"
ATTEMPT_REOPENED = "liveness.attempt.reopened"
ATTEMPT_REPORTED = "liveness.attempt.reported"
ATTEMPT_ACCESS_REFUSED = "liveness.attempt.access_refused"
ATTEMPT_REFRESHED = "liveness.attempt.refresh_requested"
MEDIA_STORED = "liveness.media.stored"
MEDIA_ABSENT = "liveness.media.absent"
MEDIA_LOST = "liveness.media.lost"
MEDIA_VERIFIED = "liveness.media.verified"
MEDIA_DAMAGED = "liveness.media.damaged"
MEDIA_VIEWED = "liveness.media.viewed"
MEDIA_PREVIEWED = "liveness.media.previewed"
MEDIA_PREFETCHED = "liveness.media.prefetched"
MEDIA_DOWNLOADED = "liveness.media.downloaded"
MEDIA_REFUSED = "liveness.media.refused"
CHECK_REQUESTED = "liveness.audit.check_requested"
KEY_CHANGED = "liveness.audit.key_changed"
ALERT_TOLD = "liveness.alert.told"
MEDIA_WANTED_AGAIN = "liveness.media.wanted_again"
MEDIA_ADOPTED = "liveness.media.adopted"
MEDIA_SET_ASIDE = "liveness.media.set_aside"
MEDIA_ROOT_MARKED = "liveness.media.root_marked"
MEDIA_UNVERIFIED = "liveness.media.unverified"
BULK_STARTED = "liveness.bulk_action.started"
BULK_CANCELLED = "liveness.bulk_action.cancelled"
BULK_REPORTED = "liveness.bulk_action.report_downloaded"
ACCOUNT_LOGGED_IN = "liveness.account.logged_in"
ACCOUNT_REFUSED = "liveness.account.log_in_refused"
ACCOUNT_PASSWORD_CHANGED = "liveness.account.password_changed"  # noqa: S105

ACTIONS = (
    AuditAction(MEDIA_VIEWED, ActionGroup.LOOKS, "eye", _("File opened")),
    AuditAction(MEDIA_PREVIEWED, ActionGroup.LOOKS, "eye", _("Thumbnail shown")),
    AuditAction(MEDIA_PREFETCHED, ActionGroup.LOOKS, "eye", _("File loaded ahead, not shown yet")),
    AuditAction(MEDIA_DOWNLOADED, ActionGroup.LOOKS, "share", _("File downloaded")),
    AuditAction(MEDIA_REFUSED, ActionGroup.LOOKS, "invalid", _("Access to the file refused")),
    AuditAction(ATTEMPT_ACCESS_REFUSED, ActionGroup.LOOKS, "invalid", _("Access to the attempt refused")),
    AuditAction(MEDIA_STORED, ActionGroup.MEDIA, "download", _("File stored and verified")),
    AuditAction(MEDIA_UNVERIFIED, ActionGroup.MEDIA, "flag", _("File stored, not verified: no MD5 was declared")),
    AuditAction(MEDIA_ABSENT, ActionGroup.MEDIA, "absent", _("File not sent by the vendor")),
    AuditAction(
        MEDIA_LOST,
        ActionGroup.MEDIA,
        "lost",
        _("File lost"),
        lambda details: {f"lost.{LossCause.of(details.get('cause'))}": 1},
    ),
    AuditAction(MEDIA_WANTED_AGAIN, ActionGroup.MEDIA, "retry", _("Damaged file to be fetched again")),
    AuditAction(MEDIA_ADOPTED, ActionGroup.MEDIA, "download", _("File found and given back to its row")),
    AuditAction(MEDIA_SET_ASIDE, ActionGroup.MEDIA, "withdrawn", _("File moved to quarantine")),
    AuditAction(MEDIA_ROOT_MARKED, ActionGroup.CHECKS, "stored", _("Media root accepted")),
    AuditAction(
        ATTEMPT_REGISTERED,
        ActionGroup.ATTEMPTS,
        "plus",
        _("Attempt registered"),
        lambda details: {"registered": 1},
    ),
    AuditAction(
        ATTEMPT_ANSWERED,
        ActionGroup.ATTEMPTS,
        "info",
        _("Vendor answered"),
        lambda details: {f"answered.{details.get('outcome')}": 1},
    ),
    AuditAction(ATTEMPT_DIVERGED, ActionGroup.ATTEMPTS, "flawed", _("Vendor answered differently")),
    AuditAction(
        ATTEMPT_EXPIRED,
        ActionGroup.ATTEMPTS,
        "expired",
        _("Closed without an answer"),
        lambda details: {"expired.missed" if details.get("is_missed") else "expired.unfinished": 1},
    ),
    AuditAction(
        ATTEMPT_REFUSED,
        ActionGroup.ATTEMPTS,
        "invalid",
        _("Token unknown to the vendor"),
        lambda details: {"refused": 1},
    ),
    AuditAction(ATTEMPT_CORRECTED, ActionGroup.ATTEMPTS, "info", _("Region corrected")),
    AuditAction(ATTEMPT_REOPENED, ActionGroup.ATTEMPTS, "retry", _("Attempt reopened")),
    AuditAction(ATTEMPT_REPORTED, ActionGroup.ATTEMPTS, "info", _("Reported as finished")),
    AuditAction(ATTEMPT_REFRESHED, ActionGroup.ATTEMPTS, "retry", _("Refresh asked for")),
    AuditAction(BULK_STARTED, ActionGroup.ATTEMPTS, "retry", _("Bulk action started")),
    AuditAction(BULK_CANCELLED, ActionGroup.ATTEMPTS, "withdrawn", _("Bulk action cancelled")),
    AuditAction(BULK_REPORTED, ActionGroup.LOOKS, "download", _("Report of a bulk action downloaded")),
    AuditAction(ACCOUNT_LOGGED_IN, ActionGroup.ACCOUNTS, "person", _("Logged in")),
    AuditAction(ACCOUNT_REFUSED, ActionGroup.ACCOUNTS, "invalid", _("Log-in refused")),
    AuditAction(ACCOUNT_PASSWORD_CHANGED, ActionGroup.ACCOUNTS, "lock", _("Password changed")),
    AuditAction(MEDIA_VERIFIED, ActionGroup.CHECKS, "stored", _("File verified, sound")),
    AuditAction(MEDIA_DAMAGED, ActionGroup.CHECKS, "flawed", _("File found damaged")),
    AuditAction(CHECK_REQUESTED, ActionGroup.CHECKS, "stored", _("Check of the chain asked for")),
    AuditAction(KEY_CHANGED, ActionGroup.CHECKS, "lock", _("Key of the audit chain changed")),
    AuditAction(ALERT_TOLD, ActionGroup.CHECKS, "bell", _("Alert sent")),
)
