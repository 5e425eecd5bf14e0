"""The portal's admin site: every list takes from its address what it offers, whichever app registers it."""

from collections.abc import Iterable
from typing import Any

from django.contrib import admin
from django.db.models import Model

from liveness.guarded_admin import GuardedAdmin


class PortalAdminSite(admin.AdminSite):
    def register(
        self,
        model_or_iterable: type[Model] | Iterable[type[Model]],
        admin_class: "type[admin.ModelAdmin[Any]] | None" = None,
        **options: Any,
    ) -> None:
        super().register(model_or_iterable, _guarded(admin_class or admin.ModelAdmin), **options)


def _guarded(admin_class: "type[admin.ModelAdmin[Any]]") -> "type[admin.ModelAdmin[Any]]":
    """The class itself if it is guarded, or else one that is, whose guard comes before its own rules."""
    if issubclass(admin_class, GuardedAdmin):
        return admin_class
    return type(admin_class.__name__, (GuardedAdmin, admin_class), {"__module__": admin_class.__module__})
