"""The portal's own views: where people start, leaving, and the page for what went wrong."""

from django.contrib.auth.decorators import login_not_required
from django.contrib.auth.views import LogoutView
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.templatetags.static import static
from django.views.decorators.http import require_safe

# The first page that a person may open is where his day starts.
STARTS = (
    ("liveness_review.view_review", "liveness_review:queue"),
    ("liveness.view_verificationattempt", "liveness:attempt_list"),
)


@require_safe
def home(request: HttpRequest) -> HttpResponse:
    """To the queue, or to whatever this person works with instead."""
    for permission, page in STARTS:
        if request.user.has_perm(permission):
            return redirect(page)
    return redirect("admin:index" if getattr(request.user, "is_staff", False) else "liveness:attempt_list")


@login_not_required
@require_safe
def favicon(request: HttpRequest) -> HttpResponse:
    """The symbol, for browsers that ask for it where no page names one."""
    return redirect(static("portal/icon.svg"))


class LeaveView(LogoutView):
    """Log out, and have the browser drop what it still keeps of the portal's pages (W3C Clear Site Data)."""

    def dispatch(self, request: HttpRequest, *args: object, **kwargs: object) -> HttpResponse:
        response = super().dispatch(request, *args, **kwargs)
        # Only for who really left: any site can have a browser ask for this address with GET.
        if request.method == "POST":
            response.headers["Clear-Site-Data"] = '"cache", "storage"'
        return response


leave = login_not_required(LeaveView.as_view())


@login_not_required
def server_error(request: HttpRequest) -> HttpResponse:
    """A fault of ours. For an outage OutageMiddleware has a page of its own."""
    return render(None, "500.html", status=500)
