"""Administrators manage people, but not above themselves."""

import pytest
from django.contrib.auth.models import Group, User
from django.core.management import call_command

from kyc_portal.roles import ROLES

pytestmark = pytest.mark.django_db


@pytest.fixture
def administrator(client) -> User:
    call_command("portal_roles")
    user = User.objects.create_user("ada", is_staff=True)
    user.groups.add(Group.objects.get(name="administrator"))
    client.force_login(user)
    return user


def change(client, user: User, **fields) -> int:
    form = {"username": user.username, "is_active": "on", "date_joined_0": "2026-01-31", "date_joined_1": "09:30:00"}
    return client.post(f"/admin/auth/user/{user.pk}/change/", form | fields).status_code


def test_an_administrator_makes_a_user_and_gives_a_role(client, administrator):
    form = {"username": "rob", "usable_password": "true", "password1": "look-closely-1", "password2": "look-closely-1"}
    assert client.post("/admin/auth/user/add/", form).status_code == 302
    rob = User.objects.get(username="rob")
    assert change(client, rob, groups=[Group.objects.get(name="reviewer").pk]) == 302
    assert rob.get_all_permissions() == set(ROLES["reviewer"])


def test_an_administrator_makes_nobody_a_superuser(client, administrator):
    assert change(client, administrator, is_staff="on", is_superuser="on", user_permissions=["1"]) == 302
    administrator.refresh_from_db()
    assert not administrator.is_superuser
    assert not administrator.user_permissions.exists()


@pytest.mark.parametrize("form", ["change/", "password/"])
def test_an_administrator_cannot_touch_a_superuser(client, administrator, form):
    root = User.objects.create_superuser("root", password="before")
    url = f"/admin/auth/user/{root.pk}/{form}"
    fields = {
        "username": "mine",
        "password1": "look-closely-1",
        "password2": "look-closely-1",
        "usable_password": "true",
    }
    assert client.post(url, fields).status_code == 403
    root.refresh_from_db()
    assert (root.username, root.check_password("before")) == ("root", True)


def test_nobody_is_deleted_not_even_by_a_superuser(client):
    root = User.objects.create_superuser("root")
    other = User.objects.create_user("other")
    client.force_login(root)
    assert client.post(f"/admin/auth/user/{other.pk}/delete/", {"post": "yes"}).status_code == 403
    form = {"action": "delete_selected", "_selected_action": [other.pk], "post": "yes"}
    client.post("/admin/auth/user/", form)
    assert User.objects.filter(pk=other.pk).exists()


def test_a_superuser_still_gives_every_right(client):
    client.force_login(User.objects.create_superuser("root"))
    other = User.objects.create_user("other")
    assert change(client, other, is_superuser="on") == 302
    other.refresh_from_db()
    assert other.is_superuser
