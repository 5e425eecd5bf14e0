"""What the dashboard shows, gathered: sums of figures, and how things stand right now.

Nothing here reads more rows when there are more attempts: the figures are sums by the hour, and what is counted live is
counted along an index and no further than `MOST`.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from liveness.audit import rows
from liveness.models import AuditEvent
from liveness.ratelimit import budget
from liveness.review.app_settings import review_settings
from liveness.review.dashboard import counting, hourly_statistics
from liveness.review.dashboard.hourly_statistics import StatisticsState
from liveness.review.dashboard.periods import Period
from liveness.review.models import Review, ReviewQuerySet, ReviewState

MOST = 1_000
UNDECIDED = (ReviewState.OPEN, ReviewState.ESCALATED, ReviewState.PROPOSED)
# Ends of the bands of age, as shares of the SLA; the last band has none.
BANDS = (0.25, 0.5, 0.75, 1.0, 2.0)


@dataclass(frozen=True)
class Band:
    """Undecided reviews that have waited for `after` to `before` (None: longer); `count` is at most `MOST`.

    `level` is "calm", "soon" in the last quarter of the SLA, or "late" beyond it.
    """

    after: timedelta
    before: timedelta | None
    count: int
    level: str


@dataclass(frozen=True)
class Waiting:
    """What waits for a decision now. `oldest` is how long the oldest has waited, None when nothing waits."""

    bands: list[Band]
    oldest: timedelta | None
    proposed: int

    def of(self, *levels: str) -> list[Band]:
        """The bands of these levels, or all."""
        return [band for band in self.bands if not levels or band.level in levels]


@dataclass(frozen=True)
class Present:
    """What is so right now, whatever the period."""

    waiting: Waiting


@dataclass(frozen=True)
class DashboardData(Present):
    """All numbers of the dashboard. `before` is the period before, None where the records do not reach back so far."""

    period: Period
    standing: StatisticsState
    began: datetime | None
    now: Mapping[str, int]
    before: Mapping[str, int] | None
    inflow: list[int]
    decisions: list[int]
    calls: list[int]
    busiest: tuple[datetime, int] | None


def gather(period: Period) -> DashboardData:
    """The numbers for this period, of all attempts."""
    began = rows.time_of_first(AuditEvent.objects.filter(sequence=1))
    reaches_back = began is not None and began <= period.before
    hourly = hourly_statistics.by_hour(("registered", *counting.DECIDED), period.start, period.end)
    calls = budget.calls(period.start, period.end)
    return DashboardData(
        period=period,
        standing=hourly_statistics.state(),
        began=began,
        now=hourly_statistics.totals(period.start, period.end),
        before=hourly_statistics.totals(period.before, period.start) if reaches_back else None,
        inflow=period.summed((hour, number) for name, hour, number in hourly if name == "registered"),
        decisions=period.summed((hour, number) for name, hour, number in hourly if name != "registered"),
        calls=period.summed(calls.items()),
        busiest=max(calls.items(), key=lambda item: item[1], default=None),
        waiting=present(Review.objects.all(), period.now).waiting,
    )


def present(reviews: ReviewQuerySet, now: datetime) -> Present:
    """Which of these reviews wait for a decision now."""
    proposed = _capped(reviews.filter(state=ReviewState.PROPOSED))
    return Present(Waiting(_bands(reviews, now), _oldest(reviews, now), proposed))


def _bands(reviews: ReviewQuerySet, now: datetime) -> list[Band]:
    """A review is due one SLA after it became ready, and the queue is ordered by that time."""
    sla = review_settings.SLA
    ages = [timedelta(0), *(sla * share for share in BANDS)]
    undecided = reviews.filter(state__in=UNDECIDED)
    bands = []
    for after, before in zip(ages, [*ages[1:], None], strict=True):
        # The first band holds what was put off beyond one SLA from now, too.
        younger = undecided.filter(queue_at__lte=now + sla - after) if after else undecided
        within = younger.filter(queue_at__gt=now + sla - before) if before else younger
        level = "late" if after >= sla else "soon" if before == sla else "calm"
        bands.append(Band(after, before, _capped(within), level))
    return bands


def _oldest(reviews: ReviewQuerySet, now: datetime) -> timedelta | None:
    # State by state, because the index is ordered by time within each.
    queues = [reviews.filter(state=state).order_by("queue_at", "attempt_id") for state in UNDECIDED]
    due = [queue.values_list("queue_at", flat=True).first() for queue in queues]
    ages = [now + review_settings.SLA - at for at in due if at]
    return max([*ages, timedelta(0)]) if ages else None


def _capped(reviews: ReviewQuerySet) -> int:
    return reviews[:MOST].count()
