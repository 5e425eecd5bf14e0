"""People with permissions, for tests of pages."""

import itertools

from django.contrib.auth import get_user_model
from django.contrib.auth.models import Permission
from django.test import Client

_numbers = itertools.count(1)


def make_user(*permissions: str, **fields):
    """A person with these permissions of the app, like "view_storedmedia"."""
    user = get_user_model().objects.create_user(f"person{next(_numbers)}", **fields)
    user.user_permissions.set(Permission.objects.filter(codename__in=permissions))
    assert user.user_permissions.count() == len(permissions)
    return user


def signed_in(user, **options) -> Client:
    """A client logged in as this person."""
    client = Client(**options)
    client.force_login(user)
    return client
