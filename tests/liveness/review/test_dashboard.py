"""The dashboard: honest numbers, readable without a script, and as fast with a million attempts as with ten."""

import re
from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from django.db import connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from liveness.models import CallTally, Outcome
from liveness.review import numerals
from liveness.review.dashboard import cards, graphs
from liveness.review.models import Review, ReviewState
from liveness.review.policy import APPROVE, REJECT
from liveness.review.services import actions, figures, outlook, periods
from liveness.review.views import dashboard
from liveness.services import audit
from liveness.services.audit import Actor
from tests.builders import make_attempt
from tests.liveness.review.working import decide, make_review, make_reviewer
from tests.people import make_user, signed_in

pytestmark = [pytest.mark.django_db, pytest.mark.postgres]
URL = "/review/dashboard/"
NOW = datetime(2026, 11, 22, 14, 35, tzinfo=UTC)
HOUR = timedelta(hours=1)
# Reading one of these from end to end takes longer with every attempt; the column is the first of the index in use.
GROWING = {
    "liveness_verificationattempt": "public_id",
    "liveness_review_review": "state",
    "liveness_auditevent": "sequence",
    "liveness_review_figure": "name",
}


@pytest.fixture
def client():
    return signed_in(make_user("view_figures"))


def tell(action: str, at=NOW, count=1, **details) -> None:
    with time_machine.travel(at, tick=False), transaction.atomic():
        for _ in range(count):
            audit.record(action, actor=Actor.system("tests"), **details)


def shown(client, query="", at=NOW) -> str:
    with time_machine.travel(at, tick=False):
        response = client.get(URL + query)
    assert response.status_code == 200
    return response.text


def said(page: str) -> dict[str, list[str]]:
    """What the cards of the page say, by their label."""
    found = re.findall(r"<dt>(.*?)</dt>(.*?)</div>", page, re.DOTALL)
    return {
        label: [text.strip() for text in re.findall(r"<dd[^>]*>(.*?)</dd>", rest, re.DOTALL)] for label, rest in found
    }


def gathered(code="24h", at=NOW) -> outlook.Outlook:
    figures.fold()
    return outlook.gather(periods.choose(code, at))


class TestAccess:
    def test_it_needs_the_permission(self):
        assert signed_in(make_user("view_review", "claim_review")).get(URL).status_code == 403

    def test_it_needs_a_log_in(self):
        response = Client().get(URL)
        assert (response.status_code, response.url.partition("?")[0]) == (302, "/accounts/login/")

    def test_it_is_read_only_and_never_kept(self, client):
        assert client.post(URL).status_code == 405
        assert "no-store" in client.get(URL)["Cache-Control"]


class TestPage:
    def test_before_anything_happened_it_says_so(self, client):
        page = shown(client)
        assert "No figures yet" in page
        assert '<svg class="chart' not in page

    def test_it_folds_what_happened_before_it_shows_it(self, client):
        tell(audit.ATTEMPT_REGISTERED, count=3)
        assert said(shown(client))["Inflow"][0] == "3"

    def test_it_folds_no_more_than_a_page_may_take_and_tells_the_rest(self, client, monkeypatch):
        monkeypatch.setattr(dashboard, "MOST_EVENTS", 2)
        tell(audit.ATTEMPT_REGISTERED, count=5)
        later = NOW + timedelta(seconds=61)
        assert "Figures up to 22 Nov, 14:35; 3 events behind." in shown(client, at=later)
        assert "Figures up to 22 Nov, 14:35; 1 event behind." in shown(client, at=later)
        assert "Up to date" in shown(client, at=later)

    def test_a_few_events_of_this_minute_are_nothing_to_tell(self, client, monkeypatch):
        monkeypatch.setattr(dashboard, "MOST_EVENTS", 1)
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
        tell(audit.MEDIA_LOST, reason="the vendor's link has run out (HTTP 403)")
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


