"""The rows of the audit screen: each event with the person, the record and the words that belong to it today."""

import json
from collections.abc import Hashable, Iterable, Mapping, Sequence, Set
from dataclasses import dataclass, replace
from uuid import UUID

from django.contrib.auth import get_user_model
from django.contrib.auth.models import AbstractUser
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from liveness.access import access_policy, is_everything
from liveness.audit.registry import AuditAction
from liveness.models import AuditEvent, StoredMedia, VerificationAttempt
from liveness.review import actions
from liveness.review.access import Person, may, visible_reviews
from liveness.review.audit_log import queries
from liveness.review.audit_log.histories import is_hidden
from liveness.review.audit_log.labels import Text, action_of, details_of
from liveness.review.formatting import number
from liveness.review.models import Review
from liveness.web.search import as_uuid

SYSTEM = "system:"
ANONYMOUS = "anonymous"
EVIDENCE = {model._meta.label_lower for model in (VerificationAttempt, StoredMedia)}
DECISIONS = {value for name, value in vars(actions).items() if name.startswith("DECISION_")}


@dataclass(frozen=True)
class Who:
    """An actor, by the name that it has today. `remark` says what is odd about it."""

    actor: str
    name: str
    icon: str
    remark: str = ""


@dataclass(frozen=True)
class About:
    """The attempt that an event concerns; `has_page` if this person may open its review."""

    public_id: UUID
    subject: str
    has_page: bool


@dataclass(frozen=True)
class Row:
    """`about` is None where the event concerns no attempt, or none that may appear before this person.

    `record` is the id of the event's record, empty where the person may not know it. `account` is the name of the
    account that the event concerns, empty for other records. `others` are older events that share the line of this one.
    """

    event: AuditEvent
    who: Who
    act: AuditAction
    about: About | None
    record: str
    account: str
    details: str
    proof: str
    others: Sequence["Row"] = ()

    @property
    def words(self) -> Text:
        """What happened, in words."""
        count = len(self.others) + 1
        if count == 1:
            return self.act.label
        return ngettext("%(count)s thumbnail shown", "%(count)s thumbnails shown", count) % {"count": number(count)}

    @property
    def members(self) -> list["Row"]:
        """All events of the line, the newest first."""
        return [self, *self.others]


@dataclass(frozen=True)
class Known:
    """What a page's events refer to, fetched at once: accounts by actor, attempts by object id, and their reviews.

    `pages` are the attempts whose review this person may open; `is_everything` if nothing is hidden from this person.
    """

    users: Mapping[str, AbstractUser]
    attempts: Mapping[str, tuple[UUID, str]]
    reviews: Mapping[UUID, Review]
    pages: Set[UUID]
    is_everything: bool

    @property
    def names(self) -> dict[str, str]:
        return {actor: user.get_username() for actor, user in self.users.items()}


def rows(events: Sequence[AuditEvent], person: Person) -> list[Row]:
    """The rows for this person, in a handful of queries however many they are."""
    known = _known(events, person)
    return [_row(event, known, person) for event in events]


def lines(rows: Iterable[Row]) -> list[Row]:
    """The rows, with those that share a line put into the newest of them."""
    found: dict[Hashable, list[Row]] = {}
    for row in rows:
        found.setdefault(queries.together(row.event), []).append(row)
    return [replace(newest, others=others) for newest, *others in found.values()]


def withheld(event: AuditEvent, person: Person) -> str:
    """Why this person is not told the details of the event, in words; empty if he is."""
    return _withheld(event, _known([event], person), person)


def who(actor: str) -> Who:
    """An actor in words."""
    return _who(actor, queries.people([actor]).get(actor))


def _who(actor: str, user: AbstractUser | None) -> Who:
    if user is not None:
        return Who(actor, user.get_username(), "person", "" if user.is_active else _("deactivated"))
    if actor == ANONYMOUS:
        return Who(actor, _("Nobody logged in"), "invalid")
    if actor.startswith(SYSTEM):
        return Who(actor, actor.removeprefix(SYSTEM), "system", _("system"))
    return Who(actor, actor, "unknown", _("no such account"))


def _row(event: AuditEvent, known: Known, person: Person) -> Row:
    attempt, reason = known.attempts.get(event.object_id), _withheld(event, known, person)
    return Row(
        event,
        _who(event.actor, known.users.get(event.actor)),
        action_of(event.action),
        About(*attempt, has_page=attempt[0] in known.pages) if attempt else None,
        "" if _is_out_of_sight(event, known) else event.object_id,
        _account_name(event, known),
        reason or details_of(queries.data_of(event), known.names),
        "" if reason else _spaced(event.details),
    )


def _account_name(event: AuditEvent, known: Known) -> str:
    account = _account(event)
    return known.names.get(account) or _("account %(key)s") % {"key": event.object_id} if account else ""


def _account(event: AuditEvent) -> str:
    """The account that the event concerns, as an actor; empty if it concerns another record."""
    is_account = event.object_type == get_user_model()._meta.label_lower
    return f"{queries.USER}{event.object_id}" if is_account and event.object_id else ""


def _known(events: Sequence[AuditEvent], person: Person) -> Known:
    holders = (str(queries.data_of(event).get("holder", "")) for event in events)
    accounts = filter(None, map(_account, events))
    users = queries.people([*(event.actor for event in events), *holders, *accounts])
    attempts = _attempts(events, person)
    ids = {public_id for public_id, _subject in attempts.values()}
    # Not only those that he may open: what of a blind proposal has to be hidden is hidden from everybody.
    reviews = Review.objects.filter(attempt__public_id__in=ids).select_related("attempt", "proposal")
    pages = visible_reviews(person).filter(attempt__public_id__in=ids).order_by()
    return Known(
        users,
        attempts,
        {review.attempt.public_id: review for review in reviews},
        set(pages.values_list("attempt__public_id", flat=True)),
        is_everything(access_policy().visible_media(person)),
    )


def _withheld(event: AuditEvent, known: Known, person: Person) -> str:
    if _is_out_of_sight(event, known):
        return _("hidden")
    attempt = known.attempts.get(event.object_id)
    if event.action not in DECISIONS:
        return ""
    review = known.reviews.get(attempt[0]) if attempt else None
    if review is None or not may(person, "view_review"):
        return _("hidden")
    # All of its decisions: a proposal that was undone says as much as the one that waits.
    return _("hidden until the second person has decided") if is_hidden(review, person) else ""


def _is_out_of_sight(event: AuditEvent, known: Known) -> bool:
    """Is the event about evidence that this person may not see? An id that no file has can be asked for, too."""
    return event.object_type in EVIDENCE and event.object_id not in known.attempts and not known.is_everything


def _attempts(events: Sequence[AuditEvent], person: Person) -> dict[str, tuple[UUID, str]]:
    """The id and the subject of the attempt behind each object id, as far as this person may see them."""
    ids = [public_id for event in events if (public_id := as_uuid(event.object_id))]
    policy = access_policy()
    attempts = policy.visible_attempts(person).filter(public_id__in=ids)
    media = policy.visible_media(person).filter(public_id__in=ids)
    found = [(each, each, subject) for each, subject in attempts.values_list("public_id", "subject_reference")]
    found += media.values_list("public_id", "attempt__public_id", "attempt__subject_reference")
    return {str(each): (attempt, subject) for each, attempt, subject in found}


def _spaced(details: str) -> str:
    """The details as they were hashed, with line ends for a person; as they are where they cannot be read."""
    try:
        return json.dumps(json.loads(details), indent=2, ensure_ascii=False) if details not in ("", "{}") else ""
    except ValueError:
        return details
