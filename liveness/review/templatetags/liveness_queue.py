"""The cells of a row of the queue that change while it is looked at: the page and its pulse write them alike.

Tags and no templates, because a page shows a hundred of them.
"""

from django import template
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from liveness.review.due_time import Age
from liveness.review.queue.rows import Holder
from liveness.templatetags.liveness import icon

register = template.Library()

NO_TEXT = SafeString("")
ICONS = {"late": "late", "soon": "pending", "calm": "pending"}


@register.simple_tag
def age(age: Age) -> SafeString:
    """How long a review may still wait, or has been settled, with the exact moment on hover."""
    local = timezone.localtime(age.at)
    return format_html(
        '<span class="age age--{}">{}<time datetime="{}" title="{}">{}</time></span>',
        age.level,
        icon(ICONS[age.level]) if age.level in ICONS else NO_TEXT,
        local.isoformat(timespec="seconds"),
        date_format(local, "j M Y, H:i:s T"),
        age.words,
    )


@register.simple_tag
def holder(holder: Holder | None) -> SafeString:
    """Who claims the review: oneself, somebody who is there or away, or somebody whose lease ran out."""
    if holder is None:
        return NO_TEXT
    words = {"here": _("here"), "away": _("away"), "lapsed": _("lapsed")}
    state = format_html(' <span class="holder__state">{}</span>', words[holder.kind]) if holder.kind in words else ""
    title = _("The claim ran out: anybody may take this review.") if holder.kind == "lapsed" else holder.name
    return format_html(
        '<span class="holder holder--{}" title="{}">{}<span class="holder__name">{}</span>{}</span>',
        holder.kind,
        title,
        icon({"you": "mine", "lapsed": "unlock"}.get(holder.kind, "lock")),
        holder.name,
        state,
    )
