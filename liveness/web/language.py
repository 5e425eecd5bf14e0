"""In which language a page is: one that all its texts exist in, so that `<html lang>` is true of the whole page.

Django has words of its own in a hundred languages. With a `LANGUAGE_CODE` for which this app has no catalogue, a page
would mix two languages and name the wrong one.
"""

from collections.abc import Callable, Iterable
from functools import wraps
from typing import TypeVar

from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.template.response import SimpleTemplateResponse
from django.urls import URLPattern
from django.utils import translation

# The languages that every text of this app exists in; variants like "en-gb" belong to theirs.
CATALOGUES = frozenset({"en"})
FALLBACK = "en"

View = Callable[..., HttpResponseBase]
Pattern = TypeVar("Pattern", bound=URLPattern)


def page_language() -> str:
    """The active language if this app has a catalogue for it, and else English."""
    active = translation.get_language() or FALLBACK
    return active if active.partition("-")[0] in CATALOGUES else FALLBACK


def in_page_language(patterns: Iterable[Pattern]) -> list[Pattern]:
    """The URL patterns with their views made to answer in `page_language`, whatever middleware the project has."""
    found = list(patterns)
    for pattern in found:
        pattern.callback = _in_page_language(pattern.callback)
    return found


def _in_page_language(view: View) -> View:
    @wraps(view)
    def answered(request: HttpRequest, *arguments: object, **named: object) -> HttpResponseBase:
        language = page_language()
        with translation.override(language):
            response = view(request, *arguments, **named)
            # The admin's pages are rendered after the view, which would be after the language.
            answer = response.render() if isinstance(response, SimpleTemplateResponse) else response
        if answer.headers.get("Content-Type", "").startswith("text/html"):
            # Django's LocaleMiddleware would name the language of the request.
            answer.headers["Content-Language"] = language
        return answer

    return answered
