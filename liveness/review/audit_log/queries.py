"""The audit screen's questions to the chain: who did what to which record, page by page, and is it still whole.

Every question is answered by an index, however long the chain is and whatever the planner believes of it.
"""

import json
from collections.abc import Callable, Hashable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from django.contrib.auth import get_user_model
from django.contrib.auth.models import AbstractUser
from django.core.exceptions import ValidationError
from django.db.models import F, Q, QuerySet
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from liveness import audit
from liveness.access import is_everything
from liveness.audit import Actor, registry, rows
from liveness.models import AuditCheck, AuditEvent
from liveness.review.formatting import number

PAGE = 50
# However few lines they make, a page holds no more events.
MOST_EVENTS = 500
# How many events a page looks through for somebody who may see only some, so that it costs the same on a long chain.
SPAN = 20_000
USER = "user:"
# What a web request may walk through: about two seconds.
SHORT = 100_000
COMMAND = "manage.py liveness_verify_audit"
EARLIER = 10

Events = QuerySet[AuditEvent]


@dataclass(frozen=True)
class Wanted:
    """What to show: an actor's events, those of a group of actions, those of some records (None for all)."""

    actor: str = ""
    group: str = ""
    objects: tuple[str, ...] | None = None


@dataclass(frozen=True)
class Page:
    """Events, the newest first. `newer` and `older` are cursors to the neighbours, None at the ends."""

    events: list[AuditEvent]
    newer: int | None = None
    older: int | None = None


@dataclass(frozen=True)
class Mark:
    """How far the chain was verified. `since` counts the events that came later, `broken_at` is None if it is sound."""

    check: AuditCheck | None
    earlier: Sequence[AuditCheck] = ()
    newest: int = 0
    since: int = 0
    broken_at: int | None = None
    reason: str = ""

    @property
    def is_short(self) -> bool:
        return self.newest <= SHORT

    @property
    def is_broken(self) -> bool:
        return self.broken_at is not None

    @property
    def since_words(self) -> str:
        """How many events nobody can vouch for yet."""
        if not self.since:
            return _("no event since")
        if self.check is None or self.is_broken:
            text = ngettext("%(count)s event is not verified", "%(count)s events are not verified", self.since)
        else:
            text = ngettext("%(count)s event since", "%(count)s events since", self.since)
        return text % {"count": number(self.since)}


def alone(event: AuditEvent) -> Hashable:
    """Every event is a line of its own."""
    return event.sequence


def together(event: AuditEvent) -> Hashable:
    """One look at a list shows dozens of thumbnails: those of one person within a minute of the clock are one line."""
    return (event.actor, event.at.replace(second=0, microsecond=0)) if is_thumbnail(event) else event.sequence


def is_thumbnail(event: AuditEvent) -> bool:
    """Was a small picture shown in a list?"""
    return event.action == audit.MEDIA_PREVIEWED


def page(
    wanted: Wanted,
    *,
    before: int | None = None,
    after: int | None = None,
    size: int = PAGE,
    line_of: Callable[[AuditEvent], Hashable] = alone,
    among: Events | None = None,
) -> Page:
    """The page of events older than `before`, or newer than `after`, or the newest one.

    `among` are those that may appear before the person who asks; None for the whole chain. Where that hides events, a
    page looks through `SPAN` numbers, and may come out short, or empty, before the chain ends.

    It has as many events as make `size` lines; `line_of` tells which share one. A page towards the newest that would
    come out short is the newest page.
    """
    chain = AuditEvent.objects.all() if among is None else among
    # The events of a few records are found by an index. Among all others, the ones to show may be rare.
    is_far = wanted.objects is None and not is_everything(chain)
    if before is None and after is not None:
        part, rest = _stretch(chain, after, is_rising=True) if is_far else (chain, None)
        events, has_more = _fill(part, wanted, after, size, line_of, is_rising=True)
        if has_more or rest:
            events = events[::-1]
            older = events[-1].sequence if events else after + 1
            return Page(events, events[0].sequence if has_more else rest, older)
    part, rest = _stretch(chain, before, is_rising=False) if is_far else (chain, None)
    events, has_more = _fill(part, wanted, before, size, line_of, is_rising=False)
    top = events[0].sequence if events else (before or 1) - 1
    newer = top if before is not None and (events or is_far) else None
    return Page(events, newer, events[-1].sequence if has_more else rest)


def _stretch(chain: Events, cursor: int | None, *, is_rising: bool) -> tuple[Events, int | None]:
    """The next `SPAN` numbers of the chain, and the number to go on from; None where the chain ends before."""
    newest = _newest()
    if is_rising:
        end = (cursor or 0) + SPAN
        return chain.filter(sequence__lte=end), end if end < newest else None
    end = min(cursor or newest + 1, newest + 1) - SPAN
    return chain.filter(sequence__gte=end), end if end > 1 else None


