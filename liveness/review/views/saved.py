from typing import Any

from django.http import Http404, HttpRequest, HttpResponse


def save(request: HttpRequest, **kwargs: Any) -> HttpResponse:
    raise Http404


def delete(request: HttpRequest, **kwargs: Any) -> HttpResponse:
    raise Http404


def read_notice(request: HttpRequest, **kwargs: Any) -> HttpResponse:
    raise Http404

