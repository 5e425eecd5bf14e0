"""The numbers of the dashboard: honest ones, and none where there are too few."""

from datetime import timedelta

import pytest
from django.utils import timezone

from liveness import audit
from liveness.models import HourlyCalls, Outcome
from liveness.review import actions, formatting
from liveness.review.dashboard import cards, data, graphs
from liveness.review.models import Review, ReviewState
from liveness.review.policy import APPROVE, REJECT
from tests.builders import make_attempt
from tests.liveness.review.dashboard.board import HOUR, NOW, gathered, said, shown, tell
from tests.liveness.review.working import decide, make_review, make_reviewer

pytestmark = [pytest.mark.django_db, pytest.mark.postgres]


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
        tell("liveness.test.happened", NOW - 47 * HOUR)
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
        tell(audit.MEDIA_LOST, count=2, cause="link")
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
            HourlyCalls.objects.create(hour=NOW.replace(minute=0) - back * HOUR, calls=calls)
        card = said(shown(client))["API budget, busiest hour"]
        assert card[:2] == ["25.0%", "9,000 of 36,000 calls, from 22\N{NO-BREAK SPACE}Nov, 11:00 UTC"]

    @pytest.mark.parametrize(
        ("part", "whole", "words"),
        [(0, 9, "0%"), (9, 9, "100%"), (9999, 10000, "99.9%"), (1, 10000, "0.1%"), (1, 3, "33.3%"), (0, 0, "–")],
    )
    def test_a_share_is_never_rounder_than_the_truth(self, part, whole, words):
        assert formatting.share(part, whole) == words


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
        monkeypatch.setattr(data, "MOST", 2)
        monkeypatch.setattr(cards, "MOST", 2)
        self.wait(HOUR / 2, HOUR / 2, HOUR / 2, 5 * HOUR)
        standing = {card.label: card.number for card in cards.standing(gathered())}
        assert (standing["Waiting for a decision"], standing["Late"]) == ("3+", "1")

    def test_proposals_wait_for_their_second_person(self):
        decide(make_review(), make_reviewer(), REJECT)
        assert gathered(at=timezone.now()).waiting.proposed == 1
