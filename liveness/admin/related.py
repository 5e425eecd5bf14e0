"""What belongs to an attempt, as links between the pages of the admin."""

from collections.abc import Iterator
from typing import Any
from uuid import UUID

from django.contrib import admin
from django.contrib.admin.views.main import ChangeList
from django.db.models import Model, QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from liveness import extensions
from liveness.access import Person, access_policy
from liveness.models import StoredMedia, VerificationAttempt
from liveness.web.search import as_uuid

SUBJECT = "subject_of"
# A label and an address.
Link = tuple[str | Promise, str]


class SubjectFilter(admin.ListFilter):
    """All attempts of one attempt's subject, whose reference is personal and stays out of the address."""

    title = gettext_lazy("subject")
    template = "liveness/admin/subject_filter.html"
    parameter_names = (SUBJECT,)

    def __init__(
        self, request: HttpRequest, params: dict[str, list[str]], model: type[Model], model_admin: Any
    ) -> None:
        super().__init__(request, params, model, model_admin)
        self.attempt: UUID | None = as_uuid((params.pop(SUBJECT, None) or [""])[-1])
        self.words = _("the subject of attempt %(id)s") % {"id": self.attempt.hex[:8]} if self.attempt else ""

    def has_output(self) -> bool:
        return self.attempt is not None

    def expected_parameters(self) -> list[str | None]:
        return [SUBJECT]

    def choices(self, changelist: ChangeList) -> Iterator[dict[str, Any]]:
        yield {"query_string": changelist.get_query_string(remove=[SUBJECT]), "display": self.words}

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        if self.attempt is None:
            return queryset
        named = access_policy().visible_attempts(request.user).filter(public_id=self.attempt)
        subject = named.values_list("subject_reference", flat=True).first()
        return queryset.filter(subject_reference=subject) if subject is not None else queryset.none()


def links(viewer: Person, attempt: VerificationAttempt) -> list[Link]:
    """The pages that belong to this attempt and that this person may open."""
    return [link for source in (_own, *extensions.attempt_links()) for link in source(viewer, attempt)]


def _own(viewer: Person, attempt: VerificationAttempt) -> Iterator[Link]:
    attempts = reverse("admin:liveness_verificationattempt_changelist")
    yield _("All attempts of this subject"), f"{attempts}?{SUBJECT}={attempt.public_id}"
    for file in access_policy().visible_media(viewer).filter(attempt=attempt).order_by("id"):
        yield _file_words(file), reverse("admin:liveness_storedmedia_change", args=[file.pk])
    if viewer.has_perm("liveness.view_auditevent"):
        events = reverse("admin:liveness_auditevent_changelist")
        yield _("Audit events of this attempt"), f"{events}?q={attempt.public_id}"


def _file_words(file: StoredMedia) -> str:
    return f"{file.get_kind_display()} {file.public_id.hex[:8]}"
