"""The timeline of one subject, reached by any of its attempts: its reference is personal and stays out of URLs."""

from uuid import UUID

from django.contrib.auth.decorators import login_required, permission_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from liveness.review.audit_log.timeline import MOST
from liveness.review.audit_log.timeline import timeline as timeline_of
from liveness.review.requests import person_of, visible


@require_safe
@login_required
@permission_required("liveness_review.view_review", raise_exception=True)
@never_cache
def timeline(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """All attempts of this attempt's subject that the person may see, the oldest first."""
    person = person_of(request)
    attempt = visible(person, public_id).attempt
    context = {
        "attempt": attempt,
        "timeline": timeline_of(attempt.subject_reference, person, timezone.now()),
        "most": MOST,
    }
    return render(request, "liveness_review/subject.html", context)
