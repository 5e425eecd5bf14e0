"""Pages for outages, in any host project: the first entry of MIDDLEWARE answers 503 instead of 500."""

import sys
from collections.abc import Callable
from http import HTTPStatus
from typing import Any

from django.core.signals import got_request_exception
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.template.loader import render_to_string

from liveness import logs
from liveness.services import conditions
from liveness.services.outages import Outage

RETRY_AFTER = "10"


class OutageMiddleware:
    """Say on one page, and in one line of the log, what is out of order and whether it passes by itself."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self._get_response = get_response
        logs.install_request_filter()
        got_request_exception.connect(_note_outage, dispatch_uid="liveness.middleware")

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
