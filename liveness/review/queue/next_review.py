"""Where a person goes on: to what he holds already, and only when that is done to another review.

So nobody gathers reviews that he does not work on: what an undo left behind comes back before anything new is claimed.
"""

from datetime import datetime
from uuid import UUID

from django.contrib.auth.models import AbstractUser

from liveness.review import access
from liveness.review.claims import claims
from liveness.review.models import Claim, Review, ReviewQuerySet
from liveness.review.queue.filters import MINE, View


def go_on(
    asked: View, source: View, person: AbstractUser, now: datetime, *, leaving: UUID | None = None
) -> tuple[Claim, View] | None:
    """A claim that stands for this person now, and the view that its review belongs to; None when nothing is left.

    `source` is where `asked` claims from. The attempt that the person comes from, `leaving`, is never the answer.
    """
    view = _own(asked, source)
    held = claims.resume(_reviews(view, person, now, leaving), person=person, now=now)
    if held:
        return held, view
    taken = claims.claim_next(_reviews(source, person, now, leaving), person=person, now=now)
    return (taken, source) if taken else None


def look_ahead(
    asked: View, source: View, person: AbstractUser, now: datetime, *, leaving: UUID | None = None
) -> Review | None:
    """The review that `go_on` would most likely lead to."""
    held = claims.own(_reviews(_own(asked, source), person, now, leaving), person=person)
    return held or claims.preview_next(_reviews(source, person, now, leaving), person=person, now=now)


def _own(asked: View, source: View) -> View:
    """Where to look for what the person holds: his own list, if that is what he looks at."""
    return asked if asked.tab.name == MINE else source


def _reviews(view: View, person: AbstractUser, now: datetime, leaving: UUID | None) -> ReviewQuerySet:
    """The reviews of the view, whoever holds them."""
    chosen = {name: value for name, value in view.chosen.items() if name != "holder"}
    reviews = View(view.tab, chosen).narrow(access.visible_reviews(person), person, now)
    return reviews.exclude(attempt__public_id=leaving) if leaving else reviews
