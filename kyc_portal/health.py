"""`/healthz`: this process answers. `/readyz`: it can do its work, or which part cannot.

Written by hand because django-health-check 4.8 answers 500 instead of 503, chooses its format by the Accept header
and repeats exception texts, which may name hosts and paths.
"""

from collections import defaultdict

from django.contrib.auth.decorators import login_not_required
from django.db import Error
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from liveness import conditions
from liveness.conditions import Part
from liveness.database import outages
from liveness.polling.overdue import OVERDUE_AFTER_SECONDS, oldest_due

OK = "ok"


@require_safe
@never_cache
@login_not_required
def healthz(request: HttpRequest) -> HttpResponse:
    return JsonResponse({"status": OK})


@require_safe
@never_cache
@login_not_required
def readyz(request: HttpRequest) -> HttpResponse:
    """200 or 503, with one line of state for each part; the age is of the most overdue attempt, in seconds.

    It makes and changes nothing that stays, and names neither hosts nor paths.
    """
    is_refreshed, state = _refresh()
    stopped = _stopped()
    states = {part.value: "; ".join(stopped.get(part, [OK])) for part in Part} | {"refresh": state}
    waiting = [part.value for part in Part if part in stopped] + ([] if is_refreshed else ["refresh"])
    answer = {"status": "not ready" if waiting else OK, "not_ready": waiting, "parts": states}
    return JsonResponse(answer, status=503 if waiting else 200)


def _stopped() -> dict[Part, list[str]]:
    found: defaultdict[Part, list[str]] = defaultdict(list)
    for condition in conditions.active(timezone.now()):
        found[condition.kind.part].append(condition.public)
    return found


def _refresh() -> tuple[bool, str]:
    try:
        age = oldest_due(timezone.now())
    except Error as failure:
        outage = outages.of(failure)
        return False, f"unknown: {outage.text if outage else type(failure).__name__}"
    if age > OVERDUE_AFTER_SECONDS:
        return False, f"an attempt has been due for {age:.0f} s; is liveness_refresh running?"
    return True, f"oldest due attempt: {age:.0f} s"
