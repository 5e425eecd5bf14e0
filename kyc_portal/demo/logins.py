"""The demo's users: one for each role, a second reviewer and a second supervisor, all with the same public password."""

from django.contrib.auth import get_user_model
from django.contrib.auth.hashers import make_password
from django.contrib.auth.models import Group
from django.core.management import call_command

from kyc_portal.demo import LOGINS, PASSWORD
from kyc_portal.roles import STAFF_ROLES


def create() -> None:
    """Make the groups and users, or put them back as they were."""
    call_command("portal_roles")
    password = make_password(PASSWORD)
    for name, role in LOGINS.items():
        values = {"password": password, "is_staff": role in STAFF_ROLES, "is_active": True}
        user, _ = get_user_model().objects.update_or_create(username=name, defaults=values)
        user.groups.set([Group.objects.get(name=role)])
