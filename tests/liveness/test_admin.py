"""The admin: facts that can be looked at and never written, fast lists, and actions that say what they did."""

from pathlib import Path

import pytest
from django.contrib.messages import get_messages
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from liveness.access import AccessPolicy
from liveness.admin import mixins
from liveness.client.errors import ConfigurationError
from liveness.models import AuditEvent, MediaKind, MediaState, Outcome, Poll, StoredMedia, VerificationAttempt
from liveness.refresh import engine
from liveness.refresh.summary import Counts, Summary
from liveness.services import audit
from liveness.services.audit import Actor
from tests.builders import make_attempt, make_media
from tests.people import make_user, signed_in

pytestmark = pytest.mark.django_db
ATTEMPTS = "/admin/liveness/verificationattempt/"
MEDIA = "/admin/liveness/storedmedia/"
AUDIT = "/admin/liveness/auditevent/"
LOOK = ("view_verificationattempt", "view_storedmedia", "view_poll", "view_auditevent")
ACT = ("refresh_verificationattempt", "verify_storedmedia")


@pytest.fixture
def root():
    return signed_in(make_user(is_staff=True, is_superuser=True))


@pytest.fixture
def attempt():
    attempt = make_attempt(outcome=Outcome.PASSED)
    make_media(attempt, MediaKind.BEST_FRAME, b"picture")
    make_media(attempt, MediaKind.VIDEO, b"video")
    return attempt


@pytest.fixture
def plans(monkeypatch):
    """The plans given to the engine, which answers with a summary instead of asking the vendor."""
    seen = []

    def run(plan):
        seen.append(plan)
        return Summary(counts=Counts(polled=2, passed=1, pending=1, media_stored=2))

    monkeypatch.setattr(engine, "run", run)
    return seen


def staff(*permissions):
    return signed_in(make_user(*permissions, is_staff=True))


def told(response) -> str:
    return " ".join(str(message) for message in get_messages(response.wsgi_request))


def event():
    with transaction.atomic():
        return audit.record(audit.MEDIA_VIEWED, actor=Actor.system("tests"))


def everything() -> list[tuple]:
    models = (VerificationAttempt, StoredMedia, Poll, AuditEvent)
    return [row for model in models for row in model.objects.order_by("pk").values_list()]


@pytest.mark.parametrize("path", [ATTEMPTS, MEDIA, AUDIT])
def test_nobody_writes_facts_whatever_is_posted(root, attempt, path):
    event()
    before = everything()
    key = attempt.pk if path == ATTEMPTS else StoredMedia.objects.first().pk if path == MEDIA else 1
    forged = {"outcome": "failed", "state": "purged", "action": "x", "sdk_token": "STOLEN-TOKEN", "_save": "Save"}
    assert root.post(f"{path}{key}/change/", forged).status_code == 403
    assert root.post(f"{path}{key}/delete/", {"post": "yes"}).status_code == 403
    for selected in (
        {"action": "delete_selected", "_selected_action": key, "index": 0, "post": "yes"},
        {"action": "delete_selected", "_selected_action": key, "post": "yes"},
        {"form-TOTAL_FORMS": 1, "form-INITIAL_FORMS": 1, "form-0-id": key, "form-0-outcome": "failed", "_save": "Save"},
    ):
        root.post(path, selected)
    if path != ATTEMPTS:
        assert root.post(f"{path}add/", forged).status_code == 403
    assert everything() == before


@pytest.mark.parametrize("path", [ATTEMPTS, MEDIA, AUDIT])
def test_no_page_offers_to_change_or_delete(root, attempt, path):
    event()
    key = attempt.pk if path == ATTEMPTS else StoredMedia.objects.first().pk if path == MEDIA else 1
    for page in (path, f"{path}{key}/change/"):
        text = root.get(page).text
        assert 'name="_save"' not in text
        assert "delete_selected" not in text
        assert "/delete/" not in text


@pytest.mark.parametrize(
    "lookup",
    ["sdk_token__startswith=A", "sdk_token=A", "attempt__sdk_token__regex=.", "description__contains=x", "id__gt=0"],
)
@pytest.mark.parametrize("path", [ATTEMPTS, MEDIA, AUDIT])
def test_a_filter_in_the_address_cannot_spell_out_a_hidden_field(root, path, lookup):
    assert root.get(f"{path}?{lookup}").status_code == 400


def test_lists_filter_by_their_filters(root):
    make_attempt(subject_reference="jakarta", region="ap-jakarta")
    make_attempt(subject_reference="failed", outcome=Outcome.FAILED)
    make_media(make_attempt(subject_reference="pictured"), MediaKind.BEST_FRAME, b"picture")

    def shown(path):
        return [str(row) for row in root.get(path).context["cl"].result_list]

    assert [row.split()[0] for row in shown(f"{ATTEMPTS}?region=ap-jakarta")] == ["jakarta"]
    assert [row.split()[0] for row in shown(f"{ATTEMPTS}?outcome__exact=failed")] == ["failed"]
    assert len(shown(f"{MEDIA}?kind__exact=best_frame&state__exact=stored")) == 1
    assert shown(f"{MEDIA}?kind__exact=video") == []


