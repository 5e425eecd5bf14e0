"""The portal's admin site: every list takes from its address what it offers, whichever app registers it."""

from collections.abc import Callable, Iterable
from functools import wraps
from typing import Any

from django.contrib import admin
from django.contrib.admin.forms import AdminAuthenticationForm
from django.contrib.auth.models import User
from django.contrib.auth.signals import user_login_failed
from django.contrib.contenttypes.models import ContentType
from django.core.exceptions import ValidationError
from django.db.models import Model
from django.http import Http404, HttpRequest
from django.http.response import HttpResponseBase
from django.urls import URLPattern, URLResolver

from liveness.web.guarded_admin import GuardedAdmin, is_value

View = Callable[..., HttpResponseBase]


class LogInForm(AdminAuthenticationForm):
    """Django tells nobody of a person with the right password whom the admin lets not in."""

    def confirm_login_allowed(self, user: User) -> None:
        try:
            super().confirm_login_allowed(user)
        except ValidationError:
            credentials = {user.USERNAME_FIELD: user.get_username()}
            user_login_failed.send(sender=__name__, credentials=credentials, request=self.request)
            raise


class PortalAdminSite(admin.AdminSite):
    login_form = LogInForm

    def register(
        self,
        model_or_iterable: type[Model] | Iterable[type[Model]],
        admin_class: "type[admin.ModelAdmin[Any]] | None" = None,
        **options: Any,
    ) -> None:
        super().register(model_or_iterable, _guarded(admin_class or admin.ModelAdmin), **options)

    def get_urls(self) -> list[URLPattern | URLResolver]:
        urls = super().get_urls()
        for url in urls:
            if isinstance(url, URLPattern) and url.name == "view_on_site":
                url.callback = _with_possible_keys(url.callback, self)
        return urls


def _with_possible_keys(view: View, site: admin.AdminSite) -> View:
    """Django's way to the public page of any record, of sessions too, asks the database for whatever is typed.

    A person whom the admin does not let in is sent to its log-in, as by every other address of the admin.
    """

    @wraps(view)
    def answered(request: HttpRequest, content_type_id: str, object_id: str) -> HttpResponseBase:
        if not site.has_permission(request):
            return view(request, content_type_id, object_id)
        is_kind = is_value(ContentType._meta.pk, content_type_id)
        kind = ContentType.objects.filter(pk=content_type_id).first() if is_kind else None
        model = kind.model_class() if kind else None
        if model is None or not is_value(model._meta.pk, object_id):
            raise Http404
        return view(request, content_type_id, object_id)

    return answered


def _guarded(admin_class: "type[admin.ModelAdmin[Any]]") -> "type[admin.ModelAdmin[Any]]":
    """The class itself if it is guarded, or else one that is, whose guard comes before its own rules."""
    if issubclass(admin_class, GuardedAdmin):
        return admin_class
    return type(admin_class.__name__, (GuardedAdmin, admin_class), {"__module__": admin_class.__module__})
