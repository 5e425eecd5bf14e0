"""The dashboard's cards: one number each, what it is made of, and the same number of the period before."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta

from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from liveness.ratelimit import budget
from liveness.review.action_counts import LEAST
from liveness.review.app_settings import review_settings
from liveness.review.dashboard import counting
from liveness.review.dashboard.counting import DECIDED
from liveness.review.dashboard.data import MOST, Band, DashboardData, Present
from liveness.review.due_time import span
from liveness.review.formatting import NOTHING, capped, even, likely, number, share

# With fewer than this a share says more about chance than about people.
ENOUGH = 30
HOUR = timedelta(hours=1)
# What the figures lack for so short a time, and no more of it, is nothing to tell.
MOMENT = timedelta(minutes=1)
FEW_EVENTS = 1_000

Totals = Mapping[str, int]


@dataclass(frozen=True)
class Card:
    """`before` is the number of the period before, empty where there is none to compare with."""

    label: str
    number: str
    detail: str
    before: str = ""


def cards(outlook: DashboardData) -> list[Card]:
    """The cards, in the order in which attempts go through the house."""
    makers: tuple[Callable[[Totals], Card], ...] = (
        _inflow,
        _captured,
        _margin,
        _pass_rate,
        lambda totals: _overturned(totals, "vendor_passed", _("Vendor passes overturned")),
        lambda totals: _overturned(totals, "vendor_failed", _("Vendor failures overturned")),
    )
    compared = [_compared(make, outlook) for make in makers]
    return [*compared, _decisions(outlook), _compared(_seconds, outlook), _compared(_blind, outlook), _budget(outlook)]


def standing(present: Present) -> list[Card]:
    """How things stand now, whatever the period."""
    waiting = present.waiting
    oldest = NOTHING if waiting.oldest is None else span(waiting.oldest)
    late = _("waiting for more than %(sla)s") % {"sla": even(review_settings.SLA)}
    return [
        Card(_("Waiting for a decision"), counted(waiting.of()), _("to review, escalated or proposed")),
        Card(_("Late"), counted(waiting.of("late")), late),
        Card(_("Oldest"), oldest, _("since it was ready for review")),
        Card(_("Second approval"), capped(waiting.proposed, MOST), _("proposals waiting for a second person")),
    ]


def behind(outlook: DashboardData) -> str:
    """What the figures do not know yet, as a sentence; empty when that is a moment's work."""
    reached, now = outlook.standing, outlook.period.now
    is_late = reached.waits_since is not None and now - reached.waits_since > MOMENT
    if not is_late and reached.behind <= FEW_EVENTS:
        return ""
    if reached.at is None:
        return ngettext(
            "The figures are being made for the first time; %(count)s event to go.",
            "The figures are being made for the first time; %(count)s events to go.",
            reached.behind,
        ) % {"count": number(reached.behind)}
    return ngettext(
        "Figures up to %(at)s; %(count)s event behind.",
        "Figures up to %(at)s; %(count)s events behind.",
        reached.behind,
    ) % {"at": date_format(timezone.localtime(reached.at), "j M, H:i T"), "count": number(reached.behind)}


def counted(bands: Sequence[Band]) -> str:
    """How many wait in these bands; where counting stopped, it says so."""
    total = number(sum(band.count for band in bands))
    return f"{total}+" if any(band.count == MOST for band in bands) else total


def _compared(make: Callable[[Totals], Card], outlook: DashboardData) -> Card:
    card = make(outlook.now)
    if outlook.before is None:
        return card
    before = make(outlook.before).number
    return Card(card.label, card.number, card.detail, "" if before == NOTHING else before)


def _inflow(totals: Totals) -> Card:
    unfinished = totals.get("expired.unfinished", 0)
    detail = ngettext(
        "%(count)s person never finished the check", "%(count)s people never finished the check", unfinished
    ) % {"count": number(unfinished)}
    return Card(_("Inflow"), number(totals.get("registered", 0)), detail)


def _captured(totals: Totals) -> Card:
    """Of the checks that had a result to fetch, those of which everything was fetched in time."""
    captured = totals.get("queued.complete", 0)
    whole = totals.get("queued", 0) + totals.get("expired.missed", 0)
    detail = _("%(part)s of %(whole)s with all their evidence") % {"part": number(captured), "whole": number(whole)}
    return Card(_("Captured before expiry"), share(captured, whole), detail)


