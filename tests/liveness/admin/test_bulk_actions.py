"""Acting on more rows than one request can: the list, the progress, the report, and who may see and end it."""

import csv
import io
import re
from pathlib import Path

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from liveness import audit
from liveness.access import AccessPolicy
from liveness.audit import Actor
from liveness.models import (
    AuditEvent,
    BulkAction,
    BulkKind,
    MediaKind,
    MediaState,
    Outcome,
    StoredMedia,
    VerificationAttempt,
)
from liveness.worker import bulk_actions, engine
from tests.builders import make_attempt, make_media
from tests.liveness.admin.pages import ACT, ATTEMPTS, LOOK, MEDIA, staff, told

pytestmark = [pytest.mark.django_db, pytest.mark.postgres]
BULK = "/admin/liveness/bulkaction/"
OPERATE = (*LOOK, *ACT, "view_bulkaction")


@pytest.fixture(autouse=True)
def _no_vendor(monkeypatch):
    def run(plan):
        raise AssertionError("a bulk action asks nobody by itself")

    monkeypatch.setattr(engine, "run", run)


def post(client, name="refresh_now", query="", path=ATTEMPTS, **form):
    return client.post(f"{path}{query}", {"action": name, "index": 0, **form})


def page_of(action: BulkAction) -> str:
    return f"{BULK}{action.pk}/change/"


def targets() -> list[int]:
    return list(BulkAction.objects.get().items.order_by("target_id").values_list("target_id", flat=True))


def own(client) -> Actor:
    return Actor(f"user:{client.session['_auth_user_id']}")


def started(actor=Actor("system:tests")) -> BulkAction:  # noqa: B008 - it never changes
    rows = VerificationAttempt.objects.all()
    action = bulk_actions.start(BulkKind.REFRESH, rows, actor=actor, now=timezone.now(), filters="search: secret")
    bulk_actions.take(100, run="run", now=timezone.now())
    return action


def test_more_rows_than_one_request_can_do_become_a_bulk_action_with_a_page(root):
    keys = [make_attempt().pk for _ in range(21)]
    response = post(root, _selected_action=keys)
    action = BulkAction.objects.get()
    assert (response.status_code, response["Location"]) == (302, page_of(action))
    assert (targets(), action.total, action.filters) == (keys, 21, "chosen by hand")
    assert "21 records are noted for the next run" in told(response)
    page = root.get(page_of(action)).text
    assert "Waiting for the next run" in page and "0 of 21 records" in page


def test_all_that_match_are_taken_by_filters_search_and_policy_and_nothing_is_counted_before(root):
    wanted = [make_attempt(subject_reference=f"A-{number}", outcome=Outcome.FAILED).pk for number in range(25)]
    make_attempt(subject_reference="A-x", outcome=Outcome.PASSED)
    make_attempt(subject_reference="B-1", outcome=Outcome.FAILED)
    address = root.post(f"{ATTEMPTS}find/", {"q": "a-"})["Location"]
    with CaptureQueriesContext(connection) as captured:
        page = root.get(f"{address}&outcome__exact=failed&period=today")
    assert "All that match, on every page" in page.text
    assert not any("COUNT(" in query["sql"] for query in captured.captured_queries)
    query = page.wsgi_request.get_full_path().removeprefix(ATTEMPTS)
    post(root, query=query, select_across="on")
    action = BulkAction.objects.get()
    assert targets() == wanted
    assert action.filters == "search: a-; outcome: Failed; date registered: Today"
    event = AuditEvent.objects.get(action=audit.BULK_STARTED)
    assert event.data == {
        "kind": "refresh",
        "total": 25,
        "filters": {"outcome__exact": "failed", "period": "today", "search": True},
    }


@pytest.mark.parametrize("path", [ATTEMPTS, MEDIA])
def test_all_that_match_a_search_are_taken_although_a_page_shows_fewer(root, path, monkeypatch):
    monkeypatch.setattr("liveness.admin.attempts.MAX_FOUND", 22)
    monkeypatch.setattr("liveness.admin.media.MAX_ATTEMPTS", 22)
    attempts = [make_attempt(subject_reference=f"A-{number}") for number in range(25)]
    files = [make_media(attempt, MediaKind.VIDEO, b"video") for attempt in attempts]
    make_media(make_attempt(subject_reference="B"), MediaKind.VIDEO, b"other")
    address = root.post(f"{path}find/", {"q": "a-"})["Location"]
    assert len(root.get(address).context["cl"].result_list) == 22
    post(root, "verify_media", address.removeprefix(path), path, select_across="on")
    assert targets() == [file.pk for file in files]


@pytest.mark.parametrize("no", ["0", "false", ""])
def test_the_box_for_all_that_match_can_say_no(root, no):
    keys = [make_attempt().pk for _ in range(22)]
    post(root, select_across=no, _selected_action=keys[:21])
    assert targets() == keys[:21]
    BulkAction.objects.all().delete()
    post(root, select_across=no)
    assert not BulkAction.objects.exists()


