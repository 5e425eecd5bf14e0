from typing import Any

from django.http import Http404, HttpRequest, HttpResponse


def decide(request: HttpRequest, **kwargs: Any) -> HttpResponse:
    raise Http404


def undo(request: HttpRequest, **kwargs: Any) -> HttpResponse:
    raise Http404


def note(request: HttpRequest, **kwargs: Any) -> HttpResponse:
    raise Http404

