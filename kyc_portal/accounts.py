"""Accounts: changing one's own password, and what is written down of log-ins."""

import logging
from http import HTTPStatus
from ipaddress import ip_address
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.contrib.auth import get_user_model
from django.contrib.auth.models import AbstractUser
from django.contrib.auth.signals import user_logged_in, user_login_failed
from django.contrib.auth.views import PasswordChangeView
from django.db import DatabaseError, transaction
from django.http import HttpRequest, HttpResponse
from django.urls import reverse_lazy
from django.utils.crypto import salted_hmac
from django.utils.translation import gettext as _

from liveness import audit
from liveness.audit import Actor, bounded
from liveness.exceptions import ChainError

log = logging.getLogger(__name__)
DIGEST_LENGTH = 16
# Events of refused log-ins within a minute; beyond these the log alone has them.
MOST_REFUSALS = 20
UNKNOWN = "unknown"


class ChangePasswordView(PasswordChangeView):
    """Change one's own password. Django then ends every other session, because each holds a hash of the password."""

    template_name = "accounts/password.html"
    success_url = reverse_lazy("home")

    def form_valid(self, form: Any) -> HttpResponse:
        person = form.user
        try:
            with transaction.atomic():
                # First, because what follows changes the session, which no roll-back undoes.
                audit.record(audit.ACCOUNT_PASSWORD_CHANGED, actor=Actor.user(person), target=person)
                response = super().form_valid(form)
        except ChainError:
            form.add_error(None, _("The change cannot be recorded now, so it is not made. Try again later."))
            return self.render_to_response(self.get_context_data(form=form), status=HTTPStatus.SERVICE_UNAVAILABLE)
        messages.success(self.request, _("Your password is changed. Your other log-ins have ended."))
        return response


change_password = ChangePasswordView.as_view()


def watch_log_ins() -> None:
    """Write down every log-in and every refused one from now on."""
    user_logged_in.connect(_logged_in, dispatch_uid="kyc_portal.logged_in")
    user_login_failed.connect(_refused, dispatch_uid="kyc_portal.refused")


def remote_address(request: HttpRequest | None) -> str:
    """The address of the client: as the proxy in front wrote it, or else of the connection itself."""
    if request is None:
        return UNKNOWN
    # The proxy adds what it saw at the end; whatever precedes it is the client's own claim.
    forwarded = request.headers.get("X-Forwarded-For", "") if settings.BEHIND_PROXY else ""
    address = forwarded.rpartition(",")[2].strip() or request.META.get("REMOTE_ADDR", "")
    try:
        return str(ip_address(address))
    except ValueError:
        return UNKNOWN


def _logged_in(request: HttpRequest | None, user: AbstractUser, **kwargs: Any) -> None:
    # A session that a program makes is nobody's log-in.
    if request is None or request.method != "POST":
        return
    actor = Actor.user(user)
    log.info("Log-in: %s from %s", actor.name, remote_address(request))
    try:
        with transaction.atomic():
            audit.record(audit.ACCOUNT_LOGGED_IN, actor=actor, target=user)
    except (ChainError, DatabaseError) as problem:
        # People who have to mend the chain log in first.
        log.error("The log-in of %s is not in the audit chain (%s)", actor.name, type(problem).__name__)


def _refused(credentials: dict[str, Any], request: HttpRequest | None = None, **kwargs: Any) -> None:
    """One line for each refusal, and few events: one for each name and minute, and for all names `MOST_REFUSALS`.

    The name that was typed stays out of both, because people type their password into the wrong field. Whether there is
    an account of this name changes neither the statements nor the number of events.
    """
    users: Any = get_user_model()
    name = str(credentials.get(users.USERNAME_FIELD, "")).replace("\x00", "")
    try:
        user = users._default_manager.filter(**{users.USERNAME_FIELD: name}).first() or users(pk=_digest(name))
        log.warning("Log-in refused: user:%s from %s", user.pk, remote_address(request))
        bounded.record(
            audit.ACCOUNT_REFUSED, actor=Actor("anonymous"), target=user, most=MOST_REFUSALS, once_for_target=True
        )
    except (ChainError, DatabaseError) as problem:
        log.error("A refused log-in is not in the audit chain (%s)", type(problem).__name__)


def _digest(name: str) -> str:
    """A keyed digest, which tells whether two unknown names are the same and nothing else."""
    return "digest-" + salted_hmac("kyc_portal.log_in", name, algorithm="sha256").hexdigest()[:DIGEST_LENGTH]
