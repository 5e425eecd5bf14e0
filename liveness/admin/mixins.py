"""What every fact of the app is in the admin: read, never written, and listed at constant cost."""

from collections.abc import Callable
from typing import Any

from django.contrib import admin, messages
from django.contrib.admin import helpers
from django.contrib.admin.views.main import SEARCH_VAR, ChangeList
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import Model, QuerySet
from django.db.models.expressions import Combinable
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, QueryDict
from django.urls import URLPattern, path, reverse
from django.utils.http import urlencode
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from liveness.admin import bulk, searches
from liveness.web import search
from liveness.web.guarded_admin import GuardedAdmin
from liveness.web.language import in_page_language

PAGE_SIZE = 50
# OFFSET grows dearer with every page; whoever looks deeper than this filters or searches instead.
LAST_PAGE = 100
AT_ONCE = 20


class LookAheadChangeList(ChangeList):
    """A change list that fetches one row more than a page instead of counting the table."""

    model_admin: "FactsAdmin"

    def get_ordering(self, request: HttpRequest, queryset: QuerySet[Any]) -> list[str | Combinable]:
        """Newest first and nothing else: `?o=` would sort the whole table by a column without an index."""
        return ["-pk"]

    def get_filters_params(self, params: dict[str, Any] | None = None) -> dict[str, Any]:
        lookups: dict[str, Any] = super().get_filters_params(params)
        return {name: values for name, values in lookups.items() if name != searches.KEY}

    def get_queryset(self, request: HttpRequest, exclude_parameters: Any = None) -> QuerySet[Any]:
        """The rows of the search that the address names; none when the search is not kept any more.

        All rows instead would be wrong: an action on "all that match" would then act on everything.
        """
        text = searches.wanted(request, self.model_admin.may_be_in_address)
        self.query = text or ""
        queryset = super().get_queryset(request, exclude_parameters)
        return queryset.none() if text is None else queryset

    def get_results(self, request: HttpRequest) -> None:
        self.is_forgotten = searches.wanted(request, self.model_admin.may_be_in_address) is None
        self.page_num = min(max(self.page_num, 1), LAST_PAGE)
        start = (self.page_num - 1) * self.list_per_page
        rows = self.read(self.queryset[start : start + self.list_per_page + 1])
        has_more = len(rows) > self.list_per_page
        self.result_list = rows[: self.list_per_page]
        # As many as are shown, so that the admin never offers to act on all rows of the table.
        self.result_count = len(self.result_list)
        self.full_result_count = None
        self.show_full_result_count = self.can_show_all = self.multi_page = False
        self.show_admin_actions = True
        self.newer = self._page_link(self.page_num - 1) if self.page_num > 1 else ""
        self.older = self._page_link(self.page_num + 1) if has_more and self.page_num < LAST_PAGE else ""
        self.is_cut = has_more and self.page_num == LAST_PAGE

    def read(self, found: QuerySet[Any]) -> list[Any]:
        """The rows of a page."""
        return list(found)

    def _page_link(self, number: int) -> str:
        return self.get_query_string({"p": number})


