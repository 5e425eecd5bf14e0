"""The offer to undo what was just decided, for every page that may come after a decision."""

from django import template

from liveness.review.workspace import undo_banner
from liveness.review.workspace.undo_banner import Offer

register = template.Library()


@register.simple_tag(takes_context=True)
def undo_offer(context: template.Context) -> Offer | None:
    """What this person decided last, as long as it may be undone."""
    return undo_banner.undo_offer(context["request"])
