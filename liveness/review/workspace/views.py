"""The page of one review, and the commands that give it to one person and take it from another."""

from typing import Any
from uuid import UUID

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_not_required, login_required, permission_required
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render, resolve_url
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_protect
from django.views.decorators.http import require_POST, require_safe

from liveness.review import access
from liveness.review.claims import claims
from liveness.review.exceptions import HeldError
from liveness.review.models import Review
from liveness.review.queue.filters import View
from liveness.review.requests import is_part, person_of, visible
from liveness.review.workspace import claim_status, drafts, opening, presentation
from liveness.review.workspace.commands import DECIDE, back, command
from liveness.review.workspace.forms import stand_of, text_of


@require_safe
@login_required
@permission_required("liveness_review.view_review", raise_exception=True)
@never_cache
def workspace(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """Everything there is to look at and to decide on. Looking does not claim."""
    return page(request, visible(person_of(request), public_id))


@command(*DECIDE)
def claim(request: HttpRequest, review: Review) -> HttpResponse:
    """Take the review, or say who has it. What was typed on a page that came too late is carried over."""
    drafts.keep(request)
    try:
        claims.claim(review, person=person_of(request), now=timezone.now())
    except HeldError as error:
        messages.warning(request, str(error))
    return back(request, review)


@command(*DECIDE)
def release(request: HttpRequest, review: Review) -> HttpResponse:
    """Give the review back to the queue."""
    if claims.release(review, person=person_of(request), now=timezone.now()):
        messages.success(request, _("Released. Somebody else can take it now."))
    return back(request, review)


@command("take_over_review")
def take_over(request: HttpRequest, review: Review) -> HttpResponse:
    """Take the review from whoever holds it, who is told the reason."""
    try:
        reason = text_of(request.POST, "reason")
        claims.take_over(review, person=person_of(request), reason=reason, now=timezone.now())
    except HeldError as error:
        messages.warning(request, str(error))
    return back(request, review)


@login_not_required
@never_cache
@csrf_protect
@require_POST
def beat(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """A sign of life of an open page, answered with what its reader should know.

    A page that is worked on also has a glance every few seconds, which is no sign of life and costs one query: nothing
    is answered as long as the review stands as the page shows it.
    """
    if not request.user.is_authenticated:
        return JsonResponse({}, status=401)
    person, now = person_of(request), timezone.now()
    if "glance" in request.POST and claim_status.stands(public_id, stand_of(request.POST), person):
        return HttpResponse(status=204)
    if not access.may(person, "view_review"):
        raise PermissionDenied
    review = visible(person, public_id)
    claims.renew(review, person=person, now=now)
    hold = claim_status.hold(review, person, now)
    shown = request.POST.get("version"), request.POST.get("evidence_digest")
    answer = {
        "held": hold.is_mine,
        "until": hold.claim.expires_at.isoformat() if hold.claim else None,
        "holder": hold.holder,
        "changed": shown != (str(review.version), review.evidence_digest),
        "others": hold.others,
    }
    return JsonResponse(answer)


def page(request: HttpRequest, review: Review, *, status: int = 200, **more: Any) -> HttpResponse:
    """The workspace; `more` is what came back from one of its forms: `typed`, `problems`, `note_problems`."""
    person, now = person_of(request), timezone.now()
    opening.record_opening(review, person=person, now=now)
    claims.renew(review, person=person, now=now)
    draft = drafts.kept(request, person, review.attempt.public_id)
    context = presentation.workspace(review, person, now, typed=more.pop("typed", None), draft=draft)
    if draft and (context["hold"].is_mine or draft.note):
        drafts.forget(request)
    view = View.parse(request.GET)
    context |= {
        "view": view,
        "is_part": is_part(request),
        "is_claiming": view.to_claim_from(person) is not None,
        "log_in": resolve_url(settings.LOGIN_URL),
    } | more
    response = render(request, "liveness_review/workspace.html", context, status=status)
    if status != 200:
        # The address of the form that was refused is none to come back to, and what is wrong with it gets the focus.
        response.headers["HX-Push-Url"] = "false"
        response.headers["HX-Reswap"] = "outerHTML show:none"
    return response