def _margin(totals: Totals) -> Card:
    label, median, worst = _("Margin to expiry"), counting.margin_at(totals, 0.5), counting.margin_at(totals, 0.05)
    if median is None or worst is None:
        return Card(label, NOTHING, _("Nothing captured"))
    detail = _("median; 95%% had %(worst)s or more, the least %(least)s") % {
        "worst": _time(worst),
        "least": _time(totals.get(LEAST, 0)),
    }
    return Card(label, _time(median), detail)


def _pass_rate(totals: Totals) -> Card:
    passed, failed, unknown = (totals.get(f"answered.{outcome}", 0) for outcome in ("passed", "failed", "unknown"))
    detail = _("%(passed)s passed, %(failed)s failed, %(unknown)s unknown") % {
        "passed": number(passed),
        "failed": number(failed),
        "unknown": number(unknown),
    }
    return Card(_("Vendor pass rate"), share(passed, passed + failed + unknown), detail)


def _overturned(totals: Totals, vendor: str, label: str) -> Card:
    part, whole = (max(totals.get(f"{name}.{vendor}", 0), 0) for name in ("overturned", "judged"))
    return _share_of_few(label, part, whole, _("%(part)s of %(whole)s decisions"))


def _decisions(outlook: DashboardData) -> Card:
    """Decisions per hour since the period, or the first event, began; the period before had all its hours.

    Before an hour has passed there is no rate to tell, only the number.
    """
    period = outlook.period
    length = period.now - max(period.start, outlook.began or period.start)
    made = max(sum(outlook.now.get(name, 0) for name in DECIDED), 0)
    parts = {name.removeprefix("decided."): number(max(outlook.now.get(name, 0), 0)) for name in DECIDED}
    words = _("%(made)s in %(time)s: %(approve)s approved, %(reject)s rejected, %(retry)s asked to retry")
    detail = words % {"made": number(made), "time": span(length), **parts}
    rate = _rate(made, length) if length >= HOUR else NOTHING
    before = ""
    if outlook.before is not None:
        made_before = sum(outlook.before.get(name, 0) for name in DECIDED)
        before = _rate(made_before, period.start - period.before) if made_before > 0 else ""
    return Card(_("Decisions per hour"), rate, detail, before)


def _seconds(totals: Totals) -> Card:
    detail = _("%(confirmed)s confirmed, %(disputed)s disputed, %(cancelled)s cancelled") % {
        name: number(totals.get(name, 0)) for name in ("confirmed", "disputed", "cancelled")
    }
    return Card(_("Proposed to a second person"), number(max(totals.get("proposed", 0), 0)), detail)


def _blind(totals: Totals) -> Card:
    agreed = max(totals.get("blind.agreed", 0), 0)
    whole = agreed + max(totals.get("blind.disputed", 0), 0)
    label, words = _("Agreement in blind reviews"), _("%(part)s of %(whole)s agreed")
    card = _share_of_few(label, agreed, whole, words)
    if whole < ENOUGH:
        return card
    low, high = likely(agreed, whole)
    range_ = _("; likely %(low)s to %(high)s%%") % {"low": round(100 * low), "high": round(100 * high)}
    return Card(label, card.number, card.detail + range_)


def _budget(outlook: DashboardData) -> Card:
    label, limit = _("API budget, busiest hour"), budget.hourly_limit()
    if outlook.busiest is None:
        return Card(label, NOTHING, _("No calls to the vendor"))
    hour, calls = outlook.busiest
    detail = _("%(calls)s of %(limit)s calls, from %(time)s") % {
        "calls": number(calls),
        "limit": number(limit),
        "time": date_format(timezone.localtime(hour), "j\N{NO-BREAK SPACE}M, H:i T"),
    }
    return Card(label, share(calls, round(limit)), detail)


def _share_of_few(label: str, part: int, whole: int, words: str) -> Card:
    """A share, or only the count of which there are too few for one."""
    said = words % {"part": number(part), "whole": number(whole)}
    if whole >= ENOUGH:
        return Card(label, share(part, whole), said)
    return Card(label, NOTHING, _("%(count)s: too few for a share") % {"count": said} if whole else _("None yet"))


def _rate(count: int, length: timedelta) -> str:
    return number(count / (length / HOUR), 1)


def _time(seconds: int) -> str:
    return _("under a minute") if seconds < 60 else span(timedelta(seconds=seconds))
