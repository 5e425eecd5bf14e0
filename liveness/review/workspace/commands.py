"""How a command on one review is sent: by whom, from where, and where to after it."""

from collections.abc import Callable
from functools import wraps
from uuid import UUID

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import resolve_url
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_protect
from django.views.decorators.http import require_POST
from django_htmx.http import HttpResponseClientRedirect

from liveness.review import access
from liveness.review.models import Review
from liveness.review.queue.filters import View, page_of
from liveness.review.requests import SeeOther, is_part, person_of, visible
from liveness.review.workspace import drafts

Command = Callable[[HttpRequest, Review], HttpResponse]
Handler = Callable[[HttpRequest, UUID], HttpResponse]
DECIDE = ("claim_review", "second_review")


def command(*codenames: str) -> Callable[[Command], Handler]:
    """A view of POSTs by people with one of these permissions.

    Whoever's session has ended logs in and comes back to the page, where what he typed is waiting for him.
    """

    def decorate(view: Command) -> Handler:
        @wraps(view)
        def guarded(request: HttpRequest, public_id: UUID) -> HttpResponse:
            if not request.user.is_authenticated:
                drafts.keep(request)
                return _to_log_in(request, public_id)
            person = person_of(request)
            if not any(access.may(person, codename) for codename in codenames):
                raise PermissionDenied
            return view(request, visible(person, public_id))

        handler: Handler = login_not_required(never_cache(csrf_protect(require_POST(guarded))))
        return handler

    return decorate


def back(request: HttpRequest, review: Review) -> HttpResponse:
    """To the page that the command was sent from."""
    return SeeOther(page_of(review.attempt.public_id, View.parse(request.GET)))


def _to_log_in(request: HttpRequest, public_id: UUID) -> HttpResponse:
    page = page_of(public_id, View.parse(request.GET))
    response = redirect_to_login(page, resolve_url(settings.LOGIN_URL))
    if is_part(request):
        # The log-in is a page of its own, not a part of this one.
        return HttpResponseClientRedirect(response["Location"])
    return response
