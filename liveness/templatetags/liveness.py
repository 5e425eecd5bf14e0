"""What the app's templates say in small: symbols, and times and digests short enough for a dense page."""

from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any

from django import template
from django.core.signals import setting_changed
from django.dispatch import receiver
from django.templatetags.static import static
from django.urls import get_script_prefix, reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _

from liveness.attempts import wording
from liveness.models import StoredMedia, VerificationAttempt

register = template.Library()

SHOWN = 12
DAY = timedelta(days=1)


@register.simple_tag
def icon(name: str) -> SafeString:
    """A symbol of the sprite. A tag and no template, because a page of the queue shows hundreds."""
    return _symbol(name, get_script_prefix())


@register.simple_tag
def badge(attempt: VerificationAttempt) -> SafeString:
    """The attempt's outcome as symbol, word and colour."""
    outcome = attempt.outcome
    return format_html(
        '<span class="badge badge--{}">{}{}</span>', outcome, icon(outcome), attempt.get_outcome_display()
    )


@register.simple_tag
def small_picture(media: StoredMedia | None) -> SafeString:
    """The small picture of a best frame, or the symbol of why there is none."""
    if media is None:
        return format_html('<span class="thumbnail thumbnail--empty">{}</span>', icon("person"))
    if media.is_viewable and media.thumbnail:
        address = reverse("liveness:media_thumbnail", args=[media.public_id])
        return format_html('<img class="thumbnail" src="{}" width="48" height="60" loading="lazy" alt="">', address)
    title = f"{media.get_kind_display()}: {media.get_state_display().lower()}"
    symbol = icon("flawed" if media.flaw else "flag" if media.is_unverified else media.state)
    return format_html('<span class="thumbnail thumbnail--empty" title="{}">{}</span>', title, symbol)


@register.simple_tag
def minute(at: datetime | None) -> SafeString:
    """A time to the minute, with its zone, and the exact one on hover."""
    if at is None:
        return mark_safe("–")  # noqa: RUF001 - a dash, as typographers have it
    local = timezone.localtime(at)
    exact = date_format(local, "j M Y, H:i:s T")
    return format_html(
        '<time datetime="{}" title="{}">{}</time>', local.isoformat(), exact, date_format(local, "j M Y, H:i T")
    )


@register.simple_tag
def moment(at: datetime | None) -> SafeString:
    """A time to the second, with its zone: the one form of a time in the admin."""
    if at is None:
        return mark_safe("–")  # noqa: RUF001 - a dash, as typographers have it
    local = timezone.localtime(at)
    return format_html('<time datetime="{}">{}</time>', local.isoformat(), date_format(local, "j M Y, H:i:s T"))


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
def ago(moment: datetime) -> str:
    """The same within a sentence: "now", "3 min ago", "5 h ago", "2 d ago", and the date after a month."""
    passed = timezone.now() - moment
    words = age(moment)
    return _("%(time)s ago") % {"time": words} if timedelta(minutes=1) <= passed < 30 * DAY else words


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
def code(text: str) -> str:
    """A result code of the vendor's, short and with its invisible characters written out."""
    return wording.shown_code(text)


@register.filter
def short(text: object) -> str:
    """The first characters of an id or digest: enough to compare by eye."""
    whole = str(text)
    return whole if len(whole) <= SHOWN + 1 else f"{whole[:SHOWN]}…"


# The address of the sprite is looked up in a manifest that stays the same as long as the process.
@lru_cache(maxsize=256)
def _symbol(name: str, script_prefix: str) -> SafeString:
    sprite = static("liveness/icons.svg")
    return format_html(
        '<svg class="icon" aria-hidden="true" focusable="false"><use href="{}#{}"></use></svg>', sprite, name
    )


@receiver(setting_changed)
def _forget_symbols(**change: Any) -> None:
    _symbol.cache_clear()
