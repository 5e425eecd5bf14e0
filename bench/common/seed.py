"""Fill a fresh database and storage for a served portal: people with sessions, and attempts that nobody looked at yet.

Run by `bench.common.servers` inside the portal's environment; it prints what a bench needs as JSON.
"""

import json
import sys
from datetime import timedelta
from io import StringIO
from pathlib import Path

from django.contrib.auth import get_user_model
from django.contrib.auth.models import Group
from django.core.management import call_command
from django.db import transaction
from django.test import Client
from django.utils import timezone

from bench.common.film import spread
from kyc_portal.roles import ROLES, STAFF_ROLES
from liveness.models import MediaKind, Outcome, VerificationAttempt
from liveness.signals import attempt_changed
from tests.builders import make_attempt, make_media

ASSETS = Path(__file__).parents[2] / "liveness" / "sandbox" / "assets"
# As long as the sample that real checks gave.
FILM_SIZE = 9_400_000


def main(attempts: int) -> None:
    call_command("portal_roles", stdout=StringIO())
    picture = (ASSETS / "amara.jpg").read_bytes()
    film = spread((ASSETS / "amara.mp4").read_bytes(), FILM_SIZE)
    seeded = {
        "sessions": {role: _session(role) for role in ROLES},
        "attempts": [_captured(number, picture, film) for number in range(attempts)],
    }
    sys.stdout.write(json.dumps(seeded))


def _captured(number: int, picture: bytes, film: bytes) -> dict[str, str]:
    """The ids of an attempt and its files, no two of which are the same."""
    mark = number.to_bytes(8)
    with transaction.atomic():
        attempt = make_attempt(
            subject_reference=f"subject-{number}",
            outcome=Outcome.PASSED,
            issued_at=timezone.now() - timedelta(minutes=20),
        )
        media = [
            make_media(attempt, MediaKind.BEST_FRAME, picture + mark),
            make_media(attempt, MediaKind.VIDEO, film[: -len(mark)] + mark),
        ]
        attempt_changed.send(sender=VerificationAttempt, attempt=attempt)
    return {"attempt": str(attempt.public_id), **{file.kind: str(file.public_id) for file in media}}


def _session(role: str) -> str:
    """The key of the session of a person of this role."""
    user = get_user_model().objects.create_user(role, is_staff=role in STAFF_ROLES)
    user.groups.add(Group.objects.get(name=role))
    client = Client()
    client.force_login(user)
    return client.session.session_key
