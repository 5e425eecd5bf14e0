"""Bulk actions in the admin: the list of all, and for each its progress, its report and a way to cancel it."""

from typing import Any

from django.contrib import admin, messages
from django.contrib.admin.views.main import ChangeList
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect, StreamingHttpResponse
from django.urls import URLPattern, path
from django.utils import timezone
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_POST, require_safe

from liveness import audit
from liveness.access import access_policy
from liveness.admin import bulk_report
from liveness.admin.dates import DateFilter
from liveness.admin.mixins import FactsAdmin, LookAheadChangeList
from liveness.admin.words import name_actors, who
from liveness.audit import Actor
from liveness.models import BulkAction, BulkKind
from liveness.templatetags.liveness import moment
from liveness.web.search import as_uuid
from liveness.worker import bulk_actions
from liveness.worker.bulk_rights import PERMISSIONS


class BulkActionChangeList(LookAheadChangeList):
    def get_results(self, request: HttpRequest) -> None:
        super().get_results(request)
        name_actors(self.result_list)
        for row in self.result_list:
            row.person = who(row, request.user)


class StartedFilter(DateFilter):
    title = gettext_lazy("date started")
    field = "created_at"


@admin.register(BulkAction)
class BulkActionAdmin(FactsAdmin):
    list_display = ("__str__", "state", "worked_of_total", "failures", "records", "person", "started", "finished")
    list_filter = ("kind", StartedFilter)
    search_fields = ("public_id__exact",)
    search_help_text = gettext_lazy("Id of the bulk action.")
    change_form_template = "liveness/admin/bulk_action.html"
    fields = ()

    class Media:
        js = ("liveness/progress.js",)

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[ChangeList]:
        return BulkActionChangeList

    def get_queryset(self, request: HttpRequest) -> QuerySet[BulkAction]:
        """All, or only one's own: the numbers and the search of others may be about attempts that a policy hides."""
        actions: QuerySet[BulkAction] = super().get_queryset(request)
        is_all = access_policy().may_see_totals(request.user)
        return actions if is_all else actions.filter(actor=Actor.user(request.user).name)

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        if not search_term:
            return queryset, False
        public_id = as_uuid(search_term)
        return (queryset.filter(public_id=public_id) if public_id else queryset.none()), False

    def get_urls(self) -> list[URLPattern]:
        cancel = self.admin_site.admin_view(require_POST(self.cancel_view))
        report = self.admin_site.admin_view(require_safe(self.report_view))
        return [
            path("<int:object_id>/cancel/", cancel, name=self._url_name("cancel")),
            path("<int:object_id>/report.csv", report, name=self._url_name("report")),
            *super().get_urls(),
        ]

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        action: BulkAction | None = self.get_object(request, object_id)
        context = self._progress(request, action) if action else {}
        page: HttpResponse = super().change_view(request, object_id, form_url, context | (extra_context or {}))
        return page

    def cancel_view(self, request: HttpRequest, object_id: int) -> HttpResponse:
        """Skip what is still pending."""
        action = self._found(request, object_id)
        if not self._may_cancel(request, action):
            raise PermissionDenied
        count = bulk_actions.cancel(action, actor=Actor.user(request.user), now=timezone.now())
        text = ngettext("%(count)d record is skipped.", "%(count)d records are skipped.", count) % {"count": count}
        messages.success(request, text)
        return HttpResponseRedirect(self._url("change", object_id))

    def report_view(self, request: HttpRequest, object_id: int) -> StreamingHttpResponse:
        """What failed or was skipped, as a CSV file. It leaves the portal, so that is an audit event."""
        action = self._found(request, object_id)
        with transaction.atomic():
            audit.record(audit.BULK_REPORTED, actor=Actor.user(request.user), target=action)
        response = StreamingHttpResponse(
            bulk_report.csv_lines(action, request.user), content_type="text/csv; charset=utf-8"
        )
        name = f"bulk-action-{action.public_id.hex[:8]}.csv"
        response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
        response.headers["Cache-Control"] = "no-store"
        return response

    @admin.display(description=gettext_lazy("state"))
    def state(self, action: BulkAction) -> str:
        return _state(action)

    @admin.display(description=gettext_lazy("progress"))
    def worked_of_total(self, action: BulkAction) -> str:
        return _("%(worked)d of %(total)d") % {"worked": action.worked, "total": action.total}

    @admin.display(description=gettext_lazy("failed"))
    def failures(self, action: BulkAction) -> int:
        return action.failed

    @admin.display(description=gettext_lazy("records"))
    def records(self, action: BulkAction) -> str:
        return action.filters

    @admin.display(description=gettext_lazy("person"))
    def person(self, action: BulkAction) -> SafeString:
        return action.person  # type: ignore[attr-defined, no-any-return]

    @admin.display(description=gettext_lazy("started"))
    def started(self, action: BulkAction) -> SafeString:
        return moment(action.created_at)

    @admin.display(description=gettext_lazy("finished"))
    def finished(self, action: BulkAction) -> SafeString:
        return moment(action.finished_at)

    def _found(self, request: HttpRequest, object_id: int) -> BulkAction:
        if not self.has_view_permission(request):
            raise PermissionDenied
        action: BulkAction | None = self.get_object(request, str(object_id))
        if action is None:
            raise Http404
        return action

    def _may_cancel(self, request: HttpRequest, action: BulkAction) -> bool:
        # Who may start an action may also end it.
        return request.user.has_perm(PERMISSIONS[BulkKind(action.kind)])

    def _progress(self, request: HttpRequest, action: BulkAction) -> dict[str, Any]:
        name_actors([action])
        return {
            "action": action,
            "state": _state(action),
            "person": who(action, request.user),
            "report": bulk_report.report(
                action, request.user, request.GET.get("state", ""), request.GET.get("after", "")
            ),
            "may_cancel": action.is_open and self._may_cancel(request, action),
            "cancel_url": self._url("cancel", action.pk),
            "report_url": self._url("report", action.pk),
        }


def _state(action: BulkAction) -> str:
    if action.cancelled_at:
        return _("Cancelled")
    if action.is_open:
        return _("Working") if action.worked else _("Waiting for the next run")
    return _("Finished")
