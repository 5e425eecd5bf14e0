"""The admin's actions: whom they ask, what they take, and what they say they did."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from liveness import audit
from liveness.audit import Actor
from liveness.client.errors import ConfigurationError
from liveness.models import AuditEvent, MediaKind, MediaState, Outcome, StoredMedia, VerificationAttempt
from liveness.worker import engine
from liveness.worker.run_report import RunCounts, RunReport
from tests.builders import make_attempt
from tests.liveness.admin.pages import ACT, ATTEMPTS, LOOK, MEDIA, everything, staff, told
from tests.people import make_user, signed_in

pytestmark = pytest.mark.django_db
LONG_AGO = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.fixture
def plans(monkeypatch):
    """The plans given to the engine, which answers with a summary instead of asking the vendor."""
    seen = []

    def run(plan):
        seen.append(plan)
        return RunReport(counts=RunCounts(polled=2, passed=1, pending=1, media_stored=2))

    monkeypatch.setattr(engine, "run", run)
    return seen


@pytest.mark.parametrize("way", ["list", "button"])
def test_refreshing_asks_the_vendor_records_who_asked_and_reports(attempt, plans, way):
    user = make_user(*LOOK, *ACT, is_staff=True)
    client = signed_in(user)
    if way == "list":
        response = client.post(ATTEMPTS, {"action": "refresh_now", "_selected_action": attempt.pk, "index": 0})
    else:
        response = client.post(f"{ATTEMPTS}{attempt.pk}/act/refresh_now/")
    assert response.status_code == 302
    assert [(list(plan.named), plan.actor) for plan in plans] == [([attempt.pk], Actor.user(user))]
    recorded = AuditEvent.objects.get()
    assert (recorded.action, recorded.actor) == (audit.ATTEMPT_REFRESHED, f"user:{user.pk}")
    assert told(response) == ("The vendor was asked about 2 attempts: 1 pending, 1 passed; files stored: 2, lost: 0.")


def test_what_keeps_the_run_from_working_is_told(root, attempt, monkeypatch):
    failed = RunReport(failure=ConfigurationError("set TENCENTCLOUD_SECRET_ID"))
    monkeypatch.setattr(engine, "run", lambda plan: failed)
    assert "set TENCENTCLOUD_SECRET_ID" in told(root.post(f"{ATTEMPTS}{attempt.pk}/act/refresh_now/"))


def test_fetching_again_takes_only_attempts_that_lack_a_file(root, attempt, plans):
    lacking = make_attempt(outcome=Outcome.PASSED)
    StoredMedia.objects.create(attempt=lacking, kind=MediaKind.VIDEO, state=MediaState.LOST, reason="too late")
    chosen = {"action": "fetch_media_again", "_selected_action": [attempt.pk, lacking.pk], "index": 0}
    root.post(ATTEMPTS, chosen)
    assert [list(plan.named) for plan in plans] == [[lacking.pk]]
    response = root.post(f"{ATTEMPTS}{attempt.pk}/act/fetch_media_again/")
    assert "no file is missing" in told(response)
    assert len(plans) == 1


def test_verifying_reads_the_files_again_and_tells_the_damaged_one(root, attempt):
    VerificationAttempt.objects.update(issued_at=LONG_AGO, expires_at=LONG_AGO + timedelta(hours=2))
    video = attempt.media.get(kind=MediaKind.VIDEO)
    assert "2 files are sound." in told(root.post(f"{ATTEMPTS}{attempt.pk}/act/verify_media/"))
    Path(video.file.path).write_bytes(b"vidEo")
    for path, key in ((ATTEMPTS, attempt.pk), (MEDIA, video.pk)):
        response = root.post(path, {"action": "verify_media", "_selected_action": key, "index": 0})
        assert f"Video {video.public_id} is damaged or missing." in told(response)
    video.refresh_from_db()
    assert video.damaged_at


def test_a_damaged_file_that_the_vendor_still_has_is_fetched_again(root, attempt):
    video = attempt.media.get(kind=MediaKind.VIDEO)
    Path(video.file.path).unlink()
    response = root.post(MEDIA, {"action": "verify_media", "_selected_action": video.pk, "index": 0})
    assert f"Video {video.public_id} is damaged or missing. It will be fetched again." in told(response)


@pytest.mark.parametrize("name", ["refresh_now", "fetch_media_again", "verify_media", "delete_selected", "nonsense"])
def test_an_action_takes_its_permission_in_the_list_and_on_the_page(attempt, plans, name):
    client = staff(*LOOK)
    before = everything()
    assert client.post(f"{ATTEMPTS}{attempt.pk}/act/{name}/").status_code == 403
    client.post(ATTEMPTS, {"action": name, "_selected_action": attempt.pk, "index": 0})
    assert (everything(), plans) == (before, [])
    assert f"act/{name}" not in client.get(f"{ATTEMPTS}{attempt.pk}/change/").text


def test_an_action_without_the_permission_to_look_is_refused(attempt, plans):
    client = staff(*ACT)
    assert client.post(f"{ATTEMPTS}{attempt.pk}/act/refresh_now/").status_code == 403
    assert client.post(f"{MEDIA}{attempt.media.first().pk}/act/verify_media/").status_code == 403
    assert plans == []


def test_actions_and_searches_are_posted_with_a_csrf_token(attempt):
    client = signed_in(make_user(is_staff=True, is_superuser=True), enforce_csrf_checks=True)
    for path in (f"{ATTEMPTS}{attempt.pk}/act/refresh_now/", f"{ATTEMPTS}find/"):
        assert client.get(path).status_code == 405
        assert client.post(path).status_code == 403
