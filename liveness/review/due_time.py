"""How long a review may still wait, or has been settled, in words that fit into a row of the queue."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.utils.translation import gettext as _

from liveness.review.app_settings import review_settings
from liveness.review.models import SETTLED, Review, ReviewState

MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
# The last quarter of the time that a review may take.
SOON = 4
CLOSING = timedelta(minutes=10)


@dataclass(frozen=True)
class Age:
    """`level` is "calm", "soon", "late" or "past"; `at` is the moment that the words count to or from."""

    level: str
    words: str
    at: datetime


def age_of(review: Review, now: datetime) -> Age:
    """What the row says of its time: until it is late, until the vendor's window closes, or since it was settled."""
    left = review.queue_at - now
    if review.state in SETTLED:
        return Age("past", _("%(time)s ago") % {"time": span(-left)}, review.queue_at)
    if review.state == ReviewState.WAITING:
        return _window(left, review.queue_at)
    if left < timedelta(0):
        return Age("late", _("Late by %(time)s") % {"time": span(-left)}, review.queue_at)
    level = "soon" if left < review_settings.SLA / SOON else "calm"
    return Age(level, _("Due in %(time)s") % {"time": span(left)}, review.queue_at)


def span(length: timedelta) -> str:
    """A length of time in at most two units, minutes being the smallest: "35 min", "1 h 25 min", "5 h", "3 d"."""
    minutes = max(length // MINUTE, 1)
    if minutes < 60:
        return _("%(minutes)d min") % {"minutes": minutes}
    if length < 2 * HOUR:
        return _("%(hours)d h %(minutes)02d min") % {"hours": minutes // 60, "minutes": minutes % 60}
    if length < 2 * DAY:
        return _("%(hours)d h") % {"hours": length // HOUR}
    return _("%(days)d d") % {"days": length // DAY}


def _window(left: timedelta, at: datetime) -> Age:
    if left < timedelta(0):
        return Age("late", _("Closed %(time)s ago") % {"time": span(-left)}, at)
    return Age("soon" if left < CLOSING else "calm", _("%(time)s left") % {"time": span(left)}, at)
