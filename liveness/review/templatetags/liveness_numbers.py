"""Numbers in templates, spelt as everywhere else in the review app."""

from django import template

from liveness.review import numerals

register = template.Library()


@register.filter
def grouped(value: int) -> str:
    """Like "12,345"."""
    return numerals.number(value)
