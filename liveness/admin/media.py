"""Stored media in the admin: what was declared, what was measured, the file itself, and who looked at it."""

from typing import Any

from django.contrib import admin
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.template.defaultfilters import filesizeformat
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy

from liveness.access import access_policy
from liveness.admin import bulk, reports
from liveness.admin.audit import trail
from liveness.admin.dates import DateFilter
from liveness.admin.mixins import FactsAdmin
from liveness.admin.words import ATTEMPT, link
from liveness.models import BulkKind, StoredMedia
from liveness.presentation import Piece
from liveness.templatetags.liveness import moment
from liveness.web import search

SHA256_LENGTH, HEX_DIGITS = 64, set("0123456789abcdef")
# A beginning that more attempts share says too little.
MAX_ATTEMPTS = 1000


class WantedFilter(DateFilter):
    title = gettext_lazy("date wanted")
    field = "created_at"


@admin.register(StoredMedia)
class StoredMediaAdmin(FactsAdmin):
    list_display = ("name", "subject", "state", "remark", "bytes", "wanted", "stored")
    list_filter = ("kind", "state", WantedFilter)
    list_select_related = ("attempt",)
    search_fields = ("public_id__exact",)
    search_help_text = gettext_lazy(
        "A whole SHA-256; or the beginning of a media id, attempt id, request id or subject reference."
    )
    change_form_template = "liveness/admin/media.html"
    actions = ("verify_media",)
    fields = ()

    def has_view_permission(self, request: HttpRequest, obj: StoredMedia | None = None) -> bool:
        may_look = super().has_view_permission(request, obj)
        return may_look and (obj is None or access_policy().may_view(request.user, obj))

    def has_verify_permission(self, request: HttpRequest) -> bool:
        return self.may(request, "verify_storedmedia")

    def get_queryset(self, request: HttpRequest) -> QuerySet[StoredMedia]:
        return access_policy().visible_media(request.user)

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        """One comparison with an index of its own, chosen by what the term looks like."""
        if not search.is_searchable(search_term):
            return (queryset.none() if search_term else queryset), False
        if len(search_term) == SHA256_LENGTH and set(search_term.lower()) <= HEX_DIGITS:
            return queryset.filter(sha256=search_term.lower()), False
        visible, between = access_policy().visible_attempts(request.user), search.uuids_beginning(search_term)
        if bulk.is_all(request.POST):
            wanted = Q(attempt__in=search.beginning(visible, search_term).order_by().values("pk"))
            return queryset.filter(wanted | Q(public_id__range=between) if between else wanted), False
        attempts = search.find_beginning(visible, search_term, MAX_ATTEMPTS)
        of_subject = StoredMedia.objects.filter(attempt_id__in=attempts).values_list("pk", flat=True)
        by_id = StoredMedia.objects.filter(public_id__range=between).values_list("pk", flat=True) if between else ()
        return queryset.filter(pk__in=[*of_subject, *by_id[:MAX_ATTEMPTS]]), False

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        file = self.get_object(request, object_id)
        context: dict[str, Any] = {}
        if file is not None:
            context = {
                "attempt": file.attempt,
                "pieces": [Piece(file, access_policy().may_download(request.user, file))],
                "buttons": self.buttons(request, object_id),
                "trail": trail(request.user, [file]),
            }
        page: HttpResponse = super().change_view(request, object_id, form_url, context | (extra_context or {}))
        return page

    @admin.action(description=gettext_lazy("Verify stored media"), permissions=["verify"])
    def verify_media(self, request: HttpRequest, queryset: QuerySet[StoredMedia]) -> HttpResponse | None:
        files = self.few(queryset)
        if files is None:
            return bulk.start(request, BulkKind.VERIFY, queryset, self.get_changelist_instance(request))
        if files:
            reports.verify(request, files)
        return None

    @admin.display(description=gettext_lazy("file"))
    def name(self, file: StoredMedia) -> str:
        return f"{file.get_kind_display()} {file.public_id.hex[:8]}"

    @admin.display(description=gettext_lazy("remark"))
    def remark(self, file: StoredMedia) -> str:
        return file.flaw or file.reason or (str(file.get_condition_display()) if file.is_incomplete else "")

    @admin.display(description=gettext_lazy("subject"))
    def subject(self, file: StoredMedia) -> SafeString:
        return link(ATTEMPT, file.attempt_id, file.attempt.subject_reference)

    @admin.display(description=gettext_lazy("wanted"))
    def wanted(self, file: StoredMedia) -> SafeString:
        return moment(file.created_at)

    @admin.display(description=gettext_lazy("stored"))
    def stored(self, file: StoredMedia) -> SafeString:
        return moment(file.stored_at)

    @admin.display(description=gettext_lazy("size"))
    def bytes(self, file: StoredMedia) -> str:
        return filesizeformat(file.size) if file.size is not None else ""
