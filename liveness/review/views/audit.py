from typing import Any

from django.http import Http404, HttpRequest, HttpResponse


def trail(request: HttpRequest, **kwargs: Any) -> HttpResponse:
    raise Http404


def find(request: HttpRequest, **kwargs: Any) -> HttpResponse:
    raise Http404


def verify(request: HttpRequest, **kwargs: Any) -> HttpResponse:
    raise Http404

