"""Tells people what was lost and what is in danger, by each hook once, whoever of several hosts asks.

A hook's row remembers what it was told. It is held while the message is sent, so that two hosts do not both send it.
A hook that fails, or a host that dies meanwhile, leaves all as it was for the next time: told late or twice rather than
not at all.
"""

from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from django.db import transaction
from django.db.models import Q

from liveness.exceptions import ChainError
from liveness.models import AlarmState
from liveness.services import audit, dangers, hooks, losses
from liveness.services.audit import Actor
from liveness.services.dangers import Danger, Losses
from liveness.services.hooks import Hook, HookError, Message
from liveness.services.retry import retried

# Longer than a hook may take.
HOLD = timedelta(minutes=2)
# A danger that stands is told again after this long, one that comes back not sooner than after REST.
REPEAT = timedelta(hours=1)
REST = timedelta(minutes=10)
WHERE = "Look: manage.py liveness_show ID, manage.py liveness_refresh --dry-run, and docs/operating.md, Alarms."


@dataclass
class Round:
    """What stands, what was sent by which hook, and which hooks failed."""

    dangers: list[Danger]
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
        own = self.sent.get(hooks.OUTPUT)
        failed = [f"{problem}; it is tried again at the next run" for problem in self.failed.values()]
        return ([own.text] if own else []) + failed


def tell(*, now: datetime, actor: Actor) -> Round:
    """Tell by every hook what it was not told yet. The first time a hook is used it learns of no earlier losses.

    Raises DatabaseError.
    """
    done = Round(dangers.standing(now))
    for hook in hooks.configured():
        state = retried(partial(_hold, hook.name, now))
        if state:
            _tell_by(hook, state, done, now, actor)
    return done


def _tell_by(hook: Hook, state: AlarmState, done: Round, now: datetime, actor: Actor) -> None:
    try:
        lost = dangers.lost_since(state.sequence)
        news = [danger for danger in done.dangers if now.timestamp() >= _next_at(state, danger)]
        if lost.count or news:
            message = compose(lost, news)
            hook.send(message)
            done.sent[hook.name] = message
        state.sequence, state.told = lost.last, _remembered(state, done.dangers, news, now)
    except HookError as problem:
        done.failed[hook.name] = str(problem)
    finally:
        retried(partial(_let_go, state))
    if hook.name in done.sent:
        with suppress(ChainError):
            retried(partial(_record, hook.name, done.sent[hook.name], actor))


def compose(lost: Losses, news: list[Danger]) -> Message:
    """Counts, reasons and the ids of a few attempts; nothing of a person."""
    headlines, lines = [danger.headline for danger in news], []
    if lost.count:
        headlines.insert(0, f"{lost.count} lost")
        reasons = (f"  {losses.WORDS[reason]}: {number}" for reason, number in sorted(lost.reasons.items()))
        lines += ["Lost since the last message:", *reasons, *_named(lost.attempts), ""]
    for danger in news:
        lines += [danger.text, *_named(danger.attempts), ""]
    facts = {"lost": lost.facts, "dangers": [danger.facts for danger in news]}
    return Message(f"Liveness: {', '.join(headlines)}", "\n".join([*lines, WHERE]), facts)


def _named(attempts: list[str]) -> list[str]:
    return [f"Among them: {', '.join(attempts)}"] if attempts else []


def _next_at(state: AlarmState, danger: Danger) -> float:
    told_at = state.told.get(danger.kind)
    return told_at + REPEAT.total_seconds() if told_at else 0.0


def _remembered(state: AlarmState, standing: list[Danger], news: list[Danger], now: datetime) -> dict[str, float]:
    kinds = {danger.kind for danger in standing}
    rested = now.timestamp() - REST.total_seconds()
    kept = {kind: told_at for kind, told_at in state.told.items() if kind in kinds or told_at > rested}
    return kept | {danger.kind: now.timestamp() for danger in news}


@transaction.atomic
def _hold(name: str, now: datetime) -> AlarmState | None:
    """The hook's row, held; None when another process has it."""
    AlarmState.objects.get_or_create(hook=name, defaults={"sequence": dangers.newest_event()})
    rows = AlarmState.objects.filter(hook=name)
    free = rows.filter(Q(held_until__isnull=True) | Q(held_until__lte=now))
    return rows.get() if free.update(held_until=now + HOLD) else None


def _let_go(state: AlarmState) -> None:
    held = AlarmState.objects.filter(hook=state.hook, held_until=state.held_until)
    held.update(sequence=state.sequence, told=state.told, held_until=None)


@transaction.atomic
def _record(hook: str, message: Message, actor: Actor) -> None:
    kinds = [danger["kind"] for danger in message.facts["dangers"]]
    audit.record(audit.ALARM_TOLD, actor=actor, hook=hook, lost=message.facts["lost"]["count"], dangers=kinds)
