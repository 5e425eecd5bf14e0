"""Make the portal's roles, or bring them up to date."""

from typing import Any

from django.contrib.auth.models import Group, Permission
from django.core.management.base import CommandError
from django.db import transaction

from kyc_portal.roles import ROLES
from liveness.conditions import FOR_ANY_WRITE
from liveness.management.base import LivenessCommand


class Command(LivenessCommand):
    help = f"Gives the groups {', '.join(ROLES)} exactly their permissions. Safe to run again at any time."
    needs = FOR_ANY_WRITE

    @transaction.atomic
    def handle(self, *args: Any, **options: Any) -> None:
        for name, permissions in ROLES.items():
            group, _ = Group.objects.get_or_create(name=name)
            group.permissions.set([_permission(text) for text in permissions])


def _permission(text: str) -> Permission:
    app_label, codename = text.split(".")
    try:
        return Permission.objects.get(content_type__app_label=app_label, codename=codename)
    except Permission.DoesNotExist:
        raise CommandError(f"There is no permission {text}; run `manage.py migrate` first.", returncode=2) from None
