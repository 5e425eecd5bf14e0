"""What part of the audit trail a page shows: filters, held in its address, and the search that chooses them."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django.contrib.auth import get_user_model
from django.contrib.auth.models import AbstractUser
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from liveness.access import access_policy
from liveness.audit import Actor
from liveness.audit.registry import ActionGroup
from liveness.models import StoredMedia, VerificationAttempt
from liveness.review.audit_log import queries
from liveness.review.audit_log.labels import Text
from liveness.review.audit_log.queries import Wanted
from liveness.review.audit_log.rows import who
from liveness.templatetags.liveness import short
from liveness.web import search
from liveness.web.search import as_uuid

LONGEST_ACTOR = 80
# One person has a few attempts. This many ids are still one quick question.
MOST = 200


@dataclass(frozen=True)
class Filters:
    """What the address asks for. A subject is named by one of its attempts, because its reference is personal.

    `single` is "1" where events that would share a line each have their own.
    """

    person: str = ""
    action: str = ""
    attempt: str = ""
    subject: str = ""
    single: str = ""

    @classmethod
    def parse(cls, data: Mapping[str, str]) -> "Filters":
        """The filters that an address or a form names; what makes no sense is ignored."""
        person, action = data.get("person", ""), data.get("action", "")
        attempt, subject = as_uuid(data.get("attempt", "")), as_uuid(data.get("subject", ""))
        return cls(
            person if person.isprintable() and len(person) <= LONGEST_ACTOR else "",
            action if action in ActionGroup.values else "",
            str(attempt or ""),
            str(subject) if subject and not attempt else "",
            "1" if data.get("single") else "",
        )

    def fields(self) -> list[tuple[str, str]]:
        """Names and values, for the query string and for hidden fields of forms."""
        return [(name, value) for name, value in vars(self).items() if value]

    def address(self, **cursor: int) -> str:
        """The page that shows this, at the beginning or at a cursor."""
        query = urlencode([*self.fields(), *cursor.items()])
        return reverse("liveness_review:audit") + (f"?{query}" if query else "")


@dataclass(frozen=True)
class Chip:
    """A filter that was chosen: its words, and the page without it."""

    label: str
    words: str
    address: str


@dataclass(frozen=True)
class Scope:
    """The filters, looked up. `is_missing`: the attempt is not there or hidden; `is_cut`: there were too many."""

    wanted: Wanted
    attempt: VerificationAttempt | None = None
    is_missing: bool = False
    is_cut: bool = False


def scope(filters: Filters, person: AbstractUser) -> Scope:
    """The records that the filters mean, as far as this person may see them."""
    everything = Wanted(filters.person, filters.action)
    named = filters.attempt or filters.subject
    if not named:
        return Scope(everything)
    attempts = access_policy().visible_attempts(person)
    attempt = attempts.filter(public_id=named).first()
    if attempt is None:
        return Scope(replace(everything, objects=()), is_missing=True)
    found = {attempt.pk: attempt.public_id}
    if filters.subject:
        others = attempts.filter(subject_reference=attempt.subject_reference).order_by("-id")
        found = dict(others.values_list("pk", "public_id")[: MOST + 1])
    lives = dict(list(found.items())[:MOST])
    return Scope(replace(everything, objects=_objects(lives)), attempt, is_cut=len(found) > MOST)


def tabs(filters: Filters) -> list[tuple[Text, str, bool]]:
    """The groups of actions: label, address, and whether it is the one shown."""
    groups = {"": gettext_lazy("All"), **dict(ActionGroup.choices)}
    return [(label, replace(filters, action=name).address(), name == filters.action) for name, label in groups.items()]


def chips(filters: Filters, scope: Scope) -> list[Chip]:
    """The filters that were chosen, in words."""
    chosen = []
    if filters.person:
        chosen.append(Chip(_("Who"), who(filters.person).name, replace(filters, person="").address()))
    if scope.attempt and filters.attempt:
        words = f"{short(scope.attempt.public_id)} {scope.attempt.subject_reference}"
        chosen.append(Chip(_("Attempt"), words, replace(filters, attempt="").address()))
    if scope.attempt and filters.subject:
        chosen.append(Chip(_("Subject"), scope.attempt.subject_reference, replace(filters, subject="").address()))
    if filters.single:
        chosen.append(Chip(_("Thumbnails"), _("each on its own"), replace(filters, single="").address()))
    return chosen


def found_page(text: str, filters: Filters, person: AbstractUser) -> str | None:
    """Where a search for `text` leads, keeping the other filters; None when nothing is exactly that."""
    if not text.isprintable() or not text:
        return None
    actor = _actor(text, person)
    if actor:
        return replace(filters, person=actor).address()
    attempt = _attempt(text, person)
    if attempt:
        is_subject, public_id = attempt.subject_reference == text, str(attempt.public_id)
        named = {"subject": public_id, "attempt": ""} if is_subject else {"attempt": public_id, "subject": ""}
        return replace(filters, **named).address()
    return _numbered(text, person)


def _objects(attempts: Mapping[int, UUID]) -> tuple[str, ...]:
    """The object ids of the attempts' events: their own, and those of their files."""
    media = StoredMedia.objects.filter(attempt_id__in=attempts).values_list("public_id", flat=True)
    return tuple(str(public_id) for public_id in (*attempts.values(), *media))


def _actor(text: str, person: AbstractUser) -> str:
    users: Any = get_user_model()
    user = users._default_manager.filter(**{users.USERNAME_FIELD: text}).first()
    if user:
        return Actor.user(user).name
    spelt, events = (text, Actor.system(text).name), access_policy().visible_events(person)
    return next((actor for actor in spelt if queries.page(Wanted(actor=actor), size=1, among=events).events), "")


def _attempt(text: str, person: AbstractUser) -> VerificationAttempt | None:
    attempts = access_policy().visible_attempts(person)
    by_token = search.find_token(attempts, text)
    if by_token:
        return by_token
    # In an order, the planner may read the whole table in that order to find the first.
    found = next(iter(search.find(attempts, text).order_by()[:1]), None)
    public_id = as_uuid(text)
    if found or not public_id:
        return found
    return attempts.filter(media__public_id=public_id).first()


def _numbered(text: str, person: AbstractUser) -> str | None:
    """The page that begins with the event of this number."""
    is_number = text.isascii() and text.isdecimal() and len(text) <= 18
    events = access_policy().visible_events(person)
    event = events.filter(sequence=int(text)).first() if is_number else None
    if event is None:
        return None
    return Filters(single="1" if queries.is_thumbnail(event) else "").address(before=event.sequence + 1)
