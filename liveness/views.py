"""The reviewer's pages: a list of attempts and the page of one. The files themselves go through `liveness.door`."""

from urllib.parse import urlencode

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.db.models.query import EmptyQuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_protect
from django.views.decorators.http import require_POST, require_safe

from liveness import keyset, presentation, search
from liveness.access import Person, access_policy
from liveness.models import AttemptQuerySet, Outcome

PAGE_SIZE = 50


@require_safe
@login_required
@never_cache
def attempt_list(request: HttpRequest) -> HttpResponse:
    """The newest attempts; `?outcome=` filters, `?q=` searches exactly, `?before=` and `?after=` turn pages."""
    attempts = _visible(request.user)
    outcome, text = request.GET.get("outcome", ""), request.GET.get("q", "").strip()
    if outcome in Outcome.values:
        attempts = attempts.filter(outcome=outcome)
    if text:
        attempts = search.find(attempts, text)
    page = keyset.page(
        presentation.with_media(attempts, request.user),
        before=request.GET.get("before", ""),
        after=request.GET.get("after", ""),
        size=PAGE_SIZE,
    )
    context = {
        "rows": presentation.rows(page.rows),
        "outcomes": Outcome.choices,
        "outcome": outcome if outcome in Outcome.values else "",
        "query": text,
        "newer": page.newer and _link(outcome=outcome, q=text, after=page.newer),
        "older": page.older and _link(outcome=outcome, q=text, before=page.older),
    }
    return render(request, "liveness/attempt_list.html", context)


@csrf_protect
@require_POST
@login_required
def attempt_find(request: HttpRequest) -> HttpResponse:
    """The search box. It posts, because what people paste into it may be a token, and no token goes into a URL."""
    attempts, text = _visible(request.user), request.POST.get("q", "").strip()
    by_token = search.find_token(attempts, text)
    if by_token:
        return redirect("liveness:attempt_detail", public_id=by_token.public_id)
    if not text or search.find(attempts, text).exists():
        return redirect(_link(q=text))
    messages.warning(
        request, _("Nothing matches that exactly. Search by subject reference, token, request id or attempt id.")
    )
    return redirect("liveness:attempt_list")


@require_safe
@login_required
@never_cache
def attempt_detail(request: HttpRequest, public_id: str) -> HttpResponse:
    """One attempt: its picture and video, the answer, custody, ledger and the subject's other attempts."""
    attempt = access_policy().visible_attempts(request.user).filter(public_id=public_id).first()
    if attempt is None:
        raise Http404
    context = presentation.attempt_context(request.user, attempt)
    return render(request, "liveness/attempt_detail.html", context)


def _visible(user: Person) -> AttemptQuerySet:
    attempts = access_policy().visible_attempts(user)
    if isinstance(attempts, EmptyQuerySet):
        raise PermissionDenied
    return attempts


def _link(**parameters: str) -> str:
    query = urlencode({name: value for name, value in parameters.items() if value})
    return reverse("liveness:attempt_list") + (f"?{query}" if query else "")