class TestNumbers:
    def test_captured_is_of_all_that_had_a_result(self, client):
        tell(actions.REVIEW_QUEUED, count=8, margin=3600, is_complete=True)
        tell(actions.REVIEW_QUEUED, margin=30, is_complete=False)
        for polled_at in (NOW, None):
            attempt = make_attempt(issued_at=NOW - 2 * HOUR, last_polled_at=polled_at)
            tell(audit.ATTEMPT_EXPIRED, target=attempt, reason="the vendor says that the token ran out")
        page = said(shown(client))
        assert page["Captured before expiry"][:2] == ["80.0%", "8 of 10 with all their evidence"]
        assert page["Inflow"][1] == "1 person never finished the check"

    def test_the_margin_has_a_middle_a_bad_day_and_a_worst_case(self, client):
        tell(actions.REVIEW_QUEUED, count=95, margin=7000, is_complete=True)
        tell(actions.REVIEW_QUEUED, count=5, margin=1800, is_complete=True)
        tell(actions.REVIEW_QUEUED, margin=45, is_complete=True)
        number, detail = said(shown(client))["Margin to expiry"][:2]
        assert number == "1 h 56 min"
        assert detail == "median; 95% had 31 min or more, the least under a minute"

    def test_the_period_before_is_shown_once_the_records_reach_back(self, client):
        tell("liveness.something.else", NOW - 47 * HOUR)
        tell(audit.ATTEMPT_REGISTERED, NOW - 40 * HOUR, count=7)
        tell(audit.ATTEMPT_REGISTERED, NOW)
        assert "Before" not in shown(client)
        assert said(shown(client, at=NOW + HOUR))["Inflow"][-1] == "Before: 7"

    def test_passes_and_failures_overturned_are_told_apart(self, settings):
        settings.LIVENESS_REVIEW_SECOND_ON_OVERRIDE = False
        for vendor, outcome in ((Outcome.PASSED, APPROVE), (Outcome.PASSED, REJECT), (Outcome.FAILED, REJECT)):
            decide(make_review(vendor), make_reviewer(), outcome)
        found = {card.label: card for card in cards.cards(gathered(at=timezone.now()))}
        assert found["Vendor passes overturned"].detail == "1 of 2 decisions: too few for a share"
        assert found["Vendor failures overturned"].detail == "0 of 1 decisions: too few for a share"

    @pytest.mark.parametrize(
        ("agreed", "disputed", "number", "detail"),
        [
            (0, 0, "–", "None yet"),
            (3, 1, "–", "3 of 4 agreed: too few for a share"),
            (38, 2, "95.0%", "38 of 40 agreed; likely 83 to 99%"),
        ],
    )
    def test_agreement_says_when_there_are_too_few(self, agreed, disputed, number, detail):
        tell(actions.DECISION_CONFIRMED, count=agreed, outcome=APPROVE, is_blind=True)
        tell(actions.DECISION_DISPUTED, count=disputed, outcome=REJECT, is_blind=True)
        card = {card.label: card for card in cards.cards(gathered())}["Agreement in blind reviews"]
        assert (card.number, card.detail) == (number, detail)

    def test_decisions_per_hour_are_of_the_hours_since_the_first_event(self):
        tell(audit.ATTEMPT_REGISTERED, NOW - 4 * HOUR)
        tell(actions.DECISION_MADE, NOW - HOUR, count=10, outcome=APPROVE)
        card = {card.label: card for card in cards.cards(gathered())}["Decisions per hour"]
        assert (card.number, card.detail) == ("2.5", "10 in 4 h: 10 approved, 0 rejected, 0 asked to retry")

    def test_attempts_without_an_answer_and_lost_files_are_told_apart(self):
        for polled_at, unfinished_at in ((NOW, NOW), (None, None)):
            attempt = make_attempt(issued_at=NOW - 2 * HOUR, last_polled_at=polled_at, unfinished_at=unfinished_at)
            tell(audit.ATTEMPT_EXPIRED, target=attempt)
        tell(audit.MEDIA_LOST, count=2, reason="the vendor's link has run out (HTTP 403)")
        found = gathered()
        assert [(row.label, row.cells[0][0]) for row in graphs.unanswered(found).rows] == [
            ("The check was never finished", 1),
            ("The answer was not read before it expired", 1),
        ]
        assert [row.cells[0][0] for row in graphs.lost_files(found).rows] == [2]
        assert graphs.lost_files(found).description == "2 files were lost."

    def test_the_budget_is_that_of_the_busiest_hour(self, client, settings):
        settings.LIVENESS_RATE_LIMIT = 10
        tell(audit.ATTEMPT_REGISTERED)
        for back, calls in ((0, 40), (3, 9_000), (99, 30_000)):
            CallTally.objects.create(hour=NOW.replace(minute=0) - back * HOUR, calls=calls)
        card = said(shown(client))["API budget, busiest hour"]
        assert card[:2] == ["25.0%", "9,000 of 36,000 calls, from 22\N{NO-BREAK SPACE}Nov, 11:00"]

    @pytest.mark.parametrize(
        ("part", "whole", "words"),
        [(0, 9, "0%"), (9, 9, "100%"), (9999, 10000, "99.9%"), (1, 10000, "0.1%"), (1, 3, "33.3%"), (0, 0, "–")],
    )
    def test_a_share_is_never_rounder_than_the_truth(self, part, whole, words):
        assert numerals.share(part, whole) == words


