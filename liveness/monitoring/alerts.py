"""Tells people what was lost and what is in danger, by each hook once, whoever of several hosts asks.

A hook's row remembers what it was sent. It is held while a message is sent, so that two hosts do not both send it. A
hook that fails, or a host that dies meanwhile, leaves for the next time what was not delivered: sent late or twice
rather than not at all.
"""

from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from django.db import transaction
from django.db.models import Q

from liveness import audit
from liveness.audit import Actor
from liveness.database.retry import retried
from liveness.exceptions import ChainError
from liveness.models import NotifierState
from liveness.monitoring import alert_rules, notifiers
from liveness.monitoring.alert_rules import Alert
from liveness.monitoring.alert_texts import AlertContent, compose
from liveness.monitoring.notifiers import Message, Notifier, NotifierError
from liveness.monitoring.repetition import Notified

# Longer than a hook may take.
HOLD = timedelta(minutes=2)
Known = dict[str, Notified]


@dataclass
class AlertRound:
    """The dangers, what was sent by which hook, and which rules and hooks failed."""

    dangers: list[Alert] = field(default_factory=list)
    sent: dict[str, Message] = field(default_factory=dict)
    failed: dict[str, str] = field(default_factory=dict)

    @property
    def facts(self) -> dict[str, Any]:
        """For `--json`."""
        return {
            "dangers": [danger.facts for danger in self.dangers],
            "sent": {name: message.facts for name, message in self.sent.items()},
            "failed": self.failed,
        }

    @property
    def lines(self) -> list[str]:
        """What is left to tell: the message itself where no hook is set, and the hooks that failed."""
        own = self.sent.get(notifiers.OUTPUT)
        failed = [f"{problem}; it is tried again at the next run" for problem in self.failed.values()]
        return ([own.text] if own else []) + failed

    @property
    def is_bad(self) -> bool:
        """Is there more to say than that a danger is over?"""
        own = self.sent.get(notifiers.OUTPUT)
        return bool(self.failed or (own and (own.facts["dangers"] or own.facts["lost"]["count"])))


def send(*, now: datetime, actor: Actor) -> AlertRound:
    """Send by every hook what it was not sent yet. The first time a hook is used it learns of no earlier losses.

    Raises DatabaseError.
    """
    done = AlertRound()
    done.dangers = alert_rules.active(now, done.failed)
    # A rule that failed says nothing about its danger, least of all that it is over.
    is_complete = not done.failed
    for hook in notifiers.configured():
        state = retried(partial(_hold, hook.name, now))
        if state:
            _tell_by(hook, state, done, now, actor, is_complete=is_complete)
    return done


def _tell_by(
    hook: Notifier, state: NotifierState, done: AlertRound, now: datetime, actor: Actor, *, is_complete: bool
) -> None:
    try:
        known = _seen(state, done.dangers, now)
        state.told = _stored(known)
        lost = alert_rules.lost_since(state.sequence)
        news = _news(lost, known, done.dangers, now, is_complete=is_complete)
        if news:
            message = compose(news)
            hook.send(message)
            done.sent[hook.name] = message
        state.sequence, state.told = lost.last, _stored(_delivered(news, known, now))
    except NotifierError as problem:
        done.failed[hook.name] = str(problem)
    finally:
        retried(partial(_let_go, state))
    if hook.name in done.sent:
        with suppress(ChainError):
            retried(partial(_record, hook.name, done.sent[hook.name], actor))


def _seen(state: NotifierState, found: list[Alert], now: datetime) -> Known:
    known = {kind: Notified.parse(stored) for kind, stored in state.told.items()}
    return known | {danger.kind: known.get(danger.kind, Notified()).seen(danger, now) for danger in found}


def _news(
    lost: alert_rules.Losses, known: Known, found: list[Alert], now: datetime, *, is_complete: bool
) -> AlertContent:
    kinds = {danger.kind for danger in found}
    over = {kind: one for kind, one in known.items() if is_complete and kind not in kinds and one.is_over(now)}
    news = [danger for danger in found if known[danger.kind].is_news(danger, now)]
    return AlertContent(lost, news, over, is_all_clear=bool(over) and set(known) == set(over), known=known)


def _delivered(news: AlertContent, known: Known, now: datetime) -> Known:
    left = {kind: replace(one, lost=one.lost + news.lost.count) for kind, one in known.items() if kind not in news.over}
    return left | {danger.kind: left[danger.kind].sent(danger, now) for danger in news.dangers}


def _stored(known: Known) -> dict[str, Any]:
    return {kind: notified.as_json for kind, notified in known.items()}


@transaction.atomic
def _hold(name: str, now: datetime) -> NotifierState | None:
    """The hook's row, held; None when another process has it."""
    NotifierState.objects.get_or_create(hook=name, defaults={"sequence": alert_rules.newest_event()})
    rows = NotifierState.objects.filter(hook=name)
    # A hold that ends later than any hold could was taken before the clock was set back.
    free = rows.filter(Q(held_until__isnull=True) | Q(held_until__lte=now) | Q(held_until__gt=now + 2 * HOLD))
    return rows.get() if free.update(held_until=now + HOLD) else None


def _let_go(state: NotifierState) -> None:
    held = NotifierState.objects.filter(hook=state.hook, held_until=state.held_until)
    held.update(sequence=state.sequence, told=state.told, held_until=None)


@transaction.atomic
def _record(hook: str, message: Message, actor: Actor) -> None:
    kinds = [danger["kind"] for danger in message.facts["dangers"]]
    over: dict[str, Any] = {"over": [one["kind"] for one in message.facts["over"]]} if message.facts["over"] else {}
    audit.record(audit.ALERT_TOLD, actor=actor, hook=hook, lost=message.facts["lost"]["count"], dangers=kinds, **over)
