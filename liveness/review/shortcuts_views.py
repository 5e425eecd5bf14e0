"""The page on which a person chooses keys."""

from collections.abc import Mapping
from dataclasses import dataclass

from django.contrib import messages
from django.contrib.auth.decorators import login_required, permission_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_protect
from django.views.decorators.http import require_http_methods

from liveness.review.requests import person_of
from liveness.review.shortcuts import COMMANDS, GROUPS, Command, load, problems, read, save


@dataclass(frozen=True)
class Field:
    """One command's line in the form."""

    name: str
    words: Promise
    key: str
    default: str
    problem: str


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
@permission_required("liveness_review.view_review", raise_exception=True)
@never_cache
@csrf_protect
def keys(request: HttpRequest) -> HttpResponse:
    """The person's keys; a POST saves them, or says which of them collide."""
    if request.method != "POST":
        mine = load(request.user, request.session)
        return _page(request, mine.by_command, {}, is_on=mine.is_on)
    is_reset = "defaults" in request.POST
    chosen = {name: command.key for name, command in COMMANDS.items()} if is_reset else read(request.POST)
    is_on = is_reset or "is_on" in request.POST
    found = problems(chosen)
    if found:
        return _page(request, chosen, found, is_on=is_on, status=422)
    save(person_of(request), request.session, chosen, is_on=is_on)
    messages.success(request, _("Your keys are saved."))
    return redirect("liveness_review:keys")


def _page(
    request: HttpRequest, chosen: Mapping[str, str], found: Mapping[str, str], *, is_on: bool, status: int = 200
) -> HttpResponse:
    groups = [(group.words, [_field(command, chosen, found) for command in group.commands]) for group in GROUPS]
    context = {"groups": groups, "is_on": is_on, "has_problems": bool(found)}
    return render(request, "liveness_review/keys.html", context, status=status)


def _field(command: Command, chosen: Mapping[str, str], found: Mapping[str, str]) -> Field:
    return Field(command.name, command.words, chosen[command.name], command.key, found.get(command.name, ""))
