"""The queue: what there is to review, what came in since, and the next of it."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_not_required, login_required, permission_required
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_protect
from django.views.decorators.http import require_POST, require_safe

from liveness.access import access_policy
from liveness.models import MediaKind, VerificationAttempt
from liveness.review.access import Person
from liveness.review.queue import listing
from liveness.review.queue import next_review as queue_next_review
from liveness.review.queue.filters import TABS, View, page_of
from liveness.review.queue.keyset import Page, Place
from liveness.review.queue.rows import changes, rows
from liveness.review.requests import SeeOther, person_of
from liveness.web import search
from liveness.web.search import as_uuid

PAGE_SIZE = 50
may_look = permission_required("liveness_review.view_review", raise_exception=True)


@require_safe
@login_required
@may_look
@never_cache
def queue(request: HttpRequest) -> HttpResponse:
    """One tab of the queue; `?after=` and `?before=` turn pages, and everything else in the address filters."""
    person, now, view = person_of(request), timezone.now(), View.parse(request.GET)
    turned = _turned(request)
    page = listing.page(view, person, size=PAGE_SIZE, now=now, **turned)
    tallies = _tallies(person)
    context = {
        "view": view,
        "page": page,
        "rows": rows(page.rows, view.tab, person, now),
        "is_inside": any(turned.values()),
        "is_claiming": view.to_claim_from(person) is not None,
        "pulse": _pulse_of(request, view, page, tallies["unread"]),
        "saved_views": listing.saved_views(person),
        "notices": listing.notices(person) if tallies["unread"] else [],
        **tallies,
    }
    return render(request, "liveness_review/queue.html", context)


@login_not_required
@require_safe
@never_cache
def pulse(request: HttpRequest) -> HttpResponse:
    """What changed since the page was made, as fragments for its places; its rows stay where they are.

    The page adds to its own address the rows that it shows and the places that bound them. Whoever is no longer logged
    in gets a 401, which the page can tell him, instead of a log-in that nobody asked for.
    """
    if not request.user.is_authenticated:
        return HttpResponse(status=401)
    if not request.user.has_perm("liveness_review.view_review"):
        raise PermissionDenied
    person, now, view = person_of(request), timezone.now(), View.parse(request.GET)
    shown, tallies = _shown(request), _tallies(person)
    top, end = _place(request, "top"), _place(request, "end")
    context = {
        "changes": changes(listing.listed(shown, person), view.tab, person, now),
        "arrived": listing.arrivals(view, person, shown, top=top, end=end, now=now),
        "untold": max(tallies["unread"] - _told(request), 0),
        "address": _address("queue", view, **_turned(request)),
        **tallies,
    }
    return render(request, "liveness_review/includes/queue_pulse.html", context)


@csrf_protect
@require_POST
@login_required
@may_look
def find(request: HttpRequest) -> HttpResponse:
    """The search box. It posts, because what people paste into it may be a token, and no token goes into an address."""
    view, text = View.parse(request.POST), request.POST.get("q", "").strip()
    found = _found(person_of(request), text)
    if len(found) > 1:
        return SeeOther(reverse("liveness_review:subject", args=[found[0].public_id]))
    if found:
        return SeeOther(page_of(found[0].public_id, view))
    if text:
        missed = _("Nothing matches that exactly. Search by subject reference, token, request id or attempt id.")
        messages.warning(request, missed)
    return SeeOther(_address("queue", view))


@csrf_protect
@require_POST
@login_required
@may_look
def next_review(request: HttpRequest) -> HttpResponse:
    """Open what the person holds of the view, or else claim the next; never the one that he comes `from`."""
    person, asked = person_of(request), View.parse(request.POST)
    source = asked.to_claim_from(person)
    if source is None:
        raise PermissionDenied
    leaving = as_uuid(request.POST.get("from", ""))
    found = queue_next_review.go_on(asked, source, person, timezone.now(), leaving=leaving)
    if found:
        claim, view = found
        return SeeOther(page_of(claim.review.attempt.public_id, view))
    messages.info(request, _("Nothing is left here that you could claim."))
    return SeeOther(_address("queue", asked))


@require_safe
@login_required
@may_look
@never_cache
def peek(request: HttpRequest) -> HttpResponse:
    """What `next_review` would most likely open, for a page that gets ready for it."""
    person, asked = person_of(request), View.parse(request.GET)
    source = asked.to_claim_from(person)
    if source is None:
        raise PermissionDenied
    leaving = as_uuid(request.GET.get("from", ""))
    review = queue_next_review.look_ahead(asked, source, person, timezone.now(), leaving=leaving)
    if review is None:
        return HttpResponse(status=204)
    return JsonResponse({"id": str(review.attempt.public_id), "frame": _frame(review.attempt, person)})


def _tallies(person: Person) -> dict[str, Any]:
    """The tabs with their counts, and the number of unread notices."""
    counts = listing.counts(person)
    unread = counts.pop(listing.NOTICES)
    tabs = [(TABS[name], count) for name, count in counts.items()]
    return {"tabs": tabs, "most": listing.MOST_COUNTED, "unread": unread}


def _found(person: Person, text: str) -> list[VerificationAttempt]:
    """The newest of the attempts that the text names exactly; more than one if they are several."""
    attempts = access_policy().visible_attempts(person).filter(review__isnull=False)
    by_token = search.find_token(attempts, text)
    return [by_token] if by_token else list(search.find(attempts, text).order_by("-id")[:2])


def _frame(attempt: VerificationAttempt, person: Person) -> str | None:
    pictures = access_policy().visible_media(person).filter(attempt=attempt, kind=MediaKind.BEST_FRAME).order_by("id")
    picture = next((picture for picture in pictures if picture.is_viewable), None)
    return reverse("liveness:media", args=[picture.public_id]) if picture else None


def _place(request: HttpRequest, name: str) -> Place | None:
    return Place.parse(request.GET.get(name, ""))


def _address(name: str, view: View, **places: Place | None) -> str:
    parameters = "".join(f"&{name}={place}" for name, place in places.items() if place)
    return f"{reverse(f'liveness_review:{name}')}?{view.query}{parameters}"


def _turned(request: HttpRequest) -> dict[str, Place | None]:
    return {name: _place(request, name) for name in ("after", "before")}


def _pulse_of(request: HttpRequest, view: View, page: Page, unread: int) -> str:
    """The address that tells what changed on this page: its own, with the rows that it shows, and their bounds."""
    turned = _turned(request)
    top = page.before if turned["before"] else turned["after"]
    address = _address("pulse", view, top=top, end=page.after, **turned)
    shown = ".".join(review.attempt.public_id.hex for review in page.rows)
    return f"{address}&told={unread}&shown={shown}"


def _told(request: HttpRequest) -> int:
    """How many notices the page knows of."""
    told = request.GET.get("told", "")
    return int(told) if told.isdecimal() and len(told) < 6 else 0


def _shown(request: HttpRequest) -> set[UUID]:
    ids = (as_uuid(text) for text in request.GET.get("shown", "").split(".")[:PAGE_SIZE])
    return {each for each in ids if each}