def test_all_that_match_a_search_that_is_not_kept_are_none(root):
    make_attempt()
    post(root, query="?s=unknown", select_across="1")
    assert not BulkAction.objects.exists()


class SingaporeOnly(AccessPolicy):
    """A host's policy that shows the attempts of one region."""

    def visible_attempts(self, user):
        return super().visible_attempts(user).filter(region="ap-singapore")


def test_what_the_policy_hides_is_not_taken_and_not_named_in_a_report(root, settings):
    hidden = make_attempt(region="ap-jakarta", subject_reference="secret")
    shown = [make_attempt().pk for _ in range(25)]
    action = started(own(root))
    bulk_actions.finish(hidden.pk, "a problem of it", now=timezone.now())
    settings.LIVENESS_ACCESS_POLICY = f"{__name__}.SingaporeOnly"
    for page in (page_of(action), f"{BULK}{action.pk}/report.csv"):
        text = b"".join(root.get(page)).decode().replace("search: secret", "")
        assert "hidden" in text
        assert not any(secret in text for secret in ("secret", "a problem of it", str(hidden.public_id)))
    BulkAction.objects.all().delete()
    post(root, select_across="1")
    assert targets() == shown


def test_a_person_whom_the_policy_narrows_sees_no_bulk_action_of_others(root, settings):
    """Their numbers count attempts that are hidden here, and their search may name a person."""
    make_attempt(region="ap-jakarta")
    others, mine = started(), started(own(root))
    settings.LIVENESS_ACCESS_POLICY = f"{__name__}.SingaporeOnly"
    assert root.get(BULK).context["cl"].result_list == [mine]
    assert root.get(f"{BULK}?q={others.public_id}").context["cl"].result_list == []
    assert root.get(page_of(others)).status_code == 302
    assert root.get(f"{BULK}{others.pk}/report.csv").status_code == 404
    assert root.post(f"{BULK}{others.pk}/cancel/").status_code == 404
    assert (root.get(page_of(mine)).status_code, others.items.pending().count()) == (200, 1)


def test_a_report_on_files_names_attempts_to_an_operator_who_may_not_see_files():
    attempt = make_attempt(subject_reference="S-1")
    file = make_media(attempt, MediaKind.VIDEO, b"video")
    files = StoredMedia.objects.all()
    action = bulk_actions.start(BulkKind.VERIFY, files, actor=Actor.system("tests"), now=timezone.now())
    Path(file.file.path).write_bytes(b"other")
    bulk_actions.work_on_files(60.0, run="run", now=timezone.now())
    page = staff("view_verificationattempt", "view_bulkaction", "verify_storedmedia").get(page_of(action)).text
    assert f"{ATTEMPTS}{attempt.pk}/change/" in page and "S-1" in page and bulk_actions.DAMAGED in page
    assert str(file.public_id)[:8] not in page and MEDIA not in page
    assert f"{MEDIA}{file.pk}/change/" in staff(*OPERATE).get(page_of(action)).text


def test_a_report_whose_time_is_over_says_so_and_the_numbers_stay(root):
    attempt = make_attempt()
    action = started()
    bulk_actions.finish(attempt.pk, "a problem", now=timezone.now())
    action.items.all().delete()
    page = root.get(page_of(action)).text
    assert "The report was kept for 30 days." in page and "Failed (1)" in page
    assert "No record has failed." not in page


def test_files_of_many_attempts_and_many_files_are_verified_by_the_next_run(root):
    files = [make_media(make_attempt(), MediaKind.VIDEO, b"%d" % number) for number in range(21)]
    StoredMedia.objects.create(attempt=make_attempt(), kind=MediaKind.VIDEO, state=MediaState.LOST)
    post(root, "verify_media", select_across="1")
    assert targets() == [file.pk for file in files]
    BulkAction.objects.all().delete()
    post(root, "verify_media", "?state__exact=stored", MEDIA, select_across="1")
    assert targets() == [file.pk for file in files]
    assert BulkAction.objects.get().kind == BulkKind.VERIFY


def test_fetching_again_takes_those_that_lack_a_file_only(root):
    lacking = [make_attempt(outcome=Outcome.PASSED) for _ in range(21)]
    for attempt in lacking:
        StoredMedia.objects.create(attempt=attempt, kind=MediaKind.VIDEO, state=MediaState.LOST)
    make_attempt(outcome=Outcome.PASSED)
    post(root, "fetch_media_again", select_across="1")
    assert targets() == [attempt.pk for attempt in lacking]


def test_the_page_tells_progress_and_names_what_failed_and_why(root):
    attempts = [make_attempt(subject_reference=f"s{number}") for number in range(4)]
    action = started()
    bulk_actions.finish(attempts[0].pk, now=timezone.now())
    bulk_actions.finish(attempts[1].pk, "the vendor <b>said</b> no", now=timezone.now())
    page = root.get(page_of(action)).text
    assert "2 of 4 records" in page
    assert re.search(r'<progress max="4"\s+value="2"', page)
    assert f'href="{ATTEMPTS}{attempts[1].pk}/change/"' in page
    assert "the vendor &lt;b&gt;said&lt;/b&gt; no" in page
    assert f"{ATTEMPTS}{attempts[0].pk}/change/" not in page
    # Without a script the page reloads by itself; with one it does not jump.
    assert '<noscript><meta http-equiv="refresh"' in page
    assert "liveness/progress.js" in page
    for attempt in attempts[2:]:
        bulk_actions.finish(attempt.pk, now=timezone.now())
    page = root.get(page_of(action)).text
    assert "Finished" in page and "http-equiv" not in page and "data-polling" not in page


