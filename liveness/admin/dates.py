"""A filter by date for the admin's lists: fixed periods, or a range of days, in the portal's time zone."""

from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any

from django.contrib import admin
from django.contrib.admin.views.main import ChangeList
from django.db.models import Model, QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from liveness.database import periods

PERIOD, FROM, TO = "period", "from", "to"
TODAY, YESTERDAY, WEEK = "today", "yesterday", "week"
LABELS = {TODAY: gettext_lazy("Today"), YESTERDAY: gettext_lazy("Yesterday"), WEEK: gettext_lazy("Last 7 days")}


class DateFilter(admin.ListFilter):
    """To be subclassed with the `field` that it reads: a time that grows with the primary key."""

    template = "liveness/admin/date_filter.html"
    parameter_names = (PERIOD, FROM, TO)
    field = ""

    def __init__(
        self, request: HttpRequest, params: dict[str, list[str]], model: type[Model], model_admin: Any
    ) -> None:
        super().__init__(request, params, model, model_admin)
        period, first, last = ((params.pop(name, None) or [""])[-1] for name in self.parameter_names)
        self.period = period if period in LABELS else ""
        self.first, self.last = (None, None) if self.period else (periods.day(first), periods.day(last))
        self.hidden: list[tuple[str, str]] = []

    def has_output(self) -> bool:
        return True

    def expected_parameters(self) -> list[str | None]:
        return list(self.parameter_names)

    @property
    def zone(self) -> str:
        return timezone.get_current_timezone_name()

    @property
    def is_range(self) -> bool:
        return bool(self.first or self.last)

    @property
    def words(self) -> str:
        """What was chosen; empty for nothing."""
        if self.period:
            return str(LABELS[self.period])
        first, last = (str(day or "…") for day in (self.first, self.last))
        return _("%(first)s to %(last)s") % {"first": first, "last": last} if self.is_range else ""

    def choices(self, changelist: ChangeList) -> Iterator[dict[str, Any]]:
        self.hidden = [
            (name, value)
            for name, values in changelist.filter_params.items()
            if name not in self.parameter_names
            for value in values
        ]
        for name, label in {"": _("Any date"), **LABELS}.items():
            query = changelist.get_query_string({PERIOD: name or None, FROM: None, TO: None})
            is_chosen = self.period == name and (bool(name) or not self.is_range)
            yield {"selected": is_chosen, "query_string": query, "display": label}

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        return periods.within(queryset, self.field, *self._days())

    def _days(self) -> tuple[date | None, date | None]:
        today, one = timezone.localdate(), timedelta(days=1)
        if self.period == YESTERDAY:
            return today - one, today - one
        if self.period:
            return (today if self.period == TODAY else today - 6 * one), None
        return self.first, self.last
