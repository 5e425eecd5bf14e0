"""The dashboard: figures of a period, and how things stand now."""

from typing import Any

from django.contrib.auth.decorators import login_required, permission_required
from django.contrib.auth.models import AbstractUser
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from liveness.access import access_policy
from liveness.review import access
from liveness.review.dashboard import cards, data, graphs, hourly_statistics, periods
from liveness.review.requests import person_of

# So many events are folded before the page is made; the rest is told and left to cron.
MOST_EVENTS = 20_000
NAMES = {periods.HOURS: _("24 hours"), periods.QUARTERS: _("7 days"), periods.DAYS: _("30 days")}
TITLES = {periods.HOURS: _("Last 24 hours"), periods.QUARTERS: _("Last 7 days"), periods.DAYS: _("Last 30 days")}
BEFORE = {
    periods.HOURS: _("Before: the 24 hours before these."),
    periods.QUARTERS: _("Before: the 7 days before these."),
    periods.DAYS: _("Before: the 30 days before these."),
}


@require_safe
@login_required
@permission_required("liveness_review.view_figures", raise_exception=True)
@never_cache
def dashboard(request: HttpRequest) -> HttpResponse:
    """The figures; `?period=` is 24h, 7d or 30d."""
    person, period = person_of(request), periods.choose(request.GET.get("period", ""), timezone.localtime())
    context = {"periods": NAMES.items(), "period": period, "title": TITLES[period.code]}
    context |= _of_all(period) if access_policy().may_see_totals(person) else _of_some(period, person)
    return render(request, "liveness_review/dashboard.html", context)


def _of_all(period: periods.Period) -> dict[str, Any]:
    """Every figure; what waits now is counted among all reviews."""
    hourly_statistics.update(MOST_EVENTS)
    found = data.gather(period)
    return {
        "is_whole": True,
        "comparison": BEFORE[period.code] if found.before is not None else "",
        "is_empty": found.began is None,
        "behind": cards.behind(found),
        "cards": cards.cards(found),
        "standing": cards.standing(found),
        "flow": graphs.flow(found),
        "ages": graphs.ages(found),
        "others": [graphs.margins(found), graphs.calls(found), graphs.unanswered(found), graphs.lost_files(found)],
    }


def _of_some(period: periods.Period, person: AbstractUser) -> dict[str, Any]:
    """What waits now among this person's attempts. The sums by the hour count all attempts and cannot be narrowed."""
    reviews = access.of_attempts(access_policy().visible_attempts(person))
    found = data.present(reviews, period.now)
    return {"is_whole": False, "standing": cards.standing(found), "ages": graphs.ages(found)}