def test_the_report_has_pages_that_cost_the_same_however_deep(root, monkeypatch):
    monkeypatch.setattr("liveness.admin.bulk_report.PAGE_SIZE", 2)
    attempts = [make_attempt() for _ in range(5)]
    action = started()
    for attempt in attempts:
        bulk_actions.finish(attempt.pk, "no", now=timezone.now())
    seen, address = [], page_of(action)
    while address:
        page = root.get(address).text
        seen += re.findall(rf'href="{ATTEMPTS}(\d+)/change/"', page)
        following = re.search(r'rel="next"\s+href="([^"]+)"', page)
        address = page_of(action) + following[1].replace("&amp;", "&") if following else ""
    assert seen == [str(attempt.pk) for attempt in attempts]
    for odd in ("after=x", "after=%00", "after=" + "9" * 40, "state=pending", "state=%00"):
        assert root.get(f"{page_of(action)}?{odd}").status_code == 200


def test_the_csv_holds_no_formula_and_taking_it_is_an_event(root):
    attempt = make_attempt(subject_reference="=HYPERLINK(1)")
    action = started()
    bulk_actions.finish(attempt.pk, "@SUM(A1)", now=timezone.now())
    response = root.get(f"{BULK}{action.pk}/report.csv")
    assert response["Content-Type"] == "text/csv; charset=utf-8"
    assert "attachment" in response["Content-Disposition"]
    rows = list(csv.reader(io.StringIO(b"".join(response).decode("utf-8-sig"))))
    assert rows == [
        ["record", "subject_reference", "state", "problem"],
        [str(attempt.public_id), "'=HYPERLINK(1)", "failed", "'@SUM(A1)"],
    ]
    assert AuditEvent.objects.filter(action=audit.BULK_REPORTED, object_id=str(action.public_id)).count() == 1


def test_a_person_cancels_what_is_pending(root):
    make_attempt()
    action = started()
    response = root.post(f"{BULK}{action.pk}/cancel/")
    assert response["Location"] == page_of(action)
    assert "1 record is skipped" in told(response)
    page = root.get(f"{page_of(action)}?state=skipped").text
    assert "Cancelled" in page and "cancelled" in page and "Cancel what is pending" not in page


def test_ending_an_action_takes_the_permission_to_start_it_and_seeing_it_one_of_its_own(root):
    make_attempt()
    action = started()
    looker = staff(*LOOK, "view_bulkaction")
    assert looker.get(page_of(action)).status_code == 200
    assert "Cancel what is pending" not in looker.get(page_of(action)).text
    assert looker.post(f"{BULK}{action.pk}/cancel/").status_code == 403
    assert staff(*LOOK, "view_bulkaction", "verify_storedmedia").post(f"{BULK}{action.pk}/cancel/").status_code == 403
    stranger = staff(*LOOK, *ACT)
    for page in (BULK, page_of(action), f"{BULK}{action.pk}/report.csv"):
        assert stranger.get(page).status_code == 403
    assert stranger.post(f"{BULK}{action.pk}/cancel/").status_code == 403
    assert staff(*OPERATE).post(f"{BULK}{action.pk}/cancel/").status_code == 302


def test_a_person_who_may_act_but_not_see_bulk_actions_stays_on_the_list():
    keys = [make_attempt().pk for _ in range(21)]
    response = post(staff(*LOOK, *ACT), _selected_action=keys)
    assert response["Location"] == ATTEMPTS
    assert BulkAction.objects.get().total == 21


def test_past_actions_are_listed_with_who_asked_for_them(root):
    keys = [make_attempt().pk for _ in range(21)]
    post(root, _selected_action=keys)
    text = root.get(BULK).text
    for shown in ("Refresh ", "0 of 21", "Waiting for the next run", "chosen by hand", "person"):
        assert shown in text
    assert root.get(f"{BULK}?kind__exact=verify&period=today").context["cl"].result_list == []
    action = BulkAction.objects.get()
    assert root.post(f"{BULK}find/", {"q": str(action.public_id)})["Location"] == f"{BULK}?q={action.public_id}"


def test_nobody_writes_bulk_actions(root):
    make_attempt()
    action = started()
    assert root.post(page_of(action), {"total": 0}).status_code == 403
    assert root.post(f"{BULK}{action.pk}/delete/", {"post": "yes"}).status_code == 403
    assert root.get(f"{BULK}{action.pk}/cancel/").status_code == 405
    assert root.post(f"{BULK}999999/cancel/").status_code == 404
