"""What the audit screen says of an event: its action, and its details, in plain words."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.template.defaultfilters import filesizeformat
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from liveness import audit
from liveness.attempts.wording import meaning_of, shown_code
from liveness.models import MediaKind, Outcome
from liveness.review import actions, wording
from liveness.review.due_time import span
from liveness.review.models import DecisionOutcome
from liveness.review.reasons import catalogue

Text = str | Promise
Names = Mapping[str, str]
GROUPS = {
    "looks": gettext_lazy("Looks"),
    "decisions": gettext_lazy("Decisions"),
    "claims": gettext_lazy("Claims"),
    "media": gettext_lazy("Media"),
    "attempts": gettext_lazy("Attempts"),
    "accounts": gettext_lazy("Accounts"),
    "checks": gettext_lazy("Checks"),
}


@dataclass(frozen=True)
class Act:
    """A kind of event: the group it is filtered by, its symbol, and its words."""

    group: str
    icon: str
    words: Text


ACTS: dict[str, Act] = {
    audit.MEDIA_VIEWED: Act("looks", "eye", gettext_lazy("File opened")),
    audit.MEDIA_PREVIEWED: Act("looks", "eye", gettext_lazy("Thumbnail shown")),
    audit.MEDIA_PREFETCHED: Act("looks", "eye", gettext_lazy("File loaded ahead, not shown yet")),
    audit.MEDIA_DOWNLOADED: Act("looks", "share", gettext_lazy("File downloaded")),
    audit.MEDIA_REFUSED: Act("looks", "invalid", gettext_lazy("Access to the file refused")),
    audit.ATTEMPT_ACCESS_REFUSED: Act("looks", "invalid", gettext_lazy("Access to the attempt refused")),
    actions.REVIEW_OPENED: Act("looks", "open", gettext_lazy("Review opened")),
    actions.DECISION_MADE: Act("decisions", "decided", gettext_lazy("Decided")),
    actions.DECISION_PROPOSED: Act("decisions", "proposed", gettext_lazy("Proposed for a second approval")),
    actions.DECISION_CONFIRMED: Act("decisions", "approve", gettext_lazy("Proposal confirmed")),
    actions.DECISION_DISPUTED: Act("decisions", "escalate", gettext_lazy("Disagreement: escalated to a third person")),
    actions.DECISION_UNDONE: Act("decisions", "undo", gettext_lazy("Decision taken back")),
    actions.DECISION_CANCELLED: Act("decisions", "withdrawn", gettext_lazy("Proposal cancelled: evidence changed")),
    actions.NOTE_WRITTEN: Act("decisions", "note", gettext_lazy("Note written")),
    actions.REVIEW_CLAIMED: Act("claims", "lock", gettext_lazy("Review claimed")),
    actions.REVIEW_RELEASED: Act("claims", "unlock", gettext_lazy("Review released")),
    actions.REVIEW_TAKEN_OVER: Act("claims", "loop", gettext_lazy("Review taken over")),
    actions.CLAIM_EXPIRED: Act("claims", "expired", gettext_lazy("Claim ran out")),
    audit.MEDIA_STORED: Act("media", "download", gettext_lazy("File stored and verified")),
    audit.MEDIA_UNVERIFIED: Act("media", "flag", gettext_lazy("File stored, not verified: no MD5 was declared")),
    audit.MEDIA_ABSENT: Act("media", "absent", gettext_lazy("File not sent by the vendor")),
    audit.MEDIA_LOST: Act("media", "lost", gettext_lazy("File lost")),
    audit.MEDIA_WANTED_AGAIN: Act("media", "retry", gettext_lazy("Damaged file to be fetched again")),
    audit.MEDIA_ADOPTED: Act("media", "download", gettext_lazy("File found and given back to its row")),
    audit.MEDIA_SET_ASIDE: Act("media", "withdrawn", gettext_lazy("File moved to quarantine")),
    audit.MEDIA_ROOT_MARKED: Act("checks", "stored", gettext_lazy("Media root accepted")),
    audit.ATTEMPT_REGISTERED: Act("attempts", "plus", gettext_lazy("Attempt registered")),
    audit.ATTEMPT_ANSWERED: Act("attempts", "info", gettext_lazy("Vendor answered")),
    audit.ATTEMPT_DIVERGED: Act("attempts", "flawed", gettext_lazy("Vendor answered differently")),
    audit.ATTEMPT_EXPIRED: Act("attempts", "expired", gettext_lazy("Closed without an answer")),
    audit.ATTEMPT_REFUSED: Act("attempts", "invalid", gettext_lazy("Token unknown to the vendor")),
    audit.ATTEMPT_CORRECTED: Act("attempts", "info", gettext_lazy("Region corrected")),
    audit.ATTEMPT_REOPENED: Act("attempts", "retry", gettext_lazy("Attempt reopened")),
    audit.ATTEMPT_REPORTED: Act("attempts", "info", gettext_lazy("Reported as finished")),
    audit.ATTEMPT_REFRESHED: Act("attempts", "retry", gettext_lazy("Refresh asked for")),
    audit.BULK_STARTED: Act("attempts", "retry", gettext_lazy("Bulk action started")),
    audit.BULK_CANCELLED: Act("attempts", "withdrawn", gettext_lazy("Bulk action cancelled")),
    audit.BULK_REPORTED: Act("looks", "download", gettext_lazy("Report of a bulk action downloaded")),
    actions.REVIEW_QUEUED: Act("attempts", "open", gettext_lazy("Ready for review")),
    audit.ACCOUNT_LOGGED_IN: Act("accounts", "person", gettext_lazy("Logged in")),
    audit.ACCOUNT_REFUSED: Act("accounts", "invalid", gettext_lazy("Log-in refused")),
    audit.ACCOUNT_PASSWORD_CHANGED: Act("accounts", "lock", gettext_lazy("Password changed")),
    audit.MEDIA_VERIFIED: Act("checks", "stored", gettext_lazy("File verified, sound")),
    audit.MEDIA_DAMAGED: Act("checks", "flawed", gettext_lazy("File found damaged")),
    audit.CHECK_REQUESTED: Act("checks", "stored", gettext_lazy("Check of the chain asked for")),
    audit.KEY_CHANGED: Act("checks", "lock", gettext_lazy("Key of the audit chain changed")),
    audit.ALERT_TOLD: Act("checks", "bell", gettext_lazy("Alert told")),
}


def act_of(action: str) -> Act:
    """The words of an action; one that nobody put into words, like a host's own, stands for itself."""
    return ACTS.get(action) or Act("", "history", action)


