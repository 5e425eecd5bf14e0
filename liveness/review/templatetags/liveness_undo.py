"""The offer to undo what was just decided, for every page that may come after a decision."""

from django import template

from liveness.review.workspace import offers
from liveness.review.workspace.offers import Offer

register = template.Library()


@register.simple_tag(takes_context=True)
def undo_offer(context: template.Context) -> Offer | None:
    """What this person decided last, as long as it may be undone."""
    return offers.undo_offer(context["request"])
