"""The dashboard: figures of a period, and how things stand now."""

from django.contrib.auth.decorators import login_required, permission_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from liveness.review.dashboard import cards, graphs
from liveness.review.services import figures, outlook, periods

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
    figures.fold(MOST_EVENTS)
    period = periods.choose(request.GET.get("period", ""), timezone.localtime())
    found = outlook.gather(period)
    context = {
        "periods": NAMES.items(),
        "period": period,
        "title": TITLES[period.code],
        "comparison": BEFORE[period.code] if found.before is not None else "",
        "is_empty": found.began is None,
        "behind": cards.behind(found),
        "cards": cards.cards(found),
        "standing": cards.standing(found),
        "flow": graphs.flow(found),
        "ages": graphs.ages(found),
        "others": [graphs.margins(found), graphs.calls(found), graphs.unanswered(found), graphs.lost_files(found)],
    }
    return render(request, "liveness_review/dashboard.html", context)
