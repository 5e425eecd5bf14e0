"""The words of an alert: counts, reasons, minutes and the ids of a few attempts; nothing of a person."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from liveness.app_settings import app_settings
from liveness.loss_causes import LossCause
from liveness.monitoring.alert_rules import Alert, Losses
from liveness.monitoring.notifiers import Message
from liveness.monitoring.repetition import Notified

WHERE = "Look: manage.py liveness_show ID, manage.py liveness_refresh --dry-run, and docs/operating.md, Alerts."


@dataclass(frozen=True)
class AlertContent:
    """What one hook is to send: new losses, dangers, and by their kinds those that are over.

    `is_all_clear` says that no danger is left; `known` holds what the hook was sent before.
    """

    lost: Losses
    dangers: list[Alert]
    over: Mapping[str, Notified] = field(default_factory=dict)
    is_all_clear: bool = False
    known: Mapping[str, Notified] = field(default_factory=dict)

    def __bool__(self) -> bool:
        return bool(self.lost.count or self.dangers or self.over)

    @property
    def facts(self) -> dict[str, Any]:
        """The same for programs."""
        return {
            "portal": app_settings.PORTAL_NAME,
            "lost": self.lost.facts,
            "dangers": [danger.facts for danger in self.dangers],
            "over": [_over_facts(kind, notified) for kind, notified in self.over.items()],
            "all_clear": self.is_all_clear,
        }


def compose(news: AlertContent) -> Message:
    """The message, which names the portal in its subject and in its text."""
    portal = app_settings.PORTAL_NAME
    lines = [*_lost_lines(news.lost)]
    for danger in news.dangers:
        lines += [danger.text, *_peak_lines(danger, news.known), *_named(danger.attempts), ""]
    for notified in news.over.values():
        lines += [_over_line(notified)]
    lines += ["No danger is left.", ""] if news.is_all_clear else [""] if news.over else []
    return Message(
        f"[{portal}] Liveness: {_headlines(news)}", "\n".join([*lines, f"Portal: {portal}", WHERE]), news.facts
    )


def _headlines(news: AlertContent) -> str:
    over = ", ".join(f"no longer {notified.headline}" for notified in news.over.values())
    lost = [news.lost.headline] if news.lost.count else []
    ended = [f"all clear ({over})" if news.is_all_clear else over] if over else []
    return ", ".join([*lost, *(danger.subject for danger in news.dangers), *ended])


def _lost_lines(lost: Losses) -> list[str]:
    if not lost.count:
        return []
    reasons = (f"  {LossCause(reason).label}: {number:,}" for reason, number in sorted(lost.reasons.items()))
    more = ["  and more, which the next message names"] if lost.is_partial else []
    return ["Lost since the last message:", *reasons, *more, *_named(lost.attempts), ""]


def _peak_lines(danger: Alert, known: Mapping[str, Notified]) -> list[str]:
    """A danger that was larger while nothing was sent, or could be."""
    before = known.get(danger.kind)
    return [f"The most since the last message: {before.headline}."] if before and before.peak > danger.size else []


def _over_line(notified: Notified) -> str:
    ended = datetime.fromtimestamp(notified.stood_at, UTC)
    text = f"No longer: {notified.headline}. It was last so at {ended:%Y-%m-%d %H:%M} UTC."
    if notified.sent_at is None:
        text += " No message about it could be delivered while it lasted."
    return f"{text} Lost meanwhile: {notified.lost:,}." if notified.lost else text


def _over_facts(kind: str, notified: Notified) -> dict[str, Any]:
    facts = {"kind": kind, "headline": notified.headline, "peak": notified.peak, "lost": notified.lost}
    return facts | {"was_sent": notified.sent_at is not None}


def _named(attempts: list[str]) -> list[str]:
    return [f"Among them: {', '.join(attempts)}"] if attempts else []
