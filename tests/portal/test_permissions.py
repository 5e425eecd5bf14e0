"""Who may open what: every address of the portal, by role and method. An address that is not in the table fails."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Group
from django.core.management import call_command
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver
from django.utils import timezone

from kyc_portal.roles import STAFF_ROLES
from liveness.audit import Actor
from liveness.models import AuditEvent, BulkKind, MediaKind, Outcome, VerificationAttempt
from liveness.review.claims import claims
from liveness.review.decisions import notes
from liveness.review.decisions.decide import PageVersion, decide
from liveness.review.decisions.viewing_proof import Seen
from liveness.review.models import Notice, SavedView
from liveness.review.policy import Draft
from liveness.review.sync.sync import sync_review
from liveness.worker import bulk_actions, engine
from liveness.worker.run_report import RunReport
from tests.builders import make_attempt, make_media
from tests.portal.permissions import PEOPLE, rows

pytestmark = pytest.mark.django_db


def routes(patterns: list[URLPattern | URLResolver], prefix: str = "/") -> Iterator[str]:
    for pattern in patterns:
        route = prefix + str(pattern.pattern)
        if isinstance(pattern, URLResolver):
            yield from routes(pattern.url_patterns, route)
        else:
            yield route


@pytest.fixture(autouse=True)
def _no_vendor(monkeypatch):
    monkeypatch.setattr(engine, "run", lambda plan: RunReport())


@pytest.fixture
def objects():
    """One record of each kind, by the model's name as addresses spell it."""
    call_command("portal_roles")
    attempt = make_attempt(outcome=Outcome.PASSED)
    media = make_media(attempt, MediaKind.BEST_FRAME, b"picture")
    media.thumbnail.name = media.path + ".jpg"
    Path(media.thumbnail.path).write_bytes(b"small")
    media.save()
    sync_review(attempt, now=timezone.now())
    account = get_user_model().objects.create_user("somebody")
    client, first = Client(), get_user_model().objects.create_superuser("first")
    client.force_login(first)
    client.get(f"/liveness/media/{media.public_id}/")
    claim = claims.claim(attempt.review, person=first, now=timezone.now())
    stand = PageVersion(claim.public_id, claim.review.version, claim.review.evidence_digest)
    draft = Draft("escalate", ("policy.doubt",), "In doubt.")
    decision = decide(attempt.review, draft, stand, Seen(), person=first, now=timezone.now())
    notice = Notice.objects.create(
        person=first, review=attempt.review, kind=Notice.Kind.DISAGREED, created_at=timezone.now()
    )
    return {
        # A view and a notice of somebody else's.
        "views": SavedView.objects.create(owner=first, name="late").pk,
        "notices": notice.pk,
        "attempts": attempt.public_id,
        "media": media.public_id,
        "verificationattempt": attempt.pk,
        "review": attempt.pk,
        "claim": claim.pk,
        "decision": decision.pk,
        "note": notes.write(attempt.review, "A note.", author=first, now=timezone.now()).pk,
        "storedmedia": media.pk,
        "bulkaction": bulk_actions.start(
            BulkKind.REFRESH, VerificationAttempt.objects.all(), actor=Actor.user(first), now=timezone.now()
        ).pk,
        "auditevent": AuditEvent.objects.latest("sequence").pk,
        "user": account.pk,
        "group": Group.objects.first().pk,
    }


def address(route: str, objects: dict) -> str:
    record = next((key for name, key in objects.items() if f"/{name}/" in route.removeprefix("/review")), 1)
    if route.startswith("/review/<uuid"):
        record = objects["attempts"]
    act = "refresh_now" if "verificationattempt" in route else "verify_media"
    filled = re.sub(r"<(uuid:public_id|path:object_id|int:object_id|int:pk|id)>", str(record), route)
    filled = filled.replace("<slug:name>", act).replace("<path:content_type_id>", "1")
    return re.sub(r"\^\(\?P<app_label>.*?\)/\$", "liveness/", filled).replace("(?P<url>.*)$", "nothing/here/")


def person(name: str):
    if name == "superuser":
        return get_user_model().objects.create_superuser(name)
    user = get_user_model().objects.create_user(name, is_staff=name == "staff" or name in STAFF_ROLES)
    user.groups.set(Group.objects.filter(name=name))
    return user


def test_every_address_is_in_the_table_and_the_table_holds_no_other():
    assert set(routes(get_resolver().url_patterns)) == set(rows())


@pytest.mark.parametrize("name", PEOPLE)
def test_each_role_opens_what_the_table_says(objects, name):
    client, user = Client(), None if name == "anonymous" else person(name)
    column, found, expected = PEOPLE.index(name), {}, {}
    for route, methods in rows().items():
        for method, statuses in methods.items():
            # Logging out is one of the addresses.
            client = Client()
            if user:
                client.force_login(user)
            found[method, route] = client.generic(method, address(route, objects)).status_code
            expected[method, route] = statuses[column]
    assert {key: status for key, status in found.items() if status != expected[key]} == {}


def test_an_administrator_cannot_raise_anybody_or_touch_a_superuser(objects):
    administrator, root = person("administrator"), person("superuser")
    client = Client()
    client.force_login(administrator)
    page = f"/admin/auth/user/{administrator.pk}/change/"
    raised = {"username": "administrator", "is_superuser": "on", "is_active": "on", "is_staff": "on"}
    dates = {"date_joined_0": "2026-01-01", "date_joined_1": "00:00"}
    permissions = {"user_permissions": [1, 2, 3]}
    assert client.post(page, raised | dates | permissions).status_code == 302
    administrator.refresh_from_db()
    assert (administrator.is_superuser, administrator.user_permissions.count()) == (False, 0)
    passwords = {"password1": "a-new-long-password", "password2": "a-new-long-password", "usable_password": "true"}
    for path in (f"/admin/auth/user/{root.pk}/change/", f"/admin/auth/user/{root.pk}/password/"):
        assert client.post(path, raised | dates | passwords).status_code == 403
