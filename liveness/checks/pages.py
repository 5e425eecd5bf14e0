"""System checks of the pages: does the log-in lead somewhere, and who may see what?"""

from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core.checks import register
from django.shortcuts import resolve_url
from django.urls import NoReverseMatch, Resolver404, get_script_prefix, resolve, reverse
from django.utils.module_loading import import_string

from liveness.app_settings import app_settings
from liveness.checks.settings import TAG, Messages, _error, _warning


@register(TAG)
def check_login_url(**kwargs: Any) -> Messages:
    if not _is_mounted() or _has_login_page():
        return []
    hint = (
        'Add path("accounts/login/", django.contrib.auth.views.LoginView.as_view()) with a template of yours, or name '
        'another page: LOGIN_URL = "admin:login".'
    )
    text = f"LOGIN_URL ({settings.LOGIN_URL}) leads nowhere, so whoever is not logged in meets a 404."
    return _warning(8, text, hint)


@register(TAG)
def check_access_policy(**kwargs: Any) -> Messages:
    try:
        import_string(app_settings.ACCESS_POLICY)
    except ImportError as problem:
        return _error(6, f"LIVENESS_ACCESS_POLICY: {problem}.", "Set it to the dotted path of an AccessPolicy class.")
    return []


def _is_mounted() -> bool:
    try:
        return bool(getattr(settings, "ROOT_URLCONF", None) and reverse("liveness:attempt_list"))
    except NoReverseMatch:
        return False


def _has_login_page() -> bool:
    try:
        address = urlsplit(resolve_url(settings.LOGIN_URL))
        return bool(address.netloc or resolve("/" + address.path.removeprefix(get_script_prefix())))
    except (NoReverseMatch, Resolver404):
        return False
