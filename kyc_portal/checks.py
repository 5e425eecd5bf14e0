"""System checks of the portal's environment."""

import difflib
import os
from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Warning, register

PREFIXES = ("LIVENESS_", "DJANGO_", "TENCENTCLOUD_", "CELERY_", "DATABASE_", "REDIS_")
# Read by Django itself, or before the settings.
DJANGOS = frozenset(
    {
        "DJANGO_SETTINGS_MODULE",
        "DJANGO_ENV_FILE",
        "DJANGO_COLORS",
        "DJANGO_ALLOW_ASYNC_UNSAFE",
        "DJANGO_RUNSERVER_HIDE_WARNING",
        "DJANGO_TEST_PROCESSES",
        "DJANGO_WATCHMAN_TIMEOUT",
        "DJANGO_SUPERUSER_PASSWORD",
        "DJANGO_SUPERUSER_USERNAME",
        "DJANGO_SUPERUSER_EMAIL",
    }
)
LIKE = 0.8


@register("kyc_portal")
def check_names(**kwargs: Any) -> list[CheckMessage]:
    """A name that is nearly one of ours is probably meant to be it; then its default would be in force."""
    environment = getattr(settings, "ENVIRONMENT", None)
    if environment is None:
        return []
    known = environment.known | DJANGOS
    return [
        Warning(f"{name} is no variable of the portal.", hint=f"Did you mean {like}?", id="kyc_portal.W001")
        for name in sorted(os.environ)
        if (like := _meant(name, known))
    ]


def _meant(name: str, known: set[str]) -> str:
    plain = name.removesuffix("_FILE")
    if plain in known or name in known or not name.startswith(PREFIXES):
        return ""
    return next(iter(difflib.get_close_matches(plain, known, n=1, cutoff=LIKE)), "")
