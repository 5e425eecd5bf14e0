"""Stored media in the admin: what was declared, what was measured, the file itself, and who looked at it."""

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.template.defaultfilters import filesizeformat
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy

from liveness.access import access_policy
from liveness.admin import reports
from liveness.admin.audit import trail
from liveness.admin.mixins import FactsAdmin
from liveness.models import StoredMedia
from liveness.presentation import Piece
from liveness.search import as_uuid
from liveness.templatetags.liveness import minute

SHA256_LENGTH = 64
# One subject's attempts; more than these are not one person's.
MANY = 200


@admin.register(StoredMedia)
class StoredMediaAdmin(FactsAdmin):
    list_display = ("name", "subject", "state", "remark", "content_type", "bytes", "stored")
    list_filter = ("kind", "state")
    list_select_related = ("attempt",)
    search_fields = ("public_id__exact",)
    search_help_text = gettext_lazy("SHA-256, media id, attempt id or subject reference, exactly.")
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
        if not search_term or "\x00" in search_term:
            return (queryset.none() if search_term else queryset), False
        public_id = as_uuid(search_term)
        attempts = access_policy().visible_attempts(request.user)
        if len(search_term) == SHA256_LENGTH:
            return queryset.filter(sha256=search_term.lower()), False
        if public_id and queryset.filter(public_id=public_id).exists():
            return queryset.filter(public_id=public_id), False
        of_subject = (
            attempts.filter(public_id=public_id) if public_id else attempts.filter(subject_reference=search_term)
        )
        return queryset.filter(attempt_id__in=list(of_subject.values_list("id", flat=True)[:MANY])), False

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
    def verify_media(self, request: HttpRequest, queryset: QuerySet[StoredMedia]) -> None:
        files = self.chosen(request, queryset)
        if files:
            reports.verify(request, files)

    @admin.display(description=gettext_lazy("file"))
    def name(self, file: StoredMedia) -> str:
        return f"{file.get_kind_display()} {file.public_id.hex[:8]}"

    @admin.display(description=gettext_lazy("remark"))
    def remark(self, file: StoredMedia) -> str:
        return file.flaw or file.reason or (str(file.get_condition_display()) if file.is_incomplete else "")

    @admin.display(description=gettext_lazy("subject"))
    def subject(self, file: StoredMedia) -> str:
        return file.attempt.subject_reference

    @admin.display(description=gettext_lazy("stored"))
    def stored(self, file: StoredMedia) -> SafeString:
        return minute(file.stored_at)

    @admin.display(description=gettext_lazy("size"))
    def bytes(self, file: StoredMedia) -> str:
        return filesizeformat(file.size) if file.size is not None else ""
