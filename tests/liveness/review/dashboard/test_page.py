"""The dashboard's page: who sees it, and that it can be read without a script."""

import re
from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from liveness import audit
from liveness.review import actions
from liveness.review.dashboard import cards
from liveness.review.dashboard import views as dashboard_views
from liveness.review.policy import APPROVE
from tests.liveness.review.dashboard.board import HOUR, NOW, URL, said, shown, tell
from tests.liveness.review.working import OURS_ONLY, decide, make_review, make_reviewer
from tests.people import make_user, signed_in

pytestmark = [pytest.mark.django_db, pytest.mark.postgres]


class TestAccess:
    def test_it_needs_the_permission(self):
        assert signed_in(make_user("view_review", "claim_review")).get(URL).status_code == 403

    def test_it_needs_a_log_in(self):
        response = Client().get(URL)
        assert (response.status_code, response.url.partition("?")[0]) == (302, "/accounts/login/")

    def test_it_is_read_only_and_never_kept(self, client):
        assert client.post(URL).status_code == 405
        assert "no-store" in client.get(URL)["Cache-Control"]


class TestPolicy:
    """A policy of the host that hides attempts from this person."""

    @pytest.fixture(autouse=True)
    def _ours_only(self, settings):
        make_review(region="ap-guangzhou")
        settings.LIVENESS_ACCESS_POLICY = OURS_ONLY

    def test_what_waits_is_counted_within_the_policy(self):
        make_review()
        page = shown(signed_in(make_user("view_figures", "view_verificationattempt")), at=timezone.now())
        assert said(page)["Waiting for a decision"][0] == "1"
        assert "1 review waits, 0 of them too long." in page

    def test_figures_of_all_attempts_are_refused_with_a_reason(self, monkeypatch):
        monkeypatch.setattr(dashboard_views.hourly_statistics, "update", None)
        tell(audit.ATTEMPT_REGISTERED, count=17)
        page = shown(signed_in(make_user("view_figures", "view_verificationattempt")), "?period=7d")
        board = page.partition('id="figures"')[2].partition("</main>")[0]
        assert set(said(board)) == {"Waiting for a decision", "Late", "Oldest", "Second approval"}
        assert "shown to people who may see every attempt" in board
        assert re.findall(r'aria-labelledby="(chart-\w+)"', board) == ["chart-ages"]

    def test_without_any_attempt_nothing_is_counted(self, client):
        assert said(shown(client))["Waiting for a decision"][0] == "0"


class TestPage:
    def test_before_anything_happened_it_says_so(self, client):
        page = shown(client)
        assert "No figures yet" in page
        assert '<svg class="chart' not in page

    def test_it_folds_what_happened_before_it_shows_it(self, client):
        tell(audit.ATTEMPT_REGISTERED, count=3)
        assert said(shown(client))["Inflow"][0] == "3"

    def test_it_folds_no_more_than_a_page_may_take_and_tells_the_rest(self, client, monkeypatch):
        monkeypatch.setattr(dashboard_views, "MOST_EVENTS", 2)
        tell(audit.ATTEMPT_REGISTERED, count=5)
        later = NOW + timedelta(seconds=61)
        assert "Figures up to 22 Nov, 14:35 UTC; 3 events behind." in shown(client, at=later)
        assert "Figures up to 22 Nov, 14:35 UTC; 1 event behind." in shown(client, at=later)
        assert "Up to date" in shown(client, at=later)

    def test_a_few_events_of_this_minute_are_nothing_to_tell(self, client, monkeypatch):
        monkeypatch.setattr(dashboard_views, "MOST_EVENTS", 1)
        monkeypatch.setattr(cards, "FEW_EVENTS", 3)
        tell(audit.ATTEMPT_REGISTERED, count=5)
        assert "4 events behind" in shown(client)
        assert "Up to date" in shown(client)

    @pytest.mark.parametrize(
        ("query", "title"), [("", "24 hours"), ("?period=7d", "7 days"), ("?period=x", "24 hours")]
    )
    def test_the_period_stands_in_the_link(self, client, query, title):
        tell(audit.ATTEMPT_REGISTERED)
        page = shown(client, query)
        assert f"Last {title}" in page
        assert re.search(rf'aria-current="page">{title}<', page)

    def test_every_chart_has_a_name_a_description_and_a_table(self, client):
        tell(audit.ATTEMPT_REGISTERED)
        tell(actions.REVIEW_QUEUED, margin=300, is_complete=True)
        tell(audit.MEDIA_LOST, cause="link")
        tell(audit.ATTEMPT_REFUSED)
        page = shown(client)
        names = re.findall(r'role="img"\s+aria-labelledby="([\w-]+)"\s+aria-describedby="([\w-]+)"', page)
        assert [name for name, _ in names] == [
            f"chart-{name}" for name in ("ages", "flow", "margins", "calls", "attempts", "files")
        ]
        for name, words in names:
            assert re.search(rf'<title id="{name}">[^<]+</title>\s*<desc id="{words}">[^<]+</desc>', page)
            assert f'<summary id="{name}-table">' in page

    def test_the_table_holds_the_numbers_of_the_chart(self, client):
        tell(audit.ATTEMPT_REGISTERED, NOW - HOUR, count=1200)
        tell(audit.ATTEMPT_REGISTERED, NOW)
        page = shown(client)
        rows = re.findall(
            r'<time datetime="([^"]+)">([^<]+)</time></th>\s*<td><data value="(\d+)">([^<]+)</data>', page
        )
        assert rows[22:24] == [
            ("2026-11-22T13:00:00+00:00", "Sun 13:00", "1200", "1,200"),
            ("2026-11-22T14:00:00+00:00", "Sun 14:00, so far", "1", "1"),
        ]

    def test_nothing_in_it_needs_more_than_the_policy_allows(self, client):
        tell(audit.ATTEMPT_REGISTERED)
        page = shown(client).partition('id="figures"')[2].partition("</main>")[0]
        assert not re.search(r"\sstyle=|\son\w+=|<style|<script(?![^>]*\bsrc=)", page)

    def test_it_shows_people_to_nobody(self, client):
        review, person = make_review(), make_reviewer()
        decide(review, person, APPROVE)
        page = shown(client, at=timezone.now())
        assert said(page)["Decisions per hour"] == [
            "–",
            "1 in 1 min: 1 approved, 0 rejected, 0 asked to retry",
        ]
        assert person.get_username() not in page
        assert str(review.attempt.public_id) not in page
