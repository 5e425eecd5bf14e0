"""Middleware for a project that uses this app: caches, outages, the language of pages, and the encoding of forms."""

import codecs
import sys
from collections.abc import Callable
from http import HTTPStatus
from typing import Any

from django.core.exceptions import BadRequest
from django.core.signals import got_request_exception
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.template.loader import render_to_string
from django.utils import translation

from liveness import conditions
from liveness.database.outages import Outage
from liveness.web import logs
from liveness.web.language import page_language

RETRY_AFTER = "10"
NO_STORE = "private, no-store"
Next = Callable[[HttpRequest], HttpResponseBase]


class NoStoreMiddleware:
    """`Cache-Control: private, no-store` (RFC 9111, section 5.2.2.5) on every answer, whatever made it.

    A page, a redirect, a refusal and an error may each name a person. Only an answer that says of itself that it is
    `public`, as static files do, is left alone. Put it first, so that the answers of other middleware pass it too.
    """

    def __init__(self, get_response: Next) -> None:
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        response = self._get_response(request)
        if not _is_public(response):
            response.headers["Cache-Control"] = NO_STORE
        return response


class PageLanguageMiddleware:
    """Every page in a language that this app has a catalogue for: the project's own pages and the admin too.

    The app's URLs do this by themselves. Put it behind Django's `LocaleMiddleware`, if the project has that.
    """

    def __init__(self, get_response: Next) -> None:
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        with translation.override(page_language()):
            return self._get_response(request)


class Utf8Middleware:
    """Refuse (400) a request that says it is in another encoding: pages are in UTF-8, and so are forms sent from them.

    In UTF-7 a form may hold half of a surrogate pair, which is no text that a database takes.
    """

    def __init__(self, get_response: Next) -> None:
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        # Django sets an encoding only where the request names one that Python knows.
        if request.encoding and codecs.lookup(request.encoding).name != "utf-8":
            raise BadRequest("The request is not in UTF-8.")
        return self._get_response(request)


class OutageMiddleware:
    """Say on one page, and in one line of the log, what is out of order and whether it passes by itself."""

    def __init__(self, get_response: Next) -> None:
        self._get_response = get_response
        logs.install_request_filter()
        got_request_exception.connect(_note_outage, dispatch_uid="liveness.web.middleware")

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        response = self._get_response(request)
        outage = getattr(request, logs.OUTAGE, None)
        if outage and response.status_code == HTTPStatus.INTERNAL_SERVER_ERROR:
            return outage_page(outage)
        return response


def outage_page(outage: Outage) -> HttpResponse:
    """It needs neither the database nor the request, for both may be what is broken."""
    text = render_to_string("liveness/outage.html", {"text": outage.text, "passes": outage.kind.passes})
    response = HttpResponse(text, status=HTTPStatus.SERVICE_UNAVAILABLE)
    response.headers["Cache-Control"] = "no-store"
    if outage.kind.passes:
        response.headers["Retry-After"] = RETRY_AFTER
    return response


def _note_outage(request: HttpRequest | None = None, **more: Any) -> None:
    """Django sends this while the exception is at hand, before it writes to the log."""
    outage = conditions.explain(sys.exc_info()[1])
    if request is not None and outage:
        setattr(request, logs.OUTAGE, outage)


def _is_public(response: HttpResponseBase) -> bool:
    directives = response.headers.get("Cache-Control", "").split(",")
    return "public" in {directive.strip().lower() for directive in directives}
