"""What the queue's page reads: a page of rows with all they show, the counts on the tabs, notices and saved views.

Each function is one query, whose cost depends on neither the depth of the page nor the size of the table.
"""

from collections.abc import Iterable
from datetime import datetime
from typing import Any
from uuid import UUID

from django.contrib.auth import get_user_model
from django.db.models import F, FilteredRelation, IntegerField, Prefetch, Q, QuerySet, Subquery

from liveness.access import access_policy
from liveness.models import VerificationAttempt
from liveness.review.access import Person, visible_reviews
from liveness.review.models import Notice, Review, ReviewQuerySet, SavedView
from liveness.review.queue import keyset
from liveness.review.queue.filters import TABS, View, in_tab
from liveness.review.queue.keyset import Place

MOST_COUNTED = 999
MOST_NOTICES = 5
MOST_VIEWS = 100
NOTICES = "notices"
REVIEW_FIELDS = ("state", "signals", "queue_at")
ATTEMPT_FIELDS = ("public_id", "subject_reference", "outcome", "result_code", "last_error")
# The active claim's holder, his name, his last sign of life and the end of his lease; all None where nobody claims.
HOLD = ("held_by", "held_name", "held_seen_at", "held_until")
DECISION_FIELDS = ("outcome", "decided_at", "maker", "is_blind")


class CountUpTo(Subquery):
    """How many rows a sliced query finds. Its order stays, because it is what makes a database use the index."""

    template = "(SELECT COUNT(*) FROM (%(subquery)s) AS counted)"
    output_field = IntegerField()


def page(
    view: View, person: Person, *, after: Place | None, before: Place | None, size: int, now: datetime
) -> keyset.Page:
    """One page of the view, its rows ready to show. A second query fetches the media that the person may see."""
    # Of both kinds: asked for pictures alone, SQLite reads through all that there are.
    visible = access_policy().visible_media(person).order_by("id")
    media = Prefetch("attempt__media", queryset=visible, to_attr="visible_media")
    return keyset.page(
        view.narrow(visible_reviews(person), person, now),
        is_descending=view.tab.is_newest_first,
        after=after,
        before=before,
        size=size,
        dressed=lambda reviews: joined(reviews, view.tab.verdict).prefetch_related(media),
    )


def joined(reviews: ReviewQuerySet, verdict: str = "") -> ReviewQuerySet:
    """The reviews with what a row shows of the attempt, the `verdict` if any, and, as `HOLD`, of the active
    claim.

    PostgreSQL plans joins of more than eight tables in the order in which they are written, so few are joined.
    """
    name = get_user_model().USERNAME_FIELD
    active = FilteredRelation("claims", condition=Q(claims__ended_at__isnull=True))
    hold = ("hold__holder", f"hold__holder__{name}", "hold__seen_at", "hold__expires_at")
    fields = [*REVIEW_FIELDS, *(f"attempt__{field}" for field in ATTEMPT_FIELDS)]
    if verdict:
        fields += [verdict, *(f"{verdict}__{field}" for field in (*DECISION_FIELDS, f"maker__{name}"))]
    reviews = reviews.select_related("attempt", *([f"{verdict}__maker"] if verdict else []))
    columns = {alias: F(path) for alias, path in zip(HOLD, hold, strict=True)}
    return reviews.annotate(hold=active, **columns).only(*fields)


def listed(ids: Iterable[UUID], person: Person) -> list[Review]:
    """The reviews that a page shows, as they stand now, whatever tab they are in."""
    return list(joined(visible_reviews(person).filter(attempt__public_id__in=list(ids))))


def arrivals(
    view: View, person: Person, shown: set[UUID], *, top: Place | None, end: Place | None, now: datetime
) -> int:
    """How many reviews of the view lie within a page, from `top` to `end`, that it does not show; about 99 at most."""
    reviews = view.narrow(visible_reviews(person), person, now)
    within = keyset.between(reviews, is_descending=view.tab.is_newest_first, after=top, before=end)
    keys = within.order_by(*keyset.order(view.tab.is_newest_first)).values("pk")[: len(shown) + 99]
    found = VerificationAttempt.objects.filter(pk__in=keys).values_list("public_id", flat=True)
    return len(set(found) - shown)


def counts(person: Person) -> dict[str, int]:
    """How many reviews each tab has, and how many unread notices wait; each counted to 1,000 at most."""
    reviews = visible_reviews(person).order_by("queue_at", "attempt_id")
    counted: dict[str, QuerySet[Any, Any]] = {name: in_tab(reviews, name, person).values("pk") for name in TABS}
    counted[NOTICES] = unread(person).values("pk")
    subqueries = {f"count_of_{name}": CountUpTo(rows[: MOST_COUNTED + 1]) for name, rows in counted.items()}
    # Subqueries need a row to stand beside; the person's own is sure to be there.
    row = get_user_model()._base_manager.filter(pk=person.pk).values_list(*subqueries.values()).get()
    return {name: number or 0 for name, number in zip(counted, row, strict=True)}


def unread(person: Person) -> QuerySet[Notice]:
    """What the person has not been told yet, the newest first; nothing of reviews that he may see no longer."""
    notices = Notice.objects.filter(person=person.pk, read_at__isnull=True)
    return notices.filter(review__in=visible_reviews(person).order_by().values("pk")).order_by("-id")


def notices(person: Person) -> list[Notice]:
    return list(unread(person).select_related("review__attempt")[:MOST_NOTICES])


def saved_views(person: Person) -> list[SavedView]:
    """The person's own views and those that others share."""
    views = SavedView.objects.filter(Q(owner=person.pk) | Q(is_shared=True)).select_related("owner")
    return list(views.order_by("name", "id")[:MOST_VIEWS])
