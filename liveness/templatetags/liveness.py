"""What the app's templates say in small: symbols, and times and digests short enough for a dense page."""

from datetime import datetime, timedelta

from django import template
from django.templatetags.static import static
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _

from liveness.models import VerificationAttempt

register = template.Library()

SHOWN = 12
DAY = timedelta(days=1)


@register.simple_tag
def icon(name: str) -> SafeString:
    """A symbol of the sprite. A tag and no template, because a page of the queue shows hundreds."""
    sprite = static("liveness/icons.svg")
    return format_html(
        '<svg class="icon" aria-hidden="true" focusable="false"><use href="{}#{}"></use></svg>', sprite, name
    )


@register.simple_tag
def badge(attempt: VerificationAttempt) -> SafeString:
    """The attempt's outcome as symbol, word and colour."""
    outcome = attempt.outcome
    return format_html(
        '<span class="badge badge--{}">{}{}</span>', outcome, icon(outcome), attempt.get_outcome_display()
    )


@register.simple_tag
def minute(at: datetime | None) -> SafeString:
    """A time to the minute, with the exact one on hover."""
    if at is None:
        return mark_safe("–")  # noqa: RUF001 - a dash, as typographers have it
    local = timezone.localtime(at)
    exact = date_format(local, "j M Y, H:i:s T")
    return format_html(
        '<time datetime="{}" title="{}">{}</time>', local.isoformat(), exact, date_format(local, "j M Y, H:i")
    )


@register.filter
def age(moment: datetime) -> str:
    """How long ago, in one unit: "now", "3 min", "5 h", "2 d", and the date after a month."""
    passed = timezone.now() - moment
    if passed < timedelta(minutes=1):
        return _("now")
    if passed < timedelta(hours=1):
        return _("%(count)d min") % {"count": passed // timedelta(minutes=1)}
    if passed < 2 * DAY:
        return _("%(count)d h") % {"count": passed // timedelta(hours=1)}
    if passed < 30 * DAY:
        return _("%(count)d d") % {"count": passed // DAY}
    return date_format(timezone.localtime(moment), "j M Y")


@register.filter
def remaining(moment: datetime) -> str:
    """How long until then, like "1 h 23 min"; empty once it is past."""
    left = moment - timezone.now()
    if left <= timedelta(0):
        return ""
    minutes = left // timedelta(minutes=1)
    if minutes < 1:
        return _("less than a minute")
    if minutes < 60:
        return _("%(minutes)d min") % {"minutes": minutes}
    return _("%(hours)d h %(minutes)02d min") % {"hours": minutes // 60, "minutes": minutes % 60}


@register.filter
def short(text: object) -> str:
    """The first characters of an id or digest: enough to compare by eye."""
    whole = str(text)
    return whole if len(whole) <= SHOWN + 1 else f"{whole[:SHOWN]}…"