def _fill(
    chain: Events,
    wanted: Wanted,
    cursor: int | None,
    size: int,
    line_of: Callable[[AuditEvent], Hashable],
    *,
    is_rising: bool,
) -> tuple[list[AuditEvent], bool]:
    """The events beyond the cursor, without a gap, that make at most `size` lines, and whether more follow."""
    events: list[AuditEvent] = []
    lines: set[Hashable] = set()
    while True:
        count = min(max(size, len(events)), MOST_EVENTS)
        found = _select(chain.filter(_beyond(cursor, is_rising)), wanted, count, is_rising=is_rising)
        for event in found:
            line = line_of(event)
            if len(events) == MOST_EVENTS or (line not in lines and len(lines) == size):
                return events, True
            lines.add(line)
            events.append(event)
        if len(found) <= count:
            return events, False
        cursor = events[-1].sequence


def _beyond(cursor: int | None, is_rising: bool) -> Q:
    if cursor is None:
        return Q()
    return Q(sequence__gt=cursor) if is_rising else Q(sequence__lt=cursor)


def mark() -> Mark:
    """How far the chain was verified, by the last walk that was kept."""
    checks = audit.last_checks(EARLIER + 1)
    newest = _newest()
    if not checks:
        return Mark(None, newest=newest, since=newest)
    last = checks[0]
    broken_at, reason = last.broken_at, last.reason
    if broken_at is None and not audit.is_still_there(last):
        broken_at, reason = last.sequence, "it is not the event that was verified"
    return Mark(last, checks[1:], newest, max(newest - last.sequence, 0), broken_at, reason)


def is_short() -> bool:
    """Can the chain be walked within a web request?"""
    return _newest() <= SHORT


def people(actors: Iterable[str]) -> dict[str, AbstractUser]:
    """The accounts behind these actors, the deactivated ones too. The chain holds keys only."""
    keys = {actor.removeprefix(USER) for actor in actors if actor.startswith(USER)}
    users = get_user_model()._default_manager.filter(pk__in=list(filter(_is_key, keys)))
    return {Actor.user(user).name: user for user in users}


def data_of(event: AuditEvent) -> dict[str, Any]:
    """The event's details; empty where somebody made them unreadable."""
    try:
        data = json.loads(event.details)
    except ValueError:
        return {}
    return data if isinstance(data, dict) else {}


def _newest() -> int:
    return AuditEvent.objects.order_by("-sequence").values_list("sequence", flat=True).first() or 0


def _is_key(text: str) -> bool:
    """Can this be a user's key? A long key stands in the chain as a digest, which leads to nobody."""
    try:
        get_user_model()._meta.pk.clean(text, None)
    except (ValidationError, ValueError):
        return False
    return True


def _select(events: Events, wanted: Wanted, size: int, *, is_rising: bool) -> list[AuditEvent]:
    parts = [part.values("sequence")[: size + 1] for part in _parts(events, wanted, is_rising)]
    first, *others = [AuditEvent.objects.filter(sequence__in=part).order_by() for part in parts]
    merged = first.union(*others, all=True).order_by("sequence" if is_rising else "-sequence")
    return rows.to_show(merged[: size + 1])


def _parts(events: Events, wanted: Wanted, is_rising: bool) -> list[Events]:
    """The events asked for, as one set or as several that no database would merge, each in an order of one index."""
    actions = registry.names_of(wanted.group)
    if wanted.objects is not None:
        return [_of_lives(events, wanted, actions, is_rising)]
    if wanted.actor:
        events = _along(events, "actor", wanted.actor, is_rising)
        return [events.filter(action=action) for action in actions] or [events]
    everything = events.order_by("sequence" if is_rising else "-sequence")
    return [_along(events, "action", action, is_rising) for action in actions] or [everything]


def _of_lives(events: Events, wanted: Wanted, actions: list[str], is_rising: bool) -> Events:
    """All that happened to some records, sorted: the sum hides the order from the planner, see `_along`."""
    events = events.filter(object_id__in=wanted.objects or ())
    if actions:
        events = events.filter(action__in=actions)
    if wanted.actor:
        events = events.filter(actor=wanted.actor)
    place = F("sequence") + 0
    return events.order_by(place.asc() if is_rising else place.desc())


def _along(events: Events, column: str, value: str, is_rising: bool) -> Events:
    """The events with this value, along the index that begins with `column`.

    PostgreSQL would rather walk the whole chain and pick, in the hope of a page soon, which for one who left years ago
    takes long. An order that begins with the column keeps it on the index, and a second value, which no event has,
    keeps it from dropping the column from the order as constant.
    """
    order = (f"-{column}", "sequence") if is_rising else (column, "-sequence")
    return events.filter(**{f"{column}__in": (value, "")}).order_by(*order)
