"""An allow-list for what an admin list reads from its address.

Django lets a list be filtered by any field and any comparison, even across relations: `?username__regex=` keeps a
worker busy for a minute, and `?sdk_token__startswith=` spells a token out. Here a list takes the filters that it shows
and nothing else (400). A value that a filter cannot have, such as NUL, counts as no filter.
"""

import re
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any

from django.contrib import admin
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.contrib.admin.utils import get_fields_from_path
from django.contrib.admin.views.main import ALL_VAR, IGNORED_PARAMS, ORDER_VAR, PAGE_VAR, SEARCH_VAR
from django.core.exceptions import ValidationError
from django.db.models import Field, Model, QuerySet
from django.http import HttpRequest, HttpResponse, QueryDict

from liveness.web import search

if TYPE_CHECKING:
    BaseAdmin = admin.ModelAdmin[Any]
else:
    # Django's class is generic for type checkers alone.
    BaseAdmin = admin.ModelAdmin

Check = Callable[[str], bool]
ORDER = re.compile(r"-?\d{1,2}(\.-?\d{1,2}){0,7}", re.ASCII)
PAGE = re.compile(r"\d{1,6}", re.ASCII)
MAX_WORDS = 10


class GuardedAdmin(BaseAdmin):
    """A list that takes from its address what it offers. To be mixed in before any other admin class."""

    # Parameters that the list handles by itself, beside those of Django and of the filters.
    own_parameters: tuple[str, ...] = ()

    def lookup_allowed(self, lookup: str, value: str, request: HttpRequest) -> bool:
        return lookup in self.offered_parameters(request)

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        request.GET = self._understood(request)  # type: ignore[assignment]
        if request.method == "POST":
            request.POST = _with_keys(request.POST, self.opts.pk)  # type: ignore[assignment]
        return super().changelist_view(request, extra_context)

    def get_object(self, request: HttpRequest, object_id: str, from_field: str | None = None) -> Any:
        field = self.opts.get_field(from_field) if from_field else self.opts.pk
        is_possible = isinstance(field, Field) and is_value(field, object_id)
        return super().get_object(request, object_id, from_field) if is_possible else None

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        is_fine = search.is_searchable(search_term) and len(search_term.split()) <= MAX_WORDS
        if search_term and not is_fine:
            return queryset.none(), False
        return super().get_search_results(request, queryset, search_term)

    def offered_parameters(self, request: HttpRequest) -> dict[str, Check]:
        """The parameters that this list's address may have for filters, each with a check of its values."""
        found: dict[str, Check] = dict.fromkeys(self.own_parameters, search.is_searchable)
        for entry in self.get_list_filter(request):
            found |= _parameters_of(entry, self.model)
        return found

    def _understood(self, request: HttpRequest) -> QueryDict:
        """The address without what means nothing. What is not offered stays, and `lookup_allowed` refuses it."""
        offered, address = self.offered_parameters(request) | _COMMON, QueryDict(mutable=True)
        for name, values in request.GET.lists():
            is_good = offered.get(name, _is_anything)
            if kept := [value for value in values if is_good(value)]:
                address.setlist(name, kept)
        return address


def _is_anything(value: str) -> bool:
    return True


def _is_boolean(value: str) -> bool:
    return value in ("0", "1", "True", "False")


def _parameters_of(entry: Any, model: type[Model]) -> dict[str, Check]:
    """The parameters of one entry of `list_filter`, each with a check of its values."""
    if isinstance(entry, type) and not issubclass(entry, admin.FieldListFilter):
        names = getattr(entry, "parameter_names", (getattr(entry, "parameter_name", ""),))
        return dict.fromkeys(names, search.is_searchable)
    path = entry if isinstance(entry, str) else entry[0]
    field = get_fields_from_path(model, path)[-1]
    if field.is_relation:
        target = field.target_field  # type: ignore[attr-defined]
        exact = {f"{path}__{target.name}__exact": partial(is_value, target)}
    else:
        exact = {f"{path}__exact": partial(is_value, field)}
    return exact | {f"{path}__isnull": _is_boolean}


def is_value(field: "Field[Any, Any]", value: str) -> bool:
    """Can a row have this value? The field knows its choices, and the numbers that the database can hold."""
    if not search.is_searchable(value):
        return False
    while field.is_relation:
        # A relation's own check would ask the database.
        field = field.target_field  # type: ignore[attr-defined]
    try:
        field.clean(value, None)
    except (ValidationError, ValueError, OverflowError):
        return False
    return True


def _with_keys(data: QueryDict, pk: "Field[Any, Any]") -> QueryDict:
    """The form of an action without chosen rows that no table can have."""
    form = data.copy()
    if keys := form.getlist(ACTION_CHECKBOX_NAME):
        form.setlist(ACTION_CHECKBOX_NAME, [key for key in keys if is_value(pk, key)])
    return form


_COMMON: dict[str, Check] = {
    **dict.fromkeys(IGNORED_PARAMS, search.is_searchable),
    ALL_VAR: _is_anything,
    SEARCH_VAR: search.is_searchable,
    ORDER_VAR: lambda value: ORDER.fullmatch(value) is not None,
    PAGE_VAR: lambda value: PAGE.fullmatch(value) is not None,
}