@pytest.mark.parametrize(("path", "queries"), [(ATTEMPTS, 3), (MEDIA, 3), (AUDIT, 4)])
def test_a_list_costs_the_same_for_few_and_many_rows_and_never_counts(root, path, queries):
    def grow(count):
        for _ in range(count):
            attempt = make_attempt(outcome=Outcome.PASSED)
            make_media(attempt, MediaKind.BEST_FRAME, b"picture")
            root.post(f"/liveness/media/{attempt.media.get().public_id}/download/")

    for count in (2, 30):
        grow(count)
        with CaptureQueriesContext(
            connection,
        ) as captured:
            assert root.get(path).status_code == 200
        statements = [query["sql"] for query in captured.captured_queries]
        assert len(statements) == queries, statements
        assert not any("COUNT(" in statement for statement in statements)


def test_a_list_turns_pages_without_knowing_their_number(root, monkeypatch):
    monkeypatch.setattr(mixins, "LAST_PAGE", 3)
    monkeypatch.setattr(mixins.FactsAdmin, "list_per_page", 2)
    for number in range(8):
        make_attempt(subject_reference=f"s{number}")

    def page(query):
        changelist = root.get(ATTEMPTS + query).context["cl"]
        return [row.subject_reference for row in changelist.result_list], changelist

    rows, first = page("")
    assert (rows, first.newer, first.older, first.is_cut) == (["s7", "s6"], "", "?p=2", False)
    rows, last = page("?p=3")
    assert (rows, last.newer, last.older, last.is_cut) == (["s3", "s2"], "?p=2", "", True)
    assert page("?p=99")[0] == rows
    assert page("?p=-5")[0] == page("?p=x")[0] == page("?all=")[0] == page("?o=1")[0] == ["s7", "s6"]


def test_the_search_leads_to_what_was_meant_and_never_puts_a_token_into_an_address(root, attempt):
    by_token = root.post(f"{ATTEMPTS}find/", {"q": attempt.sdk_token})
    assert by_token["Location"] == f"{ATTEMPTS}{attempt.pk}/change/"
    assert root.post(f"{ATTEMPTS}find/", {"q": "subject-1"})["Location"] == f"{ATTEMPTS}?q=subject-1"
    missed = root.post(f"{ATTEMPTS}find/", {"q": "SOME-UNKNOWN-TOKEN"})
    assert missed["Location"] == ATTEMPTS
    assert "Nothing matches" in told(missed)
    assert "SOME-UNKNOWN-TOKEN" not in told(missed)


@pytest.mark.parametrize("path", [ATTEMPTS, MEDIA, AUDIT])
@pytest.mark.parametrize("text", ["\x00", "%", "' OR 1=1", "x" * 5000])
def test_the_search_survives_whatever_is_typed(root, path, text):
    assert "Nothing matches" in told(root.post(f"{path}find/", {"q": text}))


@pytest.mark.parametrize("field", ["subject_reference", "request_id", "sdk_token", "public_id"])
def test_the_search_is_exact(root, field):
    attempt = make_attempt(outcome=Outcome.PASSED, subject_reference="S-1", request_id="request-1")
    make_attempt(subject_reference="S-10", request_id="request-10")
    text = str(getattr(attempt, field))

    def found(text):
        return list(root.get(ATTEMPTS, {"q": text}).context["cl"].result_list)

    assert found(text) == [attempt]
    assert found(text[:-1]) == found(text + "x") == []


def test_media_are_found_by_digest_id_attempt_and_subject(root, attempt):
    picture = attempt.media.get(kind=MediaKind.BEST_FRAME)
    make_media(make_attempt(subject_reference="other"), MediaKind.BEST_FRAME, b"other picture")

    def found(text):
        return {file.pk for file in root.get(MEDIA, {"q": text}).context["cl"].result_list}

    both = set(attempt.media.values_list("pk", flat=True))
    assert found(picture.sha256) == found(picture.sha256.upper()) == found(str(picture.public_id)) == {picture.pk}
    assert found(str(attempt.public_id)) == found("subject-1") == both
    assert found("subject") == set()


def test_events_are_found_by_number_actor_and_object(root, attempt):
    first = event()
    root.post(f"{ATTEMPTS}{attempt.pk}/act/verify_media/")
    last = AuditEvent.objects.first()

    def found(text):
        return {event.sequence for event in root.get(AUDIT, {"q": text}).context["cl"].result_list}

    assert found(str(first.sequence)) == found("system:tests") == {first.sequence}
    assert last.sequence in found(last.actor)
    assert found(last.object_id) == {last.sequence}
    assert found("9" * 30) == found("nonsense") == set()


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


