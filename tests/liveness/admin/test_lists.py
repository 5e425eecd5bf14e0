"""The admin's lists: filters, pages and searches that are fast and give nothing away."""

import re
from datetime import UTC, datetime, timedelta

import pytest
from django.contrib.auth import get_user_model
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from liveness.admin import mixins
from liveness.models import AuditEvent, MediaKind, Outcome
from tests.builders import make_attempt, make_media
from tests.liveness.admin.pages import ATTEMPTS, AUDIT, MEDIA, event, told

pytestmark = pytest.mark.django_db


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


@pytest.mark.parametrize(("path", "queries"), [(ATTEMPTS, 3), (MEDIA, 3), (AUDIT, 5)])
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


@pytest.mark.parametrize("path", [ATTEMPTS, MEDIA, AUDIT])
@pytest.mark.parametrize("text", ["\x00", "%", "' OR 1=1", "x" * 5000])
def test_the_search_survives_whatever_is_typed(root, path, text):
    assert "Nothing matches" in told(root.post(f"{path}find/", {"q": text}))


def test_events_are_found_by_number_actor_and_object(root, attempt):
    first = event()
    root.post(f"{ATTEMPTS}{attempt.pk}/act/verify_media/")
    last = AuditEvent.objects.first()

    def found(text):
        return {event.sequence for event in root.get(AUDIT, {"q": text}).context["cl"].result_list}

    assert found(str(first.sequence)) == found("system:tests") == {first.sequence}
    assert last.sequence in found(last.actor)
    assert found(last.object_id) == {last.sequence}
    for text in ("9" * 30, "nonsense", "user:0"):
        assert "Nothing matches" in told(root.post(f"{AUDIT}find/", {"q": text}))


@pytest.mark.parametrize("path", [ATTEMPTS, MEDIA, AUDIT])
def test_lists_filter_by_date_without_reading_the_table(root, attempt, path):
    event()

    def shown(query):
        page = root.get(f"{path}?{query}")
        assert page.status_code == 200
        return len(page.context["cl"].result_list)

    everything = shown("")
    today = timezone.localdate()
    yesterday = today - timedelta(days=1)
    assert everything
    for query in ("period=today", "period=week", f"from={today}", f"to={today}", f"from={today}&to={today}"):
        assert shown(query) == everything
    for query in ("period=yesterday", f"to={yesterday}", f"from={yesterday}&to={yesterday}", "from=2199-01-01"):
        assert shown(query) == 0
    for query in ("period=ever", "from=2026-13-45", "to=%00", "from=0001-01-01&to=9999-12-31"):
        assert shown(query) == everything


def test_the_form_for_a_range_of_days_keeps_the_other_filters(root, attempt):
    page = root.get(f"{ATTEMPTS}?outcome__exact=passed&from=2026-01-31&period=").text
    assert '<input type="hidden" name="outcome__exact" value="passed">' in page
    assert '<input type="date" name="from" value="2026-01-31">' in page
    assert "Days of UTC" in page


def test_every_time_in_the_admin_has_one_form_with_its_zone(root, attempt):
    event()
    at = datetime(2026, 1, 31, 9, 30, tzinfo=UTC)
    type(attempt).objects.update(created_at=at, finished_at=at)
    shown = "31 Jan 2026, 09:30:00 UTC"
    assert root.get(ATTEMPTS).text.count(shown) == 2
    assert shown in root.get(f"{ATTEMPTS}{attempt.pk}/change/").text
    person = get_user_model().objects.create_user("dated", is_staff=True)
    get_user_model().objects.filter(pk=person.pk).update(last_login=at, date_joined=at)
    times = re.compile(r"\b[ap]\.m\.")
    for path in (ATTEMPTS, MEDIA, AUDIT, "/admin/auth/user/", f"/admin/auth/user/{person.pk}/history/"):
        assert not times.search(root.get(path).text)


@pytest.mark.parametrize("path", [ATTEMPTS, MEDIA, AUDIT])
def test_no_page_of_a_fact_offers_an_empty_history(root, attempt, path):
    event()
    key = attempt.pk if path == ATTEMPTS else attempt.media.first().pk if path == MEDIA else 1
    page = root.get(f"{path}{key}/change/")
    assert page.status_code == 200
    assert "historylink" not in page.text
    assert root.get(f"{path}{key}/history/")["Location"] == f"{path}{key}/change/"