def actions_of(group: str) -> list[str]:
    """The actions of a group."""
    return [action for action, act in ACTS.items() if act.group == group]


def details_of(data: Mapping[str, Any], names: Names) -> str:
    """The details that say something to a person; ids and digests are left to the proof. `names` are those of users."""
    said = (_said(name, data[name], names) for name in DETAILS if name in data)
    return " · ".join(filter(None, said))


def _said(name: str, value: Any, names: Names) -> str:
    try:
        return DETAILS[name](value, names)
    except (ArithmeticError, TypeError, ValueError):
        # Somebody changed the table. The page has to open, of all times, then.
        return str(value)


def _outcome(value: Any, names: Names) -> str:
    return str(dict([*Outcome.choices, *DecisionOutcome.choices]).get(value, value))


def _vendor(value: Any, names: Names) -> str:
    return _("the vendor said: %(outcome)s") % {"outcome": _outcome(value, names).lower()}


def _code(value: Any, names: Names) -> str:
    return _("code %(code)s: %(words)s") % {
        "code": shown_code(str(value)),
        "words": meaning_of(str(value)).words.rstrip("."),
    }


def _reasons(value: Any, names: Names) -> str:
    return ", ".join(str(label) for label in catalogue().labels(value, catalogue().version))


def _seconds(value: Any, names: Names) -> str:
    needs = ", ".join(str(wording.SECONDS.get(need, need)) for need in value)
    return _("a second person is needed because %(needs)s") % {"needs": needs} if needs else ""


def _margin(value: Any, names: Names) -> str:
    words = _("%(time)s before its window closed") if value >= 0 else _("%(time)s after its window closed")
    return words % {"time": span(timedelta(seconds=abs(value)))}


def _complete(value: Any, names: Names) -> str:
    return "" if value else _("evidence incomplete")


def _holder(value: Any, names: Names) -> str:
    return _("from %(name)s") % {"name": names.get(value, value)}


def _kind(value: Any, names: Names) -> str:
    return str(dict(MediaKind.choices).get(value, value))


def _size(value: Any, names: Names) -> str:
    return filesizeformat(value)


def _plain(value: Any, names: Names) -> str:
    return str(value)


# In the order in which they are said.
DETAILS: dict[str, Callable[[Any, Names], str]] = {
    "kind": _kind,
    "size": _size,
    "outcome": _outcome,
    "vendor_outcome": _vendor,
    "result_code": _code,
    "region": _plain,
    "holder": _holder,
    "reason": _plain,
    "reasons": _reasons,
    "needs_second": _seconds,
    "margin": _margin,
    "is_complete": _complete,
}
