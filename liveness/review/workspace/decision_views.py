"""What people say on a review: decisions, taking one back, notes."""

from http import HTTPStatus
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.models import AbstractUser
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django_htmx.http import HttpResponseClientRedirect

from liveness.review import wording
from liveness.review.audit_log import histories
from liveness.review.decisions import decide as decisions_decide
from liveness.review.decisions import notes
from liveness.review.exceptions import RefusedError, StaleError
from liveness.review.models import Review
from liveness.review.queue import next_review
from liveness.review.queue.filters import View, page_of
from liveness.review.requests import SeeOther, is_part, person_of, visible
from liveness.review.workspace import claim_status, conflicts, drafts, presentation, undo_banner
from liveness.review.workspace.commands import DECIDE, back, command
from liveness.review.workspace.forms import Typed, stand_of
from liveness.review.workspace.views import page
from liveness.web.search import as_uuid


@command(*DECIDE)
def decide(request: HttpRequest, review: Review) -> HttpResponse:
    """Decide, and go on to the next review of the same view. What is refused comes back as it was typed."""
    person, now = person_of(request), timezone.now()
    typed, stand = Typed.of(request.POST), stand_of(request.POST)
    try:
        if stand is None:
            raise StaleError("claim", str(wording.STALE["claim"]))
        decision = decisions_decide.decide(review, typed.draft, stand, typed.shown, person=person, now=now)
    except StaleError as error:
        fresh = visible(person, review.attempt.public_id)
        return _conflict(request, fresh, error, typed, stand.claim if stand else None)
    except RefusedError as error:
        fresh = visible(person, review.attempt.public_id)
        return page(request, fresh, typed=typed, problems=error.problems, status=HTTPStatus.UNPROCESSABLE_ENTITY)
    undo_banner.remember(request, decision)
    return _onward(request, person, review)


@command(*DECIDE)
def undo(request: HttpRequest, review: Review) -> HttpResponse:
    """Take one's own newest decision back; the form is filled in again as it was."""
    person, decision_id = person_of(request), as_uuid(request.POST.get("decision", ""))
    own = review.decisions.filter(maker=person.pk)
    decision = own.filter(public_id=decision_id).first() if decision_id else None
    undo_banner.forget(request)
    try:
        if decision is None:
            raise RefusedError([_("There is no decision of yours to undo.")])
        decisions_decide.undo(decision, person=person, now=timezone.now())
    except RefusedError as error:
        messages.warning(request, str(error))
    else:
        messages.success(request, _("Undone. You hold the review again."))
    return back(request, review)


@command("add_note")
def note(request: HttpRequest, review: Review) -> HttpResponse:
    """Add a note for colleagues, for good."""
    text = Typed.of(request.POST).note
    try:
        notes.write(review, text, author=person_of(request), now=timezone.now())
    except RefusedError as error:
        return page(request, review, note=text, note_problems=error.problems, status=HTTPStatus.UNPROCESSABLE_ENTITY)
    return SeeOther(back(request, review)["Location"] + "#notes")


def _onward(request: HttpRequest, person: AbstractUser, decided: Review) -> HttpResponse:
    """To the next review of the same view, which is held for this person, or back to the queue when none is left.

    One that he holds already comes first: after an undo there are two, and a form that was sent twice finds the one
    that it brought the first time.
    """
    asked, leaving = View.parse(request.GET), decided.attempt.public_id
    source = asked.to_claim_from(person)
    found = next_review.go_on(asked, source, person, timezone.now(), leaving=leaving) if source else None
    if found:
        claim, view = found
        return SeeOther(page_of(claim.review.attempt.public_id, view))
    queue = f"{reverse('liveness_review:queue')}?{asked.query}"
    # The queue has a style sheet of its own, which a part of a page would not bring along.
    return HttpResponseClientRedirect(queue) if is_part(request) else SeeOther(queue)


def _conflict(
    request: HttpRequest, review: Review, error: StaleError, typed: Typed, claim_id: UUID | None
) -> HttpResponse:
    person, now = person_of(request), timezone.now()
    if error.what == "evidence":
        # What was measured belongs to a video that may not be the one shown next.
        typed = typed.without_viewing()
    context = presentation.decision_form(review, typed, histories.is_hidden(review, person)) | {
        "review": review,
        "attempt": review.attempt,
        "conflict": conflicts.explain(error, review, person, claim_id),
        "hold": claim_status.hold(review, person, now),
        "author": drafts.author(person, review.attempt.public_id),
        "view": View.parse(request.GET),
    }
    response = render(request, "liveness_review/conflict.html", context, status=HTTPStatus.CONFLICT)
    response.headers["HX-Push-Url"] = "false"
    return response