def test_the_intake_form_registers_a_token_and_never_shows_it(root, django_user_model):
    token = "0A1B2C3D-4E5F-6071-8293-A4B5C6D7E8F9"
    values = {"sdk_token": token, "subject_reference": "S-1", "issued_at": "", "region": "ap-jakarta"}
    added = root.post(f"{ATTEMPTS}add/", values, follow=True)
    attempt = VerificationAttempt.objects.get(sdk_token=token)
    assert (attempt.subject_reference, attempt.region) == ("S-1", "ap-jakarta")
    assert "The token is registered" in added.text
    assert AuditEvent.objects.get().action == audit.ATTEMPT_REGISTERED

    again = root.post(f"{ATTEMPTS}add/", values, follow=True)
    assert again.redirect_chain == [(f"{ATTEMPTS}{attempt.pk}/change/", 302)]
    assert "registered before" in again.text

    other = root.post(f"{ATTEMPTS}add/", values | {"subject_reference": "S-2"})
    assert "registered for another subject" in other.text
    assert VerificationAttempt.objects.count() == 1
    assert not any(token in page.text for page in (added, again, other))


@pytest.mark.parametrize(
    ("values", "problem"),
    [
        ({"sdk_token": "short"}, "The token must be"),
        ({"sdk_token": "with spaces in it"}, "The token must be"),
        ({"sdk_token": ""}, "This field is required"),
        ({"subject_reference": ""}, "This field is required"),
        ({"issued_at": "2999-01-01T00:00"}, "in the future"),
        ({"issued_at": "yesterday"}, "Enter a valid date/time"),
        ({"region": "ap-nowhere"}, "Select a valid choice"),
    ],
)
def test_the_intake_form_says_what_to_correct_and_forgets_the_token(root, values, problem):
    good = {"sdk_token": "A-TOKEN-THAT-IS-FINE", "subject_reference": "S-1", "region": "ap-singapore"}
    response = root.post(f"{ATTEMPTS}add/", good | values)
    assert (response.status_code, VerificationAttempt.objects.count()) == (200, 0)
    assert problem in response.text
    assert "A-TOKEN-THAT-IS-FINE" not in response.text


def test_the_intake_form_takes_its_own_permission():
    assert staff(*LOOK).get(f"{ATTEMPTS}add/").status_code == 403
    assert staff(*LOOK).post(f"{ATTEMPTS}add/", {"sdk_token": "A-TOKEN-THAT-IS-FINE"}).status_code == 403
    assert staff("add_verificationattempt").get(f"{ATTEMPTS}add/").status_code == 200


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
    failed = Summary(failure=ConfigurationError("set TENCENTCLOUD_SECRET_ID"))
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


def test_too_many_attempts_at_once_are_refused(root, plans):
    keys = [make_attempt().pk for _ in range(21)]
    response = root.post(ATTEMPTS, {"action": "refresh_now", "_selected_action": keys, "index": 0})
    assert "at most 20" in told(response)
    everywhere = {"action": "refresh_now", "_selected_action": keys[0], "select_across": 1, "index": 0}
    assert "at most 20" in told(root.post(ATTEMPTS, everywhere))
    assert plans == []


def test_verifying_reads_the_files_again_and_tells_the_damaged_one(root, attempt):
    video = attempt.media.get(kind=MediaKind.VIDEO)
    assert "2 files are sound." in told(root.post(f"{ATTEMPTS}{attempt.pk}/act/verify_media/"))
    Path(video.file.path).write_bytes(b"vidEo")
    for path, key in ((ATTEMPTS, attempt.pk), (MEDIA, video.pk)):
        response = root.post(path, {"action": "verify_media", "_selected_action": key, "index": 0})
        assert f"Video {video.public_id} is damaged or missing." in told(response)
    video.refresh_from_db()
    assert video.damaged_at


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


def test_a_person_who_left_the_staff_is_asked_to_log_in(attempt):
    client = signed_in(make_user(*LOOK, *ACT))
    for path in (ATTEMPTS, f"{ATTEMPTS}{attempt.pk}/change/"):
        assert client.get(path).status_code == 302
    assert client.post(f"{ATTEMPTS}{attempt.pk}/act/refresh_now/")["Location"].startswith("/admin/login/")


def test_an_unknown_row_leads_back_instead_of_failing(root):
    for path in (ATTEMPTS, MEDIA):
        assert root.get(f"{path}999999/change/").status_code == 302
        assert root.post(f"{path}999999/act/verify_media/").status_code == 302