class TestWaiting:
    def wait(self, *ages: timedelta, state=ReviewState.OPEN) -> None:
        for age in ages:
            review = make_review(has_media=False)
            due = NOW - age + 4 * HOUR
            Review.objects.filter(pk=review.pk).update(state=state, queue_at=due, due_at=due)

    def test_reviews_are_counted_by_age_against_what_was_agreed(self):
        self.wait(*(number * HOUR for number in (-1, 0.5, 1, 1.5, 3.5, 4, 7, 9)))
        bands = gathered().waiting.bands
        assert [band.count for band in bands] == [2, 2, 0, 1, 2, 1]
        assert [band.level for band in bands] == ["calm", "calm", "calm", "soon", "late", "late"]

    def test_only_what_is_undecided_waits(self):
        for state in (ReviewState.ESCALATED, ReviewState.OPEN, ReviewState.LOST, ReviewState.WAITING):
            self.wait(5 * HOUR, state=state)
        waiting = gathered().waiting
        assert sum(band.count for band in waiting.bands) == 2
        assert waiting.oldest == 5 * HOUR

    def test_nothing_waits_in_an_empty_queue(self, client):
        tell(audit.ATTEMPT_REGISTERED)
        page = said(shown(client))
        assert [page[label][0] for label in ("Waiting for a decision", "Late", "Oldest")] == ["0", "0", "–"]

    def test_counting_stops_early_and_says_so(self, monkeypatch):
        monkeypatch.setattr(outlook, "MOST", 2)
        monkeypatch.setattr(cards, "MOST", 2)
        self.wait(HOUR / 2, HOUR / 2, HOUR / 2, 5 * HOUR)
        standing = {card.label: card.number for card in cards.standing(gathered())}
        assert (standing["Waiting for a decision"], standing["Late"]) == ("3+", "1")

    def test_proposals_wait_for_their_second_person(self):
        decide(make_review(), make_reviewer(), REJECT)
        assert gathered(at=timezone.now()).waiting.proposed == 1


class TestSpeed:
    def test_the_number_of_queries_does_not_grow_with_the_attempts(self, client, django_assert_num_queries):
        tell(audit.ATTEMPT_REGISTERED)
        shown(client)
        with CaptureQueriesContext(
            connection,
        ) as few:
            shown(client)
        for _ in range(5):
            decide(make_review(), make_reviewer(), APPROVE)
        figures.fold()
        with django_assert_num_queries(len(few)):
            shown(client)

    @pytest.mark.parametrize("code", periods.CODES)
    def test_no_table_that_grows_is_read_from_end_to_end(self, code):
        tell(audit.ATTEMPT_REGISTERED, NOW - 99 * 24 * HOUR)
        figures.fold()
        with CaptureQueriesContext(connection) as queries:
            outlook.gather(periods.choose(code, NOW))
        assert len(queries) > 10
        for query in queries:
            assert reads_all(query["sql"]) == []


def reads_all(sql: str) -> list[str]:
    """The steps of the plan that read a growing table, or an index of it, whole."""
    if re.search(r"LIMIT 1\b", sql):
        # One step along an index.
        return []
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            # So small a table is read whole whatever its indexes, unless that is made dear.
            cursor.execute("SET LOCAL enable_seqscan = off")
            cursor.execute("EXPLAIN " + sql)
            steps = " ".join(row[0].strip() for row in cursor.fetchall()).split("->")
            return [step for step in steps if any(is_whole(step, *known) for known in GROWING.items())]
        cursor.execute("EXPLAIN QUERY PLAN " + sql)
        return [row[3] for row in cursor.fetchall() if any(f"SCAN {name}" in row[3] for name in GROWING)]


def is_whole(step: str, table: str, column: str) -> bool:
    return f" on {table}" in step and not re.search(rf"Cond: .*\b{column}\b", step.partition("Filter: ")[0])
