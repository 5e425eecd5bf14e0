"""What is wrong, or about to be: the losses since a place in the audit chain, and the dangers that stand now."""

import logging
from collections import Counter
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta
from typing import Any

from django.db import DatabaseError
from django.db.models import Count, Min, Q

from liveness import audit, conditions
from liveness.app_settings import app_settings
from liveness.attempts import wording
from liveness.loss_causes import LossCause
from liveness.media import rolling_check
from liveness.models import AuditEvent, StoredMedia, VerificationAttempt
from liveness.models.attempt import ANSWERED
from liveness.monitoring import gauges
from liveness.polling import losses, overdue

# So many attempts of each kind are named, and so many events are read at once.
NAMED = 3
BATCH = 5_000
# Registrations are too many when they come to this share of the account's calls for so long.
BUSY_SHARE = 0.8
BUSY_FOR = timedelta(minutes=15)
# How often registrations are counted at twice the number: up to so many times what is too many.
DOUBLINGS = 3
REPEAT = timedelta(hours=1)
logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Losses:
    """How many were lost and why; `last` is the audit event up to which this is so."""

    last: int
    reasons: dict[str, int] = field(default_factory=dict)
    attempts: list[str] = field(default_factory=list)
    is_partial: bool = False

    @property
    def count(self) -> int:
        return sum(self.reasons.values())

    @property
    def headline(self) -> str:
        return f"{'at least ' if self.is_partial else ''}{self.count:,} lost"

    @property
    def facts(self) -> dict[str, Any]:
        facts = {"count": self.count, "reasons": self.reasons, "attempts": self.attempts}
        return facts | {"is_partial": self.is_partial}


@dataclass(frozen=True)
class Alert:
    """`kind` is a stable name, `attempts` the ids of a few that it is about.

    `size` says how large it is, in whatever unit its text gives, and is at most CAP where `is_capped`. `seconds_left`
    is the time until something is lost, or None where there is no such moment. `repeat` is the longest time between two
    messages while the danger lasts. Of the `causes`, where there are several, a new one is news.
    """

    kind: str
    headline: str
    text: str
    attempts: list[str] = field(default_factory=list)
    size: int = 1
    seconds_left: float | None = None
    is_capped: bool = False
    repeat: timedelta = REPEAT
    causes: list[str] = field(default_factory=list)

    @property
    def subject(self) -> str:
        """The headline and the time left, for the subject of a message."""
        left = "" if self.seconds_left is None else f" ({wording.minutes_left(self.seconds_left)})"
        return self.headline + left

    @property
    def facts(self) -> dict[str, Any]:
        return asdict(self) | {"repeat": self.repeat.total_seconds()}


Rule = Callable[[datetime], Alert | None]


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
    reasons: Counter[str] = Counter(LossCause.of(event.data.get("cause")) for event in files)
    if missed:
        reasons[LossCause.UNREAD] = len(missed)
    named = [*sorted(missed)[:NAMED], *_attempts_of([event.object_id for event in files[:NAMED]])]
    is_partial = len(events) == BATCH and after.filter(sequence__gt=events[-1].sequence).exists()
    last = events[-1].sequence if is_partial else newest
    return Losses(last, dict(reasons), list(dict.fromkeys(named)), is_partial)


def active(now: datetime, failed: dict[str, str] | None = None) -> list[Alert]:
    """The dangers at this moment, by few and cheap queries. Raises DatabaseError.

    A rule that fails otherwise hides no other danger; `failed` says which one did.
    """
    problems = {} if failed is None else failed
    return [danger for rule in RULES if (danger := _asked(rule, now, problems))]


def _asked(rule: Rule, now: datetime, failed: dict[str, str]) -> Alert | None:
    try:
        return rule(now)
    except DatabaseError:
        raise
    except Exception as problem:
        name = rule.__name__
        # Its text may hold a path or an address.
        failed[name] = f"the alert could not look for {name!r} ({type(problem).__name__})"
        return None


def _attempts_of(files: list[str]) -> list[str]:
    found = StoredMedia.objects.filter(public_id__in=files).values_list("attempt__public_id", flat=True)
    return sorted({str(public_id) for public_id in found})


