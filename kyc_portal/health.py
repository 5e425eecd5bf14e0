"""`/healthz`: this process answers. `/readyz`: it can do its work, or which part cannot.

Written by hand because django-health-check 4.8 answers 500 instead of 503, chooses its format by the Accept header
and repeats exception texts, which may name hosts and paths.
"""

import tempfile
from collections.abc import Callable
from pathlib import Path

from django.contrib.auth.decorators import login_not_required
from django.db import DatabaseError
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from liveness.app_settings import app_settings
from liveness.services.overdue import OLDEST_DUE, oldest_due


class NotReadyError(Exception):
    """The text goes into the answer, so it names neither hosts nor paths."""


@require_safe
@never_cache
@login_not_required
def healthz(request: HttpRequest) -> HttpResponse:
    return JsonResponse({"status": "ok"})


@require_safe
@never_cache
@login_not_required
def readyz(request: HttpRequest) -> HttpResponse:
    """200 or 503, with one line of state for each part; the age is of the most overdue attempt, in seconds."""
    findings = {name: _finding(probe) for name, probe in PROBES.items()}
    waiting = [name for name, (is_ready, _) in findings.items() if not is_ready]
    answer = {"status": "not ready" if waiting else "ok", "not_ready": waiting}
    states = {name: state for name, (_, state) in findings.items()}
    return JsonResponse(answer | {"parts": states}, status=503 if waiting else 200)


def _finding(probe: Callable[[], str]) -> tuple[bool, str]:
    try:
        return True, probe()
    except NotReadyError as problem:
        return False, str(problem)
    except DatabaseError as problem:
        return False, f"the database does not answer ({type(problem).__name__})"


def _database() -> str:
    oldest_due(timezone.now())
    return "ok"


def _storage() -> str:
    root = Path(app_settings.MEDIA_ROOT)
    try:
        root.mkdir(mode=0o700, parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=root) as file:
            file.write(b"x")
    except OSError as problem:
        raise NotReadyError(f"LIVENESS_MEDIA_ROOT cannot be written ({type(problem).__name__})") from None
    return "ok"


def _refresh() -> str:
    age = oldest_due(timezone.now())
    if age > OLDEST_DUE:
        raise NotReadyError(f"an attempt has been due for {age:.0f} s; is liveness_refresh running?")
    return f"oldest due attempt: {age:.0f} s"


PROBES: dict[str, Callable[[], str]] = {"database": _database, "storage": _storage, "refresh": _refresh}
