"""The rows of the audit screen: each event with the person, the record and the words that belong to it today."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.contrib.auth.models import AbstractUser
from django.utils.translation import gettext as _

from liveness.access import access_policy
from liveness.models import AuditEvent
from liveness.review import trail
from liveness.review.access import visible_reviews
from liveness.review.histories import is_hidden
from liveness.review.models import Review
from liveness.review.services import actions
from liveness.review.trail_words import Act, act_of, details_of
from liveness.search import as_uuid

SYSTEM = "system:"
ANONYMOUS = "anonymous"


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
    """`about` is None where the event concerns no attempt, or none that may appear before this person."""

    event: AuditEvent
    who: Who
    act: Act
    about: About | None
    details: str
    proof: str


@dataclass(frozen=True)
class Known:
    """What a page's events refer to, fetched at once: accounts by actor, attempts by object id, and their reviews."""

    users: Mapping[str, AbstractUser]
    attempts: Mapping[str, tuple[UUID, str]]
    reviews: Mapping[UUID, Review]

    @property
    def names(self) -> dict[str, str]:
        return {actor: user.get_username() for actor, user in self.users.items()}


def rows(events: Sequence[AuditEvent], person: AbstractUser) -> list[Row]:
    """The rows for this person, in a handful of queries however many they are."""
    holders = (str(trail.data_of(event).get("holder", "")) for event in events)
    users = trail.people([*(event.actor for event in events), *holders])
    attempts = _attempts(events, person)
    known = Known(users, attempts, _reviews(attempts, person))
    return [_row(event, known, person) for event in events]


def who(actor: str) -> Who:
    """An actor in words."""
    return _who(actor, trail.people([actor]).get(actor))


def _who(actor: str, user: AbstractUser | None) -> Who:
    if user is not None:
        return Who(actor, user.get_username(), "person", "" if user.is_active else _("deactivated"))
    if actor == ANONYMOUS:
        return Who(actor, _("Nobody logged in"), "invalid")
    if actor.startswith(SYSTEM):
        return Who(actor, actor.removeprefix(SYSTEM), "system", _("system"))
    return Who(actor, actor, "unknown", _("no such account"))


def _row(event: AuditEvent, known: Known, person: AbstractUser) -> Row:
    attempt = known.attempts.get(event.object_id)
    review = known.reviews.get(attempt[0]) if attempt else None
    data, proof = trail.data_of(event), event.details
    details = details_of(data, known.names)
    if review and _is_blind(event, data, review, person):
        details, proof = _("hidden until the second person has decided"), ""
    return Row(
        event,
        _who(event.actor, known.users.get(event.actor)),
        act_of(event.action),
        About(*attempt, has_page=review is not None) if attempt else None,
        details,
        _spaced(proof),
    )


def _is_blind(event: AuditEvent, data: Mapping[str, Any], review: Review, person: AbstractUser) -> bool:
    """Is this the blind proposal that still waits for its second person?"""
    is_pending = review.proposal is not None and str(review.proposal.public_id) == data.get("decision")
    return event.action == actions.DECISION_PROPOSED and is_pending and is_hidden(review, person)


def _attempts(events: Sequence[AuditEvent], person: AbstractUser) -> dict[str, tuple[UUID, str]]:
    """The id and the subject of the attempt behind each object id, as far as this person may see them."""
    ids = [public_id for event in events if (public_id := as_uuid(event.object_id))]
    policy = access_policy()
    attempts = policy.visible_attempts(person).filter(public_id__in=ids)
    media = policy.visible_media(person).filter(public_id__in=ids)
    found = [(each, each, subject) for each, subject in attempts.values_list("public_id", "subject_reference")]
    found += media.values_list("public_id", "attempt__public_id", "attempt__subject_reference")
    return {str(each): (attempt, subject) for each, attempt, subject in found}


def _reviews(attempts: Mapping[str, tuple[UUID, str]], person: AbstractUser) -> dict[UUID, Review]:
    ids = {public_id for public_id, _subject in attempts.values()}
    reviews = visible_reviews(person).filter(attempt__public_id__in=ids).select_related("attempt", "proposal")
    return {review.attempt.public_id: review for review in reviews}


def _spaced(details: str) -> str:
    """The details as they were hashed, with line ends for a person; as they are where they cannot be read."""
    try:
        return json.dumps(json.loads(details), indent=2, ensure_ascii=False) if details not in ("", "{}") else ""
    except ValueError:
        return details
