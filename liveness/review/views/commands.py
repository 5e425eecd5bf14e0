"""What the views of one review share: who comes in, and how a command is sent."""

from collections.abc import Callable
from functools import wraps
from uuid import UUID

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.contrib.auth.models import AbstractUser, AnonymousUser
from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import resolve_url
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_protect
from django.views.decorators.http import require_POST
from django_htmx.http import HttpResponseClientRedirect

from liveness.review import access
from liveness.review.models import Review
from liveness.review.queue.filters import View
from liveness.review.workspace import drafts
from liveness.services import viewing
from liveness.services.audit import Actor

Command = Callable[[HttpRequest, Review], HttpResponse]
Handler = Callable[[HttpRequest, UUID], HttpResponse]
DECIDE = ("claim_review", "second_review")


class SeeOther(HttpResponseRedirect):
    """303: whatever was asked before, what follows is a GET (RFC 9110, section 15.4.4)."""

    status_code = 303


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


def person_of(request: HttpRequest) -> AbstractUser:
    """Who is logged in. Raises PermissionDenied when nobody is."""
    if isinstance(request.user, AnonymousUser):
        raise PermissionDenied
    return request.user


def visible(person: AbstractUser, public_id: UUID) -> Review:
    """The review of this attempt. Raises Http404 when there is none that may appear before this person."""
    reviews = access.visible_reviews(person).select_related("attempt", "decision", "proposal")
    review = reviews.filter(attempt__public_id=public_id).first()
    if review is None:
        viewing.record_refused_attempt(public_id, actor=Actor.user(person))
        raise Http404
    return review


def page_of(public_id: UUID, view: View) -> str:
    """The address of the workspace, which remembers the view of the queue that it was reached from."""
    return f"{reverse('liveness_review:workspace', args=[public_id])}?{view.query}"


def back(request: HttpRequest, review: Review) -> HttpResponse:
    """To the page that the command was sent from."""
    return SeeOther(page_of(review.attempt.public_id, View.parse(request.GET)))


def is_part(request: HttpRequest) -> bool:
    """Was this asked for by htmx, which puts the answer into the page that is there?"""
    return request.headers.get("HX-Request") == "true"


def _to_log_in(request: HttpRequest, public_id: UUID) -> HttpResponse:
    page = page_of(public_id, View.parse(request.GET))
    response = redirect_to_login(page, resolve_url(settings.LOGIN_URL))
    if is_part(request):
        # The log-in is a page of its own, not a part of this one.
        return HttpResponseClientRedirect(response["Location"])
    return response