class FactsAdmin(GuardedAdmin):
    """Read-only facts. Acting on them is an action with a permission of its own, in the list and on the page."""

    list_per_page = PAGE_SIZE
    show_full_result_count = False
    show_facets = admin.ShowFacets.NEVER
    sortable_by = ()
    view_on_site = False
    own_parameters = (searches.KEY,)
    change_list_template = "liveness/admin/change_list.html"
    change_form_template = "liveness/admin/facts.html"
    action_form = bulk.ActionForm

    class Media:
        css = {"all": ("liveness/tokens.css", "liveness/evidence.css", "liveness/admin.css")}

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[ChangeList]:
        return LookAheadChangeList

    # The actions refresh on threads with connections of their own, which would wait for the request's transaction.
    @transaction.non_atomic_requests
    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        title = {"title": capfirst(self.opts.verbose_name_plural)}
        if bulk.is_all(request.POST):
            request.POST = request.POST.copy()  # type: ignore[assignment]
            # Django wants a chosen row before it looks at the box for all of them.
            request.POST.setdefault(helpers.ACTION_CHECKBOX_NAME, "0")  # type: ignore[misc]
        return super().changelist_view(request, title | (extra_context or {}))

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        """Without the record's name, which would stand in the title of the window, and so in the browser's history."""
        context = {"subtitle": None} | (extra_context or {})
        page: HttpResponse = super().changeform_view(request, object_id, form_url, context)
        return page

    def get_urls(self) -> list[URLPattern]:
        find = self.admin_site.admin_view(require_POST(self.find_view))
        act = self.admin_site.admin_view(require_POST(self.act_view))
        urls = [
            path("find/", find, name=self._url_name("find")),
            path("<int:object_id>/act/<slug:name>/", act, name=self._url_name("act")),
            *super().get_urls(),
        ]
        return in_page_language(urls)

    def find_view(self, request: HttpRequest) -> HttpResponse:
        """The search box. It posts, because what people paste into it may be a token, and no token goes into a URL."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        text = request.POST.get("q", "").strip()
        target = self.found_page(request, text)
        if target is None:
            messages.warning(request, _("Nothing matches that."))
        return HttpResponseRedirect(target or self._url("changelist"))

    def found_page(self, request: HttpRequest, text: str) -> str | None:
        """Where a search for `text` leads; None when nothing matches."""
        found, _may_repeat = self.get_search_results(request, self.get_queryset(request), text)
        if not text or not found.exists():
            return None
        query = {"q": text} if self.may_be_in_address(text) else {searches.KEY: searches.keep(request, text)}
        return f"{self._url('changelist')}?{urlencode(query)}"

    def _understood(self, request: HttpRequest) -> QueryDict:
        """Without a search that no address may hold, so that no link of the page repeats it."""
        address = super()._understood(request)
        if not self.may_be_in_address(address.get(SEARCH_VAR, "")):
            address.pop(SEARCH_VAR, None)
        return address

    def may_be_in_address(self, text: str) -> bool:
        """Is this search text an id of ours? Everything else may be a person's reference, which no address shows."""
        return search.as_uuid(text) is not None

    @transaction.non_atomic_requests
    def act_view(self, request: HttpRequest, object_id: int, name: str) -> HttpResponse:
        """One of the list's actions for one row, from the button on its page; the same permissions decide."""
        action = self.get_actions(request).get(name)
        if not self.has_view_permission(request) or action is None:
            raise PermissionDenied
        _parts(action)[0](self, request, self.get_queryset(request).filter(pk=object_id))
        return HttpResponseRedirect(self._url("change", object_id))

    def history_view(
        self, request: HttpRequest, object_id: str, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Facts are not edited here, so their history is the audit trail on their page."""
        if self.get_object(request, object_id) is None:
            return HttpResponseRedirect(self._url("changelist"))
        if not self.has_view_permission(request):
            raise PermissionDenied
        return HttpResponseRedirect(self._url("change", object_id))

    def buttons(self, request: HttpRequest, object_id: str) -> list[dict[str, str]]:
        """The buttons that this person may press on a page: label and address."""
        return [
            {"label": str(_parts(action)[1]), "url": self._url("act", int(object_id), name)}
            for name, action in self.get_actions(request).items()
            if action is not None
        ]

    def few(self, queryset: QuerySet[Any]) -> list[Any] | None:
        """The rows to act on within this request; None when they are too many for that."""
        rows = list(queryset.order_by("pk")[: AT_ONCE + 1])
        return rows if len(rows) <= AT_ONCE else None

    def may(self, request: HttpRequest, permission: str) -> bool:
        """Has the person this permission of the app, like "verify_storedmedia"?"""
        return request.user.has_perm(f"{self.opts.app_label}.{permission}")

    def _url_name(self, name: str) -> str:
        return f"{self.opts.app_label}_{self.opts.model_name}_{name}"

    def _url(self, name: str, *arguments: Any) -> str:
        return reverse(f"{self.admin_site.name}:{self._url_name(name)}", args=arguments)


def _parts(action: Any) -> tuple[Callable[..., Any], str]:
    """The function and the label of an admin action: a tuple until Django 6.0, an object since 6.1."""
    return (action.func, action.description) if hasattr(action, "func") else (action[0], action[2])
