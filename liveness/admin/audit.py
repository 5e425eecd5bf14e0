"""The audit chain in the admin: read-only, by action, actor or object, with the names of people looked up now."""

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from django.contrib import admin
from django.contrib.admin.views.main import ChangeList
from django.contrib.auth import get_user_model
from django.core.exceptions import ValidationError
from django.db.models import Model, QuerySet
from django.http import HttpRequest
from django.template.loader import render_to_string
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from liveness.access import Person, access_policy
from liveness.admin.mixins import FactsAdmin, LookAheadChangeList
from liveness.models import AuditEvent, StoredMedia, VerificationAttempt
from liveness.search import as_uuid
from liveness.services import audit
from liveness.services.audit import Actor

TRAIL = 50
USER = "user:"
# What can be filtered by; an optional app adds its own.
ACTIONS = {
    value
    for name, value in vars(audit).items()
    if name.startswith(("ATTEMPT_", "MEDIA_", "CHECK_", "KEY_")) and isinstance(value, str)
}


def _out_of_sight(event: AuditEvent, user: Person) -> str:
    """Does the event concern an attempt or a file that may not appear before this person?"""
    rows: dict[str, QuerySet[Any]] = {
        VerificationAttempt._meta.label_lower: access_policy().visible_attempts(user),
        StoredMedia._meta.label_lower: access_policy().visible_media(user),
    }
    if event.object_type not in rows:
        return ""
    public_id = as_uuid(event.object_id)
    is_seen = public_id is not None and rows[event.object_type].filter(public_id=public_id).exists()
    return "" if is_seen else _("hidden")


# Each says why a person is not told the details of an event, or nothing; an optional app adds its own.
WITHHOLDERS: list[Callable[[AuditEvent, Any], str]] = [_out_of_sight]


def name_actors(events: Iterable[AuditEvent]) -> None:
    """Give every event an `actor_name`. The chain holds keys only, so the names are those of today."""
    keys = {event.actor.removeprefix(USER) for event in events if event.actor.startswith(USER)}
    people = get_user_model()._default_manager.filter(pk__in=list(filter(_is_key, keys)))
    names = {Actor.user(person).name: person.get_username() for person in people}
    for event in events:
        event.actor_name = names.get(event.actor, "")  # type: ignore[attr-defined]


def _is_key(text: str) -> bool:
    """Can this be a user's key? A long key stands in the chain as a digest, which leads to nobody."""
    try:
        get_user_model()._meta.pk.clean(text, None)
    except (ValidationError, ValueError):
        return False
    return True


def trail(user: Person, subjects: Sequence[Model]) -> list[AuditEvent] | None:
    """The newest events about these records; None for a person who may not see the audit."""
    if not user.has_perm("liveness.view_auditevent"):
        return None
    wanted = [str(getattr(subject, "public_id", subject.pk)) for subject in subjects]
    events = list(AuditEvent.objects.filter(object_id__in=wanted).order_by("-sequence")[:TRAIL])
    name_actors(events)
    return events


class ActionFilter(admin.SimpleListFilter):
    title = gettext_lazy("action")
    parameter_name = "action"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [(action, action.removeprefix("liveness.")) for action in sorted(ACTIONS)]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        return queryset.filter(action=self.value()) if self.value() in ACTIONS else queryset


class AuditChangeList(LookAheadChangeList):
    def get_results(self, request: HttpRequest) -> None:
        super().get_results(request)
        name_actors(self.result_list)


@admin.register(AuditEvent)
class AuditEventAdmin(FactsAdmin):
    list_display = ("sequence", "time", "action", "who", "object_type", "object_id")
    list_filter = (ActionFilter,)
    search_fields = ("object_id__exact",)
    search_help_text = gettext_lazy("Attempt or media id, event number, or actor like user:7, exactly.")
    fields = (
        "sequence",
        "at",
        "action",
        "actor",
        "object_type",
        "object_id",
        "details",
        "previous_hash",
        "hash",
    )

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[ChangeList]:
        return AuditChangeList

    def get_object(self, request: HttpRequest, object_id: str, from_field: str | None = None) -> AuditEvent | None:
        """The event, with a word in place of details that this person may not read."""
        event: AuditEvent | None = super().get_object(request, object_id, from_field)
        if event is not None:
            reasons = (withheld(event, request.user) for withheld in WITHHOLDERS)
            event.details = next(filter(None, reasons), event.details)
        return event

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        """One comparison with an index of its own, chosen by what the term looks like."""
        if not search_term or "\x00" in search_term:
            return (queryset.none() if search_term else queryset), False
        if search_term.isdecimal() and len(search_term) <= 18:
            return queryset.filter(sequence=int(search_term)), False
        if search_term == "anonymous" or search_term.startswith((USER, "system:")):
            return queryset.filter(actor=search_term), False
        return queryset.filter(object_id=search_term.lower()), False

    @admin.display(description=gettext_lazy("time"))
    def time(self, event: AuditEvent) -> SafeString:
        return render_to_string("liveness/includes/moment.html", {"at": event.at})

    @admin.display(description=gettext_lazy("who"))
    def who(self, event: AuditEvent) -> SafeString | str:
        name = getattr(event, "actor_name", "")
        return format_html('{} <span class="quiet">{}</span>', name, event.actor) if name else event.actor
