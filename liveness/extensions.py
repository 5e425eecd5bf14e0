"""What an optional app adds to the pages of this one, in its `AppConfig.ready()`."""

from collections.abc import Callable, Iterable
from typing import Any

from django.utils.functional import Promise

# Why a person is not shown the details of an audit event, in words; empty if they are.
Withholder = Callable[[Any, Any], str]
# The pages that belong to an attempt and that a person may open: labels and addresses.
AttemptLinks = Callable[[Any, Any], Iterable[tuple[str | Promise, str]]]

_withholders: list[Withholder] = []
_attempt_links: list[AttemptLinks] = []


def withhold_events(withholder: Withholder) -> None:
    """`withholder(event, person)` is asked before the admin shows the details of an audit event."""
    _withholders.append(withholder)


def link_attempts(links: AttemptLinks) -> None:
    """`links(person, attempt)` gives further links for the admin's page of an attempt."""
    _attempt_links.append(links)


def withholders() -> tuple[Withholder, ...]:
    return tuple(_withholders)


def attempt_links() -> tuple[AttemptLinks, ...]:
    return tuple(_attempt_links)
