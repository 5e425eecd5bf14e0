"""Attempts in the admin: facts with their picture, video, ledger and audit trail, an intake form, and actions."""

from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import Exists, OuterRef, QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.utils.decorators import method_decorator
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.debug import sensitive_post_parameters

from liveness import presentation
from liveness.access import access_policy
from liveness.admin import bulk, related, reports
from liveness.admin.audit import trail
from liveness.admin.dates import DateFilter
from liveness.admin.intake import IntakeForm
from liveness.admin.mixins import FactsAdmin
from liveness.attempts import wording
from liveness.attempts.validation import REGIONS
from liveness.audit import Actor
from liveness.models import BulkKind, MediaState, StoredMedia, VerificationAttempt
from liveness.templatetags.liveness import badge, moment
from liveness.web import search

# One person has a few attempts. A beginning that more attempts share says too little.
MAX_FOUND = 1000
LACKING = (MediaState.WANTED, MediaState.LOST, MediaState.ABSENT, MediaState.UNVERIFIED)


class RegionFilter(admin.SimpleListFilter):
    """The known regions, without asking the table which ones it holds."""

    title = gettext_lazy("region")
    parameter_name = "region"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [(name, name) for name in REGIONS]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        return queryset.filter(region=self.value()) if self.value() in REGIONS else queryset


class RegisteredFilter(DateFilter):
    title = gettext_lazy("date registered")
    field = "created_at"


@admin.register(VerificationAttempt)
class AttemptAdmin(FactsAdmin):
    list_display = ("subject_reference", "verdict", "why", "region", "registered", "finished")
    list_filter = ("outcome", RegionFilter, RegisteredFilter, related.SubjectFilter)
    search_fields = ("subject_reference__istartswith", "request_id__istartswith", "sdk_token__exact")
    search_help_text = gettext_lazy(
        "The beginning of a subject reference, request id or attempt id, in capitals or not; or a whole token."
    )
    change_form_template = "liveness/admin/attempt.html"
    add_form_template = "liveness/admin/intake.html"
    actions = ("refresh_now", "fetch_media_again", "verify_media")
    fields = ()

    def has_add_permission(self, request: HttpRequest) -> bool:
        return self.may(request, "add_verificationattempt")

    def has_refresh_permission(self, request: HttpRequest) -> bool:
        return self.may(request, "refresh_verificationattempt")

    def has_verify_permission(self, request: HttpRequest) -> bool:
        return self.may(request, "verify_storedmedia")

    def get_queryset(self, request: HttpRequest) -> QuerySet[VerificationAttempt]:
        return access_policy().visible_attempts(request.user)

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        """Ranges of indexes only; see also `found_page`, which keeps tokens out of URLs."""
        if not search_term:
            return queryset, False
        attempts = access_policy().visible_attempts(request.user)
        if bulk.is_all(request.POST):
            return queryset.filter(pk__in=search.beginning(attempts, search_term).order_by().values("pk")), False
        found = search.find_beginning(attempts, search_term, MAX_FOUND)
        if len(found) == MAX_FOUND and request.method == "GET":
            messages.info(
                request, _("More than that may match: %(count)d are shown. Type more.") % {"count": MAX_FOUND}
            )
        return queryset.filter(pk__in=found), False

    def found_page(self, request: HttpRequest, text: str) -> str | None:
        by_token = search.find_token(access_policy().visible_attempts(request.user), text)
        return self._url("change", by_token.pk) if by_token else super().found_page(request, text)

    @method_decorator(sensitive_post_parameters("sdk_token"))
    def add_view(
        self, request: HttpRequest, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """The intake form. A token that is there already leads to its attempt."""
        if not self.has_add_permission(request):
            raise PermissionDenied
        form = IntakeForm(request.POST or None)
        registered = form.register(Actor.user(request.user)) if form.is_valid() else None
        if registered:
            return self._registered(request, *registered)
        context = self.admin_site.each_context(request) | {
            "title": _("Register a token"),
            "opts": self.opts,
            "form": form,
            "media": self.media,
            "has_view_permission": self.has_view_permission(request),
        }
        return TemplateResponse(request, self.add_form_template, context | (extra_context or {}))

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        attempt = self.get_object(request, object_id)
        context: dict[str, Any] = {}
        if attempt is not None:
            context = presentation.attempt_context(request.user, attempt)
            subjects = [attempt, *(piece.media for piece in context["pieces"])]
            context |= {
                "buttons": self.buttons(request, object_id),
                "trail": trail(request.user, subjects),
                "related": related.links(request.user, attempt),
            }
        page: HttpResponse = super().change_view(request, object_id, form_url, context | (extra_context or {}))
        return page

    @admin.action(description=gettext_lazy("Refresh now"), permissions=["refresh"])
    def refresh_now(self, request: HttpRequest, queryset: QuerySet[VerificationAttempt]) -> HttpResponse | None:
        attempts = self.few(queryset)
        if attempts is None:
            return bulk.start(request, BulkKind.REFRESH, queryset, self.get_changelist_instance(request))
        reports.refresh(request, attempts)
        return None

    @admin.action(description=gettext_lazy("Fetch media again"), permissions=["refresh"])
    def fetch_media_again(self, request: HttpRequest, queryset: QuerySet[VerificationAttempt]) -> HttpResponse | None:
        files = StoredMedia.objects.filter(attempt=OuterRef("pk"), state__in=LACKING)
        lacking = queryset.filter(Exists(files))
        if not lacking.exists():
            messages.info(request, _("There is nothing to fetch: no file is missing."))
            return None
        return self.refresh_now(request, lacking)

    @admin.action(description=gettext_lazy("Verify stored media"), permissions=["verify"])
    def verify_media(self, request: HttpRequest, queryset: QuerySet[VerificationAttempt]) -> HttpResponse | None:
        attempts = self.few(queryset)
        if attempts is None:
            chosen = queryset.order_by().values("pk")
            files = StoredMedia.objects.filter(attempt__in=chosen, state=MediaState.STORED)
            return bulk.start(request, BulkKind.VERIFY, files, self.get_changelist_instance(request))
        if attempts:
            reports.verify(request, StoredMedia.objects.filter(attempt__in=attempts))
        return None

    @admin.display(description=gettext_lazy("outcome"))
    def verdict(self, attempt: VerificationAttempt) -> SafeString:
        return badge(attempt)

    @admin.display(description=gettext_lazy("why"))
    def why(self, attempt: VerificationAttempt) -> str:
        return wording.reason_of(attempt)

    @admin.display(description=gettext_lazy("registered"))
    def registered(self, attempt: VerificationAttempt) -> SafeString:
        return moment(attempt.created_at)

    @admin.display(description=gettext_lazy("finished"))
    def finished(self, attempt: VerificationAttempt) -> SafeString:
        return moment(attempt.finished_at)

    def _registered(self, request: HttpRequest, attempt: VerificationAttempt, is_new: bool) -> HttpResponseRedirect:
        may_see = self.has_view_permission(request) and self.get_queryset(request).filter(pk=attempt.pk).exists()
        if is_new:
            messages.success(request, _("The token is registered; the next refresh asks for its result."))
        elif may_see:
            messages.warning(request, _("This token was registered before; here is its attempt."))
        else:
            messages.warning(request, _("This token was registered before, in an attempt that you may not see."))
        return HttpResponseRedirect(self._url("change", attempt.pk) if may_see else self._url("add"))
