"""What the views of all pages share: who asks, and what may they see?"""

from uuid import UUID

from django.contrib.auth.models import AbstractUser, AnonymousUser
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponseRedirect

from liveness.audit import Actor
from liveness.media import access_log
from liveness.review import access
from liveness.review.models import Review


class SeeOther(HttpResponseRedirect):
    """303: whatever was asked before, what follows is a GET (RFC 9110, section 15.4.4)."""

    status_code = 303


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
        access_log.record_refused_attempt(public_id, actor=Actor.user(person))
        raise Http404
    return review


def is_part(request: HttpRequest) -> bool:
    """Was this asked for by htmx, which puts the answer into the page that is there?"""
    return request.headers.get("HX-Request") == "true"
