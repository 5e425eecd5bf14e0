"""The page of one attempt or event: what it shows, and to whom."""

import pytest
from django.db import transaction
from django.utils import timezone

from liveness import audit
from liveness.access import AccessPolicy
from liveness.audit import Actor
from liveness.models import AuditEvent, Poll
from tests.liveness.admin.pages import ACT, ATTEMPTS, AUDIT, LOOK, MEDIA, staff

pytestmark = pytest.mark.django_db


def test_the_change_page_shows_picture_video_custody_ledger_and_audit(root, attempt):
    Poll.objects.create(
        attempt=attempt,
        sequence=1,
        asked_at=timezone.now(),
        result_code="0",
        digest="d" * 64,
        answer={
            "Result": "0",
            "Video": {"Url": "https://bucket.cos.example/x.mp4"},
            "Note": "<script>alert(1)</script>",
        },
    )
    picture, video = attempt.media.order_by("id")
    root.get(f"/liveness/media/{video.public_id}/")
    text = root.get(f"{ATTEMPTS}{attempt.pk}/change/").text
    assert f'<img src="/liveness/media/{picture.public_id}/"' in text
    assert "<video controls" in text
    assert f'src="/liveness/media/{video.public_id}/"' in text
    for shown in (picture.sha256, video.md5, attempt.masked_token, "liveness.media.viewed", "person"):
        assert shown in text
    for hidden in (attempt.sdk_token, "bucket.cos.example", "<script>alert"):
        assert hidden not in text


class NoneOfThem(AccessPolicy):
    """A host's policy that hides every attempt."""

    def visible_attempts(self, user):
        return super().visible_attempts(user).none()


def test_the_page_of_an_event_keeps_to_itself_what_the_policy_hides(attempt, settings):
    with transaction.atomic():
        for target in (attempt, attempt.media.first()):
            audit.record(audit.MEDIA_VIEWED, actor=Actor.system("tests"), target=target, sha256="f" * 64)
    client, pages = staff(*LOOK), [f"{AUDIT}{event.pk}/change/" for event in AuditEvent.objects.all()]
    assert all("f" * 64 in client.get(page).text for page in pages)
    settings.LIVENESS_ACCESS_POLICY = f"{__name__}.NoneOfThem"
    assert not any("f" * 64 in client.get(page).text for page in pages)


def test_the_audit_trail_is_for_those_who_may_see_the_audit(attempt):
    assert "Audit" not in staff(*LOOK[:3]).get(f"{ATTEMPTS}{attempt.pk}/change/").text
    assert "No event concerns" in staff(*LOOK).get(f"{ATTEMPTS}{attempt.pk}/change/").text


def test_an_operator_sees_the_attempt_but_neither_picture_nor_media_list(attempt):
    client = staff("view_verificationattempt", *ACT)
    text = client.get(f"{ATTEMPTS}{attempt.pk}/change/").text
    assert "not its picture and video" in text
    assert "/liveness/media/" not in text
    assert client.get(MEDIA).status_code == 403
