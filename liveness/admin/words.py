"""What the admin says of audit events: the action in words, the person by name, the record as a link."""

from collections.abc import Callable, Iterable, Mapping
from types import SimpleNamespace
from typing import Any

from django.contrib.auth import get_user_model
from django.core.exceptions import ValidationError
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _

from liveness.access import Person, access_policy
from liveness.audit import Actor, registry
from liveness.models import AuditEvent, BulkAction, StoredMedia, VerificationAttempt
from liveness.web.search import as_uuid

USER, SYSTEM, ANONYMOUS = "user:", "system:", "anonymous"
ATTEMPT, MEDIA, BULK = (model._meta.label_lower for model in (VerificationAttempt, StoredMedia, BulkAction))

# The primary key of a record, and what to say beside its id.
Record = tuple[int, str]
Records = Mapping[str, Record]


def words_of(action: str) -> str:
    """An action in words. One that no installed app knows any more is said by its name."""
    if known := registry.get(action):
        return str(known.label)
    return action.partition(".")[2].replace(".", " ").replace("_", " ").capitalize() or action


def name_actors(rows: Iterable[Any]) -> None:
    """Give every row with an `actor` an `actor_name` and an `actor_key`. The chain holds keys only, so the names are
    those of today; both are empty for an actor that is no account any more."""
    rows = list(rows)
    keys = {row.actor.removeprefix(USER) for row in rows if row.actor.startswith(USER)}
    people = get_user_model()._default_manager.filter(pk__in=list(filter(_is_key, keys)))
    found = {Actor.user(person).name: person for person in people}
    for row in rows:
        person = found.get(row.actor)
        row.actor_name = person.get_username() if person else ""
        row.actor_key = person.pk if person else ""


def who(row: Any, viewer: Any) -> SafeString:
    """The actor of a row that `name_actors` has named, as a link for a person who may see accounts."""
    if row.actor_name:
        account = get_user_model()._meta
        if viewer.has_perm(f"{account.app_label}.view_{account.model_name}"):
            page = reverse(f"admin:{account.app_label}_{account.model_name}_change", args=[row.actor_key])
            return format_html('<a href="{}">{}</a>', page, row.actor_name)
        return format_html("{}", row.actor_name)
    if row.actor.startswith(SYSTEM):
        return format_html('{} <span class="quiet">{}</span>', row.actor.removeprefix(SYSTEM), _("system"))
    return format_html("{}", _("Nobody logged in") if row.actor == ANONYMOUS else row.actor)


def name_records(events: Iterable[AuditEvent], viewer: Person) -> None:
    """Give every event a `record`: what it concerns, in words, as a link where this person may open it."""
    events = list(events)
    found = {kind: look(_ids(events, kind), viewer) for kind, look in LOOKUPS.items()}
    for event in events:
        event.record = _record(event, found.get(event.object_type, {}))  # type: ignore[attr-defined]
    _name_accounts([event for event in events if event.object_type == get_user_model()._meta.label_lower], viewer)


def _name_accounts(events: list[AuditEvent], viewer: Person) -> None:
    accounts = [SimpleNamespace(actor=f"{USER}{event.object_id}") for event in events]
    name_actors(accounts)
    for event, account in zip(events, accounts, strict=True):
        if account.actor_name:
            words = format_html("{} {}", _("Account"), who(account, viewer))
            event.record = words  # type: ignore[attr-defined]


def link(kind: str, key: int, words: str) -> SafeString:
    """A link to the admin's page of a record, by its model and primary key."""
    return format_html('<a href="{}">{}</a>', reverse(f"admin:{kind.replace('.', '_')}_change", args=[key]), words)


def _record(event: AuditEvent, found: Records) -> SafeString:
    if not event.object_id:
        return mark_safe("–")  # noqa: RUF001 - a dash, as typographers have it
    short = event.object_id[:8]
    kind = NAMES.get(event.object_type)
    words = f"{kind()} {short}" if kind else f"{event.object_type} {short}"
    if event.object_id not in found:
        return format_html('<span title="{}">{}</span>', event.object_id, words)
    key, remark = found[event.object_id]
    return format_html('{} <span class="quiet">{}</span>', link(event.object_type, key, words), remark)


def _ids(events: Iterable[AuditEvent], kind: str) -> list[Any]:
    ids = (as_uuid(event.object_id) for event in events if event.object_type == kind)
    return [each for each in ids if each]


def _attempts(ids: list[Any], viewer: Person) -> Records:
    rows = (
        access_policy().visible_attempts(viewer).filter(public_id__in=ids)
        if ids
        else VerificationAttempt.objects.none()
    )
    return {
        str(each): (key, subject) for each, key, subject in rows.values_list("public_id", "pk", "subject_reference")
    }


def _media(ids: list[Any], viewer: Person) -> Records:
    rows = access_policy().visible_media(viewer).filter(public_id__in=ids) if ids else StoredMedia.objects.none()
    fields = ("public_id", "pk", "attempt__subject_reference")
    return {str(each): (key, subject) for each, key, subject in rows.values_list(*fields)}


def _bulk_actions(ids: list[Any], viewer: Person) -> Records:
    if not ids or not viewer.has_perm("liveness.view_bulkaction"):
        return {}
    rows = BulkAction.objects.filter(public_id__in=ids)
    return {str(row.public_id): (row.pk, str(row.get_kind_display())) for row in rows}


LOOKUPS: dict[str, Callable[[list[Any], Person], Records]] = {ATTEMPT: _attempts, MEDIA: _media, BULK: _bulk_actions}
NAMES: dict[str, Callable[[], str]] = {
    ATTEMPT: lambda: _("Attempt"),
    MEDIA: lambda: _("File"),
    BULK: lambda: _("Bulk action"),
}


def _is_key(text: str) -> bool:
    """Can this be a user's key? A long key is a digest in the chain, which leads to no account."""
    try:
        get_user_model()._meta.pk.clean(text, None)
    except (ValidationError, ValueError):
        return False
    return True
