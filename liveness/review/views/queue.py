from typing import Any

from django.http import Http404, HttpRequest, HttpResponse


def queue(request: HttpRequest, **kwargs: Any) -> HttpResponse:
    raise Http404


def find(request: HttpRequest, **kwargs: Any) -> HttpResponse:
    raise Http404


def pulse(request: HttpRequest, **kwargs: Any) -> HttpResponse:
    raise Http404


def next_review(request: HttpRequest, **kwargs: Any) -> HttpResponse:
    raise Http404


def peek(request: HttpRequest, **kwargs: Any) -> HttpResponse:
    raise Http404

