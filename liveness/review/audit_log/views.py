"""The audit screen: what was done and looked at, by whom, and how far all that was verified."""

from django.contrib import messages
from django.contrib.auth.decorators import login_required, permission_required
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_protect
from django.views.decorators.http import require_POST, require_safe

from liveness import audit
from liveness.access import access_policy
from liveness.audit import Actor
from liveness.exceptions import AuditKeyError
from liveness.review.audit_log import filters as filtering
from liveness.review.audit_log import queries as chain
from liveness.review.audit_log.filters import MOST, Filters
from liveness.review.audit_log.rows import lines, rows
from liveness.review.requests import SeeOther, person_of

LONGEST_CURSOR = 18
may_audit = permission_required("liveness.view_auditevent", raise_exception=True)


@require_safe
@login_required
@may_audit
@never_cache
def trail(request: HttpRequest) -> HttpResponse:
    """Events, the newest first; `?before=` and `?after=` turn pages, and everything else in the address filters."""
    person, filters = person_of(request), Filters.parse(request.GET)
    scope, policy = filtering.scope(filters, person), access_policy()
    page = chain.page(
        scope.wanted,
        among=policy.visible_events(person),
        before=_cursor(request, "before"),
        after=_cursor(request, "after"),
        line_of=chain.alone if filters.single else chain.together,
    )
    shown = rows(page.events, person)
    # It counts every event, and is for those alone who may see every attempt.
    mark = chain.mark() if policy.may_see_totals(person) else None
    context = {
        "filters": filters,
        "scope": scope,
        "most": MOST,
        "tabs": filtering.tabs(filters),
        "chips": filtering.chips(filters, scope),
        "rows": shown if filters.single else lines(shown),
        "newer": page.newer and filters.address(after=page.newer),
        "older": page.older and filters.address(before=page.older),
        "mark": mark,
        "command": chain.COMMAND,
        "broken_page": mark and mark.broken_at and Filters().address(before=mark.broken_at + 1),
    }
    return render(request, "liveness_review/audit.html", context)


@csrf_protect
@require_POST
@login_required
@may_audit
def find(request: HttpRequest) -> HttpResponse:
    """The search box. It posts, because what people paste into it may be a token, and no token goes into a URL."""
    text, filters = request.POST.get("q", "").strip(), Filters.parse(request.POST)
    target = filtering.found_page(text, filters, person_of(request))
    if target is None:
        messages.warning(
            request,
            _("Nothing matches that exactly. Search by user name, subject reference, token, id or event number."),
        )
    return SeeOther(target or filters.address())


@csrf_protect
@require_POST
@login_required
@may_audit
def verify(request: HttpRequest) -> HttpResponse:
    """Walk the chain now and keep what was found, if it is short enough for a request."""
    if not access_policy().may_see_totals(person_of(request)):
        raise PermissionDenied
    if not chain.is_short():
        messages.warning(
            request, _("The chain is too long to verify from here. Run: %(command)s") % {"command": chain.COMMAND}
        )
    else:
        _check(request)
    return SeeOther(reverse("liveness_review:audit"))


def _check(request: HttpRequest) -> None:
    try:
        audit.check(actor=Actor.user(request.user), now=timezone.now())
    except AuditKeyError as problem:
        messages.error(request, str(problem))


def _cursor(request: HttpRequest, name: str) -> int | None:
    text = request.GET.get(name, "")
    is_number = text.isascii() and text.isdecimal() and len(text) <= LONGEST_CURSOR
    return int(text) if is_number else None
