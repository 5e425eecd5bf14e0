"""Fill a fresh database with people and attempts for a served portal; print what a test needs as JSON."""

import io
import json
import sys
from datetime import timedelta
from importlib import import_module
from pathlib import Path

from django.conf import settings
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY, get_user_model
from django.contrib.auth.models import Group
from django.core.management import call_command
from django.db import transaction
from django.utils import timezone
from PIL import Image

from kyc_portal.roles import ROLES, STAFF_ROLES
from liveness import audit
from liveness.audit import Actor
from liveness.models import BulkKind, MediaKind, MediaState, Outcome, Poll, StoredMedia, VerificationAttempt
from liveness.review.sync.sync import sync_review
from liveness.worker import bulk_actions
from tests.builders import make_attempt, make_media

ASSETS = Path(settings.BASE_DIR) / "liveness" / "sandbox" / "assets"
PASSWORD = "a-long-test-password"
PEOPLE = {role: role for role in ROLES} | {"colleague": "reviewer"}
# An empty box at the end makes a drawn video as long as a real one, so that a browser has to ask for ranges.
FILLING = (12_000_000).to_bytes(4, "big") + b"free" + bytes(11_999_992)
FAILURE = {"outcome": Outcome.FAILED, "result_code": "1004"}
# Text that would be code if anything forgot to escape it.
HOSTILE = (
    "<script>window.hit=1</script><img src=x onerror=window.hit=2><svg/onload=window.hit=3>"
    "\"'><a href=javascript:window.hit=4>x</a>{{7*7}}\u202e"
)


def main() -> None:
    call_command("portal_roles", stdout=io.StringIO())
    passed = _captured("amara", subject_reference="subject-passed", outcome=Outcome.PASSED, description="Success")
    hostile = _captured(
        "replay", subject_reference=HOSTILE[:128], outcome=Outcome.UNKNOWN, result_code="<b>1</b>", description=HOSTILE
    )
    Poll.objects.create(
        attempt=hostile,
        sequence=1,
        asked_at=timezone.now(),
        result_code="<b>1</b>",
        digest="d" * 64,
        answer={HOSTILE: HOSTILE},
    )
    flawed = make_attempt(outcome=Outcome.FAILED, result_code="1002")
    script = b'<svg xmlns="http://www.w3.org/2000/svg"><script>window.hit=5</script></svg>'
    stored = make_media(flawed, MediaKind.BEST_FRAME, script, flaw=HOSTILE, content_type="application/octet-stream")
    StoredMedia.objects.create(attempt=flawed, kind=MediaKind.VIDEO, state=MediaState.LOST, reason=HOSTILE[:200])
    pending = make_attempt(subject_reference="subject-pending", last_error=HOSTILE[:200])
    expired = make_attempt(outcome=Outcome.EXPIRED, result_code="", last_error=HOSTILE[:200])
    with transaction.atomic():
        audit.record(audit.ATTEMPT_REFRESHED, actor=Actor.system("tests"), target=passed)
    action = bulk_actions.start(
        BulkKind.REFRESH,
        VerificationAttempt.objects.all(),
        actor=Actor.system("tests"),
        now=timezone.now(),
        filters=f"search: {HOSTILE}",
    )
    bulk_actions.take(3, run="seed", now=timezone.now())
    bulk_actions.finish(passed.pk, now=timezone.now())
    bulk_actions.finish(hostile.pk, HOSTILE, now=timezone.now())
    assert action.pk == 1
    attempts = {"passed": passed, "hostile": hostile, "flawed": flawed, "pending": pending, "expired": expired}
    with transaction.atomic():
        for attempt in VerificationAttempt.objects.order_by("id"):
            sync_review(attempt, now=timezone.now())
    seeded = {
        "hostile_text": HOSTILE,
        "password": PASSWORD,
        "token": passed.sdk_token,
        "attempts": {name: str(attempt.public_id) for name, attempt in attempts.items()},
        "keys": {name: attempt.pk for name, attempt in attempts.items()},
        "media": {media.kind: str(media.public_id) for media in passed.media.all()},
        "flawed_media": str(stored.public_id),
        "sessions": {name: _session(name, role) for name, role in PEOPLE.items()},
    }
    sys.stdout.write(json.dumps(seeded))


def fill_queue(number: int) -> None:
    """More reviews with evidence, every other one failed by the vendor."""
    for count in range(number):
        is_passed = count % 2 == 0
        answer = {"outcome": Outcome.PASSED, "result_code": "0"} if is_passed else FAILURE
        with transaction.atomic():
            attempt = _captured(
                "amara" if is_passed else "replay", _box(count), subject_reference=f"customer-{count + 1}", **answer
            )
            sync_review(attempt, now=timezone.now())


def _box(number: int) -> bytes:
    """An empty box that makes a file unlike all others, and changes nothing that anybody sees."""
    return (16).to_bytes(4, "big") + b"free" + number.to_bytes(8, "big")


def _captured(drawing: str, filling: bytes = FILLING, **fields):
    """An attempt with one of the sandbox's pictures, its thumbnail, and its video."""
    attempt = make_attempt(issued_at=timezone.now() - timedelta(minutes=20), request_id="request-1", **fields)
    data = (ASSETS / f"{drawing}.jpg").read_bytes()
    picture = make_media(attempt, MediaKind.BEST_FRAME, data + filling[-8:])
    with Image.open(io.BytesIO(data)) as image:
        picture.width, picture.height = image.size
        image.thumbnail((192, 192))
        picture.thumbnail.name = picture.path + ".jpg"
        image.save(picture.thumbnail.path, "JPEG")
    picture.save()
    make_media(attempt, MediaKind.VIDEO, (ASSETS / f"{drawing}.mp4").read_bytes() + filling)
    return attempt


def _session(name: str, role: str) -> str:
    """A person of this role, logged in: the key of the session."""
    user = get_user_model().objects.create_user(name, password=PASSWORD, is_staff=role in STAFF_ROLES)
    user.groups.add(Group.objects.get(name=role))
    session = import_module(settings.SESSION_ENGINE).SessionStore()
    session[SESSION_KEY] = str(user.pk)
    session[BACKEND_SESSION_KEY] = settings.AUTHENTICATION_BACKENDS[0]
    session[HASH_SESSION_KEY] = user.get_session_auth_hash()
    session.save()
    return session.session_key
