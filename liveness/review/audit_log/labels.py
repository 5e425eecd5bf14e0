"""What the audit screen says of an event: its action, and its details, in plain words."""

from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any

from django.template.defaultfilters import filesizeformat
from django.utils.functional import Promise
from django.utils.translation import gettext as _

from liveness.attempts.wording import meaning_of, shown_code
from liveness.audit import registry
from liveness.audit.registry import AuditAction
from liveness.models import MediaKind, Outcome
from liveness.review import wording
from liveness.review.due_time import span
from liveness.review.models import DecisionOutcome
from liveness.review.reasons import catalogue

Text = str | Promise
Names = Mapping[str, str]


def action_of(name: str) -> AuditAction:
    """The action of an event; one that no installed app knows any more stands for itself."""
    return registry.get(name) or AuditAction(name, "", "history", name)


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
