"""System checks of the media root: is it the right directory, may this user read it, and what does the setting mean?"""

import shlex
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.checks import register

from liveness.app_settings import app_settings
from liveness.checks.findings import database_exists
from liveness.checks.settings import TAG, Messages, _error, _warning
from liveness.media import media_root
from liveness.storage import marker
from liveness.storage.marker import WORDS, Fault


@register(TAG)
def check_media_root_is_the_right_one(**kwargs: Any) -> Messages:
    problem = _problem()
    return _warning(15, *problem) if problem else []


@register(TAG, deploy=True)
def check_media_root_in_production(**kwargs: Any) -> Messages:
    problem = _problem()
    return _error(25, *problem) if problem else []


@register(TAG)
def check_owner_of_evidence(**kwargs: Any) -> Messages:
    if not database_exists():
        return []
    try:
        problem = media_root.owner_problem()
    except Exception:
        # No table yet, or no database: other parts say so.
        return []
    return (
        _warning(16, problem, f"Give all files to one user, and run everything as it: {media_root.owner_command()}")
        if problem
        else []
    )


@register(TAG)
def check_relative_media_root(**kwargs: Any) -> Messages:
    """A project that resolves the setting by itself keeps what was set in `LIVENESS_MEDIA_ROOT_AS_SET`."""
    as_set = Path(getattr(settings, "LIVENESS_MEDIA_ROOT_AS_SET", None) or app_settings.MEDIA_ROOT)
    if as_set.is_absolute() or not Path(app_settings.MEDIA_ROOT).is_absolute():
        return []
    text = (
        f"LIVENESS_MEDIA_ROOT={as_set} is a relative path; every process of this project takes it for {marker.root()}."
    )
    path = shlex.quote(str(marker.root()))
    return _warning(17, text, f"Write LIVENESS_MEDIA_ROOT={path}, if that is the directory that you mean.")


def _problem() -> tuple[str, str] | None:
    if not database_exists():
        return None
    try:
        fault = media_root.fault()
        advice = media_root.advice()
    except Exception:
        # No table yet, or no database: other parts say so.
        return None
    # A directory that is not there yet is made by the first file.
    return (f"{WORDS[fault]}", advice) if fault and fault is not Fault.UNWRITABLE else None
