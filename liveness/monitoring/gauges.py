"""What `/metrics` reads from the tables at each scrape: few queries, each over the start of an index, never a count of
more than CAP rows, so that a scrape costs the same however many attempts there are."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from django.db.models import Count, Min, Q, Subquery

from liveness.app_settings import app_settings
from liveness.models import RateLimitSlot, VerificationAttempt, WorkerRun
from liveness.polling import losses, overdue
from liveness.ratelimit import budget
from liveness.ratelimit.state import RateLimitState

CAP = 10_000


@dataclass(frozen=True)
class Gauge:
    name: str
    help: str
    value: float


def read(now: datetime) -> list[Gauge]:
    """The state of the queue and of the call budget. Raises DatabaseError."""
    return [*_queue(now), *_ending(now), *_budget(now), *_share(now)]


def _queue(now: datetime) -> Iterator[Gauge]:
    due = VerificationAttempt.objects.due(now)[:CAP].aggregate(
        depth=Count("id"),
        leased=Count("id", filter=Q(lease_run__in=WorkerRun.objects.alive().values("id"))),
        # Not of these rows: beyond the cap may be one that has waited for longer than any of them.
        oldest=Min(Subquery(overdue.waiting(now).values("next_poll_at")[:1])),
    )
    waited = (now - due["oldest"]).total_seconds() if due["oldest"] else 0.0
    yield Gauge("liveness_queue_depth", f"Attempts that are due now, at most {CAP}.", due["depth"])
    yield Gauge("liveness_open_leases", "Due attempts that a run holds.", due["leased"])
    yield Gauge("liveness_oldest_due_seconds", "For how long a look, a reported result or files have been due.", waited)


def _ending(now: datetime) -> Iterator[Gauge]:
    minutes = app_settings.ALERT_MINUTES
    ending = losses.ending(now, timedelta(minutes=minutes))
    at_risk = ending.filter(losses.AT_RISK)
    within = f"whose token runs out within {minutes:g} minutes, at most {CAP}."
    yield Gauge("liveness_ending_attempts", f"Open attempts {within}", ending[:CAP].count())
    yield Gauge("liveness_attempts_at_risk", f"Attempts with something not safe yet {within}", at_risk[:CAP].count())


def _budget(now: datetime) -> Iterator[Gauge]:
    hour = now.astimezone(UTC).replace(minute=0, second=0, microsecond=0)
    used = sum(budget.calls(hour, hour + timedelta(hours=1)).values())
    yield Gauge("liveness_hour_calls", "Calls to the vendor in the current hour (UTC).", used)
    yield Gauge("liveness_hour_limit", "Calls that the vendor allows within one hour.", budget.hourly_limit())


def _share(now: datetime) -> Iterator[Gauge]:
    """Where the call slots are kept in a file or in Redis, the database does not know the pace."""
    if app_settings.RATE_LIMIT_FILE or app_settings.REDIS_URL:
        return
    for slot in RateLimitSlot.objects.all()[:1]:
        refused_at = slot.refused_at.timestamp() if slot.refused_at else None
        share = RateLimitState(slot.next_at.timestamp(), slot.share, refused_at).share_at(now.timestamp())
        yield Gauge("liveness_pace_share", "The share of the configured pace in use; below 1 after a refusal.", share)