def at_risk(now: datetime) -> Alert | None:
    """Attempts that are not safe and whose token runs out soon."""
    window = timedelta(minutes=app_settings.ALERT_MINUTES)
    ending = losses.ending(now, window).filter(losses.AT_RISK)
    found = ending[: gauges.CAP + 1].aggregate(
        all=Count("id"), answered=Count("id", filter=Q(outcome__in=ANSWERED)), first=Min("expires_at")
    )
    if not found["all"]:
        return None
    size, is_capped, left = min(found["all"], gauges.CAP), found["all"] > gauges.CAP, _until(found["first"], now)
    answered = min(found["answered"], gauges.CAP)
    text = (
        f"Attempts that run out within {app_settings.ALERT_MINUTES:g} minutes and are not safe: "
        f"{wording.counted(size, is_capped=is_capped)}. The first runs out in {wording.minutes(left)}. Files are still "
        f"to fetch of {answered:,}; {size - answered:,} were not read since their check could have ended."
    )
    named = [str(public_id) for public_id in ending.values_list("public_id", flat=True)[:NAMED]]
    headline = f"{wording.counted(size, is_capped=is_capped)} at risk"
    # An attempt is in this danger for no longer than the window, so one message at least is sent while it is.
    return Alert("at_risk", headline, text, named, size, left, is_capped, min(window, REPEAT))


def is_overdue(now: datetime) -> Alert | None:
    """Attempts that have been due for too long."""
    waited = overdue.oldest_due(now)
    if waited <= overdue.OVERDUE_AFTER_SECONDS:
        return None
    found = overdue.count(now, gauges.CAP + 1)
    size, is_capped, left = min(found.count, gauges.CAP), found.count > gauges.CAP, _until(found.first_end, now)
    text = (
        f"An attempt has been due for {waited / 60:.0f} minutes; is the refresh running, and does the vendor answer? "
        f"Attempts that have been due for more than {overdue.OVERDUE_AFTER_SECONDS / 60:.0f} minutes: "
        f"{wording.counted(size, is_capped=is_capped)}. The first of their tokens runs out in {wording.minutes(left)}."
    )
    named = [str(public_id) for public_id in overdue.overdue(now).values_list("public_id", flat=True)[:NAMED]]
    return Alert("overdue", f"due for {waited / 60:.0f} minutes", text, named, size, left, is_capped)


def is_busy(now: datetime) -> Alert | None:
    """More registrations than the account has calls for.

    Attempts are registered in the order of their ids, so the time of the newest but N gives the rate without a count.
    """
    rate = BUSY_SHARE * app_settings.RATE_LIMIT * app_settings.RATE_LIMIT_SHARE
    too_many = int(rate * BUSY_FOR.total_seconds())
    size = _registered(now - BUSY_FOR, too_many)
    if not size:
        return None
    text = (
        f"More than {rate:.1f} attempts a second were registered over {BUSY_FOR.total_seconds() / 60:.0f} minutes "
        f"(more than {size:,}), {BUSY_SHARE:.0%} of the calls that the account has; beyond it results are lost."
    )
    return Alert("busy", "calls run short", text, size=size)


def is_stopped(now: datetime) -> Alert | None:
    """What makes the portal stop until an operator acts."""
    found = conditions.active(now)
    if not found:
        return None
    causes = list(dict.fromkeys(condition.kind.value for condition in found))
    headline = f"stopped: {', '.join(causes).replace('_', ' ')}"
    text = "\n".join(condition.text for condition in found)
    return Alert("stopped", headline, text, size=len(found), causes=causes)


def is_damaged(now: datetime) -> Alert | None:
    """Stored files that are damaged, and that the vendor no longer has."""
    found = rolling_check.damaged_files(NAMED)
    if not found.count:
        return None
    text = f"Stored files that are damaged or missing: {found.count:,}. Run: manage.py liveness_reconcile"
    return Alert("damaged", f"{found.count:,} files damaged", text, found.attempts, found.count)


def _registered(since: datetime, too_many: int) -> int:
    """The largest of `too_many`, twice, four times ... as many than which more were registered since; else 0."""
    registered = VerificationAttempt.objects.order_by("-id").values_list("created_at", flat=True)
    found = 0
    for doubling in range(DOUBLINGS + 1):
        place = too_many * 2**doubling
        if not any(moment > since for moment in registered[place : place + 1]):
            break
        found = max(place, 1)
    return found


def _until(moment: datetime | None, now: datetime) -> float:
    return max(0.0, (moment - now).total_seconds()) if moment else 0.0


# What the alert looks for, in the order of its messages. Another rule is one more line here.
RULES: tuple[Rule, ...] = (at_risk, is_overdue, is_busy, is_damaged, is_stopped)
