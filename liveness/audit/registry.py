"""The one registry of audit actions: the chain, the admin, the audit page and the statistics all read it.

An app adds its own actions in `AppConfig.ready()`. An event of an action that nobody registered cannot be recorded.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from django.core.exceptions import ImproperlyConfigured
from django.db.models import TextChoices
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

Details = Mapping[str, Any]
Counts = Mapping[str, int]


class ActionGroup(TextChoices):
    """What actions are filtered by."""

    LOOKS = "looks", _("Looks")
    DECISIONS = "decisions", _("Decisions")
    CLAIMS = "claims", _("Claims")
    MEDIA = "media", _("Media")
    ATTEMPTS = "attempts", _("Attempts")
    ACCOUNTS = "accounts", _("Accounts")
    CHECKS = "checks", _("Checks")


@dataclass(frozen=True)
class AuditAction:
    """One kind of event: its name in the chain, its group, its icon and its label.

    `counts` gives what an event with these details adds to the statistics, by the name of the figure.
    """

    name: str
    group: str
    icon: str
    label: str | Promise
    counts: Callable[[Details], Counts] | None = None


class UnknownActionError(LookupError):
    """An event of an action that no app has registered."""


_actions: dict[str, AuditAction] = {}


def register(*actions: AuditAction) -> None:
    """Add the actions of an app. Raises ImproperlyConfigured for a name that is taken."""
    for action in actions:
        if action.name in _actions:
            raise ImproperlyConfigured(f"The audit action {action.name} is registered twice.")
        _actions[action.name] = action


def get(name: str) -> AuditAction | None:
    return _actions.get(name)


def check(name: str) -> None:
    """Raises UnknownActionError unless the action is registered."""
    if name not in _actions:
        raise UnknownActionError(f"The audit action {name} is not registered; add it in AppConfig.ready().")


def all_actions() -> Iterator[AuditAction]:
    """In the order in which they were registered."""
    yield from _actions.values()


def names_of(group: str) -> list[str]:
    """The names of a group's actions; none for the empty name, which is no group."""
    return [action.name for action in _actions.values() if group and action.group == group]
