"""Accounts in the admin: nobody is deleted, because the audit chain names people by key, and only a superuser makes or
touches a superuser. Django's own pages let anyone with the permission to change users raise themselves."""

from typing import TYPE_CHECKING, Any

from django.contrib import admin
from django.contrib.auth.admin import UserAdmin
from django.contrib.auth.models import User
from django.http import HttpRequest

if TYPE_CHECKING:
    BaseAdmin = UserAdmin[User]
else:
    BaseAdmin = UserAdmin

RAISING = ("is_superuser", "user_permissions")


class AccountAdmin(BaseAdmin):
    def has_delete_permission(self, request: HttpRequest, obj: User | None = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: User | None = None) -> bool:
        is_above = obj is not None and obj.is_superuser and not _is_superuser(request)
        return super().has_change_permission(request, obj) and not is_above

    def get_readonly_fields(self, request: HttpRequest, obj: User | None = None) -> tuple[Any, ...]:
        fields = tuple(super().get_readonly_fields(request, obj))
        return fields if _is_superuser(request) else (*fields, *RAISING)


def _is_superuser(request: HttpRequest) -> bool:
    return bool(request.user.is_superuser)


admin.site.unregister(User)
admin.site.register(User, AccountAdmin)
