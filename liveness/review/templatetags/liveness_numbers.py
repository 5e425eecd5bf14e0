"""Numbers in templates, spelt as everywhere else in the review app."""

from django import template

from liveness.review import formatting

register = template.Library()


@register.filter
def grouped(value: int) -> str:
    """Like "12,345"."""
    return formatting.number(value)
