"""The reviewer's pages: a list of attempts and the page of one. The files are sent by `liveness.media.views`."""

from urllib.parse import urlencode
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.db.models.query import EmptyQuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_protect
from django.views.decorators.http import require_POST, require_safe

from liveness import presentation
from liveness.access import Person, access_policy
from liveness.audit import Actor
from liveness.media import access_log
from liveness.models import AttemptQuerySet, Outcome
from liveness.web import keyset, search, searches

PAGE_SIZE = 50
TABS = [("", gettext_lazy("All")), *Outcome.choices]


@require_safe
@login_required
@never_cache
def attempt_list(request: HttpRequest) -> HttpResponse:
    """The newest attempts; `?outcome=` filters, `?search=` names a search, `?before=` and `?after=` turn pages."""
    if "q" in request.GET:
        # A link from before terms were kept on the server.
        return _search(request, request.GET["q"])
    outcome, search_id = request.GET.get("outcome", ""), request.GET.get("search", "")
    outcome, text = outcome if outcome in Outcome.values else "", searches.recall(request, search_id)
    is_forgotten = bool(search_id) and text is None
    attempts = _visible(request.user)
    attempts = attempts.none() if is_forgotten else _narrowed(attempts, outcome, text)
    kept = {"search": "" if is_forgotten else search_id}
    page = keyset.page(
        presentation.with_media(attempts, request.user),
        before=request.GET.get("before", ""),
        after=request.GET.get("after", ""),
        size=PAGE_SIZE,
    )
    context = {
        "rows": presentation.rows(page.rows),
        "tabs": [(label, _link(outcome=each, **kept), each == outcome) for each, label in TABS],
        "outcome": outcome,
        "query": text,
        "is_forgotten": is_forgotten,
        "cleared": _link(outcome=outcome),
        "newer": page.newer and _link(outcome=outcome, **kept, after=page.newer),
        "older": page.older and _link(outcome=outcome, **kept, before=page.older),
    }
    return render(request, "liveness/attempt_list.html", context)


@csrf_protect
@require_POST
@login_required
def attempt_find(request: HttpRequest) -> HttpResponse:
    """The search box. It posts, because what people type may name a person or be a token: neither goes into a URL."""
    return _search(request, request.POST.get("q", ""))


@require_safe
@login_required
@never_cache
def attempt_detail(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """One attempt: its picture and video, the answer, custody, ledger and the subject's other attempts."""
    attempt = access_policy().visible_attempts(request.user).filter(public_id=public_id).first()
    if attempt is None:
        access_log.record_refused_attempt(public_id, actor=Actor.user(request.user))
        raise Http404
    context = presentation.attempt_context(request.user, attempt)
    return render(request, "liveness/attempt_detail.html", context)


def _visible(user: Person) -> AttemptQuerySet:
    attempts = access_policy().visible_attempts(user)
    if isinstance(attempts, EmptyQuerySet):
        raise PermissionDenied
    return attempts


def _narrowed(attempts: AttemptQuerySet, outcome: str, text: str | None) -> AttemptQuerySet:
    attempts = attempts.filter(outcome=outcome) if outcome else attempts
    return search.find(attempts, text) if text else attempts


def _search(request: HttpRequest, typed: str) -> HttpResponse:
    """To the attempt of this token, to the list of what is exactly the text, or of everything."""
    attempts, text = _visible(request.user), typed.strip()
    by_token = search.find_token(attempts, text)
    if by_token:
        return redirect("liveness:attempt_detail", public_id=by_token.public_id)
    if not text:
        return redirect("liveness:attempt_list")
    if search.find(attempts, text).exists():
        return redirect(_link(search=searches.keep(request, text)))
    messages.warning(
        request, _("Nothing matches that exactly. Search by subject reference, token, request id or attempt id.")
    )
    return redirect("liveness:attempt_list")


def _link(**parameters: str) -> str:
    query = urlencode({name: value for name, value in parameters.items() if value})
    return reverse("liveness:attempt_list") + (f"?{query}" if query else "")
