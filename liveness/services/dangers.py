"""What is wrong, or about to be: the losses since a place in the audit chain, and the dangers that stand now."""

from collections import Counter
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Count, Q

from liveness.app_settings import app_settings
from liveness.models import AuditEvent, StoredMedia, VerificationAttempt
from liveness.models.attempt import ANSWERED
from liveness.services import audit, gauges, losses

# So many attempts of each kind are named, and so many events are read at once.
NAMED = 3
BATCH = 5_000
# Registrations are too many when they come to this share of the account's calls for so long.
BUSY_SHARE = 0.8
BUSY_FOR = timedelta(minutes=15)
# At 95 % of the account's calls a result is read a quarter of an hour after the check, and that is no alarm yet.
OVERDUE = timedelta(minutes=20)


@dataclass(frozen=True)
class Losses:
    """How many were lost and why; `last` is the audit event up to which this is so."""

    last: int
    reasons: dict[str, int] = field(default_factory=dict)
    attempts: list[str] = field(default_factory=list)

    @property
    def count(self) -> int:
        return sum(self.reasons.values())

    @property
    def facts(self) -> dict[str, Any]:
        return {"count": self.count, "reasons": self.reasons, "attempts": self.attempts}


@dataclass(frozen=True)
class Danger:
    """`kind` is a stable name, `attempts` the ids of a few that it is about."""

    kind: str
    headline: str
    text: str
    attempts: list[str] = field(default_factory=list)

    @property
    def facts(self) -> dict[str, Any]:
        return asdict(self)


def newest_event() -> int:
    return AuditEvent.objects.order_by("-sequence").values_list("sequence", flat=True).first() or 0


def lost_since(sequence: int) -> Losses:
    """What was lost after this event. Many events are read in steps: `last` then lies before the newest."""
    newest = newest_event()
    # A restored backup may end before the event that was told last.
    after = AuditEvent.objects.filter(sequence__gt=min(sequence, newest), sequence__lte=newest)
    closing = after.filter(action__in=(audit.ATTEMPT_EXPIRED, audit.MEDIA_LOST)).order_by("sequence")
    events = list(closing.only("action", "object_id", "details")[:BATCH])
    missed = losses.missed({event.object_id for event in events if event.action == audit.ATTEMPT_EXPIRED})
    files = [event for event in events if event.action == audit.MEDIA_LOST]
    reasons = Counter(losses.cause_of(str(event.data.get("reason", ""))) for event in files)
    if missed:
        reasons[losses.UNREAD] = len(missed)
    named = [*sorted(missed)[:NAMED], *_attempts_of([event.object_id for event in files[:NAMED]])]
    last = events[-1].sequence if len(events) == BATCH else newest
    return Losses(last, dict(reasons), list(dict.fromkeys(named)))


def standing(now: datetime) -> list[Danger]:
    """The dangers at this moment, by few and cheap queries."""
    return [danger for danger in (_at_risk(now), _overdue(now), _busy(now)) if danger]


def _attempts_of(files: list[str]) -> list[str]:
    found = StoredMedia.objects.filter(public_id__in=files).values_list("attempt__public_id", flat=True)
    return sorted({str(public_id) for public_id in found})


def _at_risk(now: datetime) -> Danger | None:
    minutes = app_settings.ALARM_MINUTES
    ending = losses.ending(now, timedelta(minutes=minutes)).filter(losses.AT_RISK)
    found = ending[: gauges.CAP].aggregate(all=Count("id"), answered=Count("id", filter=Q(outcome__in=ANSWERED)))
    if not found["all"]:
        return None
    text = (
        f"Attempts that run out within {minutes:g} minutes and are not safe: {found['all']}. Files are still to fetch "
        f"of {found['answered']}; {found['all'] - found['answered']} were not read since their check could have ended."
    )
    named = [str(public_id) for public_id in ending.values_list("public_id", flat=True)[:NAMED]]
    return Danger("at_risk", f"{found['all']} at risk", text, named)


def _overdue(now: datetime) -> Danger | None:
    waited = gauges.oldest_due(now)
    if waited <= OVERDUE.total_seconds():
        return None
    text = f"An attempt has been due for {waited / 60:.0f} minutes; is the refresh running, and does the vendor answer?"
    return Danger("overdue", f"due for {waited / 60:.0f} minutes", text)


def _busy(now: datetime) -> Danger | None:
    """Attempts are registered in the order of their ids, so the newest but so many tells the rate without a count."""
    rate = BUSY_SHARE * app_settings.RATE_LIMIT * app_settings.PACE_SHARE
    place = int(rate * BUSY_FOR.total_seconds())
    registered = VerificationAttempt.objects.order_by("-id").values_list("created_at", flat=True)
    if not any(moment > now - BUSY_FOR for moment in registered[place : place + 1]):
        return None
    text = (
        f"More than {rate:.1f} attempts a second were registered over {BUSY_FOR.total_seconds() / 60:.0f} minutes, "
        f"{BUSY_SHARE:.0%} of the calls that the account has; beyond it results are lost."
    )
    return Danger("busy", "calls run short", text)
