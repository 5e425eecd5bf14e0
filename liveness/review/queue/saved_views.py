"""What belongs to one person: saved views of the queue, and notices."""

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.csrf import csrf_protect
from django.views.decorators.http import require_POST

from liveness.review import access
from liveness.review.models import Notice, SavedView
from liveness.review.queue.filters import View
from liveness.review.queue.views import may_look
from liveness.review.requests import SeeOther, person_of

LONGEST_NAME = 60
MOST_VIEWS = 50


@csrf_protect
@require_POST
@login_required
@may_look
def save(request: HttpRequest) -> HttpResponse:
    """Keep the view that was posted under a name; the same name again replaces one's own view of that name."""
    person, view, name = person_of(request), View.parse(request.POST), request.POST.get("name", "").strip()
    is_shared = "shared" in request.POST
    if is_shared and not access.may(person, "share_view"):
        raise PermissionDenied
    problem = _problem(name, SavedView.objects.filter(owner=person.pk))
    if problem:
        messages.error(request, problem)
    else:
        values = {"query": view.query, "is_shared": is_shared}
        SavedView.objects.update_or_create(owner_id=person.pk, name=name, defaults=values)
        messages.success(request, _("The view is saved."))
    return _back(view)


@csrf_protect
@require_POST
@login_required
@may_look
def delete(request: HttpRequest, pk: int) -> HttpResponse:
    """Remove one's own view; those of others do not exist here."""
    removed, _details = SavedView.objects.filter(pk=pk, owner=person_of(request).pk).delete()
    if not removed:
        raise Http404
    messages.success(request, _("The view is deleted."))
    return _back(View.parse(request.POST))


@csrf_protect
@require_POST
@login_required
@may_look
def read_notice(request: HttpRequest, pk: int) -> HttpResponse:
    """Put away a notice of one's own."""
    notice = Notice.objects.filter(pk=pk, person=person_of(request).pk).first()
    if notice is None:
        raise Http404
    Notice.objects.filter(pk=notice.pk, read_at__isnull=True).update(read_at=timezone.now())
    return _back(View.parse(request.POST))


def _problem(name: str, own: QuerySet[SavedView]) -> str:
    """What stands against saving under this name; empty if nothing does."""
    if not name or len(name) > LONGEST_NAME or not name.isprintable():
        return _("Give the view a name of at most %(count)d characters.") % {"count": LONGEST_NAME}
    if not own.filter(name=name).exists() and own.count() >= MOST_VIEWS:
        return _("You have %(count)d views already. Delete one that you no longer need.") % {"count": MOST_VIEWS}
    return ""


def _back(view: View) -> HttpResponse:
    return SeeOther(f"{reverse('liveness_review:queue')}?{view.query}")
