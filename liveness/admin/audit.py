"""The audit chain in the admin: read-only, by action, actor or object, with the names of people looked up now."""

from collections.abc import Sequence
from typing import Any

from django.contrib import admin
from django.contrib.admin.views.main import ChangeList
from django.db.models import Model, QuerySet
from django.http import HttpRequest
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from liveness import extensions
from liveness.access import Person, access_policy, is_everything
from liveness.admin.dates import DateFilter
from liveness.admin.mixins import FactsAdmin, LookAheadChangeList
from liveness.admin.words import ANONYMOUS, SYSTEM, USER, name_actors, name_records, who, words_of
from liveness.audit import registry, rows
from liveness.models import AuditEvent, StoredMedia, VerificationAttempt
from liveness.templatetags.liveness import moment
from liveness.web.guarded_admin import is_value
from liveness.web.search import as_uuid, is_searchable

TRAIL = 50
# How many events a list looks through for a person who may see only some, so that it costs the same on a long chain.
SPAN = 20_000
# The longest number that fits into 64 bits whatever its digits.
MAX_DIGITS = 18


def _out_of_sight(event: AuditEvent, user: Person) -> str:
    """Does the event concern an attempt or a file that may not appear before this person?"""
    records: dict[str, QuerySet[Any]] = {
        VerificationAttempt._meta.label_lower: access_policy().visible_attempts(user),
        StoredMedia._meta.label_lower: access_policy().visible_media(user),
    }
    if event.object_type not in records:
        return ""
    public_id = as_uuid(event.object_id)
    is_seen = public_id is not None and records[event.object_type].filter(public_id=public_id).exists()
    return "" if is_seen else _("hidden")


def trail(user: Person, subjects: Sequence[Model]) -> list[AuditEvent] | None:
    """The newest events about these records; None for a person who may not see the audit."""
    if not user.has_perm("liveness.view_auditevent"):
        return None
    wanted = [str(getattr(subject, "public_id", subject.pk)) for subject in subjects]
    events = rows.to_show(AuditEvent.objects.filter(object_id__in=wanted).order_by("-sequence")[:TRAIL])
    _name(events, user)
    return events


def _name(events: Sequence[AuditEvent], user: Person) -> None:
    """Give every event its `words`, and its `person` and `record` as links."""
    name_actors(events)
    name_records(events, user)
    for event in events:
        event.words, event.person = words_of(event.action), who(event, user)  # type: ignore[attr-defined]


class ActionFilter(admin.SimpleListFilter):
    title = gettext_lazy("action")
    parameter_name = "action"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return sorted(
            ((action.name, str(action.label)) for action in registry.all_actions()), key=lambda choice: choice[1]
        )

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        return queryset.filter(action=self.value()) if registry.get(self.value() or "") else queryset


class DayFilter(DateFilter):
    title = gettext_lazy("date")
    field = "at"


class AuditChangeList(LookAheadChangeList):
    def get_queryset(self, request: HttpRequest, exclude_parameters: Any = None) -> QuerySet[Any]:
        """Where the policy hides events, those to show may be rare: only the newest `SPAN` are looked through."""
        events = super().get_queryset(request, exclude_parameters)
        # The events of one record are found by an index.
        is_far = not self.query or _is_actor(self.query)
        self.starts_after = 0
        if is_far and not is_everything(access_policy().visible_events(request.user)):
            self.starts_after = max(self._newest(request) - SPAN, 0)
        return events.filter(sequence__gt=self.starts_after) if self.starts_after else events

    def get_results(self, request: HttpRequest) -> None:
        super().get_results(request)
        self.is_cut = self.is_cut or (bool(self.starts_after) and not self.older)
        _name(self.result_list, request.user)

    def read(self, found: QuerySet[Any]) -> list[Any]:
        return rows.to_show(found)

    def _newest(self, request: HttpRequest) -> int:
        """The number of the newest event of the chosen days, whoever may see it."""
        chain: QuerySet[Any] = AuditEvent.objects.order_by("-sequence")
        for spec in self.filter_specs:
            if isinstance(spec, DayFilter):
                chain = spec.queryset(request, chain)
        newest: int | None = chain.values_list("sequence", flat=True).first()
        return newest or 0


@admin.register(AuditEvent)
class AuditEventAdmin(FactsAdmin):
    list_display = ("sequence", "time", "person", "words", "record")
    list_filter = (DayFilter, ActionFilter)
    search_fields = ("object_id__exact",)
    search_help_text = gettext_lazy(
        "Id of an attempt, a file or a bulk action, event number, or actor like user:7, exactly."
    )
    # First in words, then exactly as hashed.
    readonly_fields = ("time", "person", "words", "record")
    fields = (
        *("sequence", "time", "person", "words", "record"),
        *("action", "actor", "object_type", "object_id", "details", "previous_hash", "hash"),
    )

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[ChangeList]:
        return AuditChangeList

    def get_queryset(self, request: HttpRequest) -> QuerySet[AuditEvent]:
        if not self.has_view_permission(request):
            # The admin refuses by itself. Of an empty list it would say that the event is gone.
            return super().get_queryset(request)
        return access_policy().visible_events(request.user)

    def get_object(self, request: HttpRequest, object_id: str, from_field: str | None = None) -> AuditEvent | None:
        """The event, with a word in place of details that this person may not read."""
        if not is_value(self.opts.pk, object_id):
            return None
        for event in rows.to_show(self.get_queryset(request).filter(pk=object_id)):
            _name([event], request.user)
            reasons = (withheld(event, request.user) for withheld in (_out_of_sight, *extensions.withholders()))
            event.details = next(filter(None, reasons), event.details)
            return event
        return None

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        """One comparison with an index of its own, chosen by what the term looks like."""
        if not is_searchable(search_term):
            return (queryset.none() if search_term else queryset), False
        if _is_number(search_term):
            return queryset.filter(sequence=int(search_term)), False
        if _is_actor(search_term):
            return queryset.filter(actor=search_term), False
        return queryset.filter(object_id=str(as_uuid(search_term) or search_term.lower())), False

    def may_be_in_address(self, text: str) -> bool:
        return super().may_be_in_address(text) or _is_number(text) or _is_actor(text)

    @admin.display(description=gettext_lazy("time"))
    def time(self, event: AuditEvent) -> SafeString:
        return moment(event.at)

    @admin.display(description=gettext_lazy("who"))
    def person(self, event: AuditEvent) -> SafeString:
        return event.person  # type: ignore[attr-defined, no-any-return]

    @admin.display(description=gettext_lazy("what"))
    def words(self, event: AuditEvent) -> SafeString:
        return format_html('<span title="{}">{}</span>', event.action, event.words)  # type: ignore[attr-defined]

    @admin.display(description=gettext_lazy("on what"))
    def record(self, event: AuditEvent) -> SafeString:
        return event.record  # type: ignore[attr-defined, no-any-return]


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdecimal() and len(text) <= MAX_DIGITS


def _is_actor(text: str) -> bool:
    return is_searchable(text) and (text == ANONYMOUS or text.startswith((USER, SYSTEM)))
