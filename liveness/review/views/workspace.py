from typing import Any

from django.http import Http404, HttpRequest, HttpResponse


def workspace(request: HttpRequest, **kwargs: Any) -> HttpResponse:
    raise Http404


def claim(request: HttpRequest, **kwargs: Any) -> HttpResponse:
    raise Http404


def release(request: HttpRequest, **kwargs: Any) -> HttpResponse:
    raise Http404


def take_over(request: HttpRequest, **kwargs: Any) -> HttpResponse:
    raise Http404


def beat(request: HttpRequest, **kwargs: Any) -> HttpResponse:
    raise Http404

