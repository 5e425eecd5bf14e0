"""Which figures an event counts into, and what is said of many together."""

from collections import Counter
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from liveness import audit
from liveness.models import Outcome
from liveness.review import action_counts, actions
from liveness.review.dashboard import counting, hourly_statistics
from liveness.review.decisions import decide as decisions_decide
from liveness.review.policy import APPROVE, ESCALATE, REJECT, RETRY
from tests.builders import make_attempt
from tests.liveness.review.dashboard.counting_events import HOUR, NOON, found, tell
from tests.liveness.review.working import decide, fresh, make_review, make_reviewer, make_supervisor

pytestmark = [pytest.mark.django_db, pytest.mark.postgres]


def of(*names: str) -> dict[str, int]:
    return {name: count for name, count in found().items() if name.partition(".")[0] in names}


class TestCapture:
    def test_only_complete_evidence_has_a_margin(self):
        tell(actions.REVIEW_QUEUED, margin=600, is_complete=False)
        assert found() == {"queued": 1}

    @pytest.mark.parametrize(("margin", "step"), [(-30, "000"), (119, "000"), (120, "001"), (7200, "059")])
    def test_the_first_and_last_step_hold_what_lies_beyond(self, margin, step):
        tell(actions.REVIEW_QUEUED, margin=margin, is_complete=True)
        assert found() == {"queued": 1, "queued.complete": 1, f"margin.{step}": 1, "margin.least": margin}

    def test_answers_are_told_apart(self):
        for outcome in ("passed", "passed", "failed", "unknown"):
            tell(audit.ATTEMPT_ANSWERED, outcome=outcome)
        assert found() == {"answered.passed": 2, "answered.failed": 1, "answered.unknown": 1}

    @pytest.mark.parametrize(
        ("fields", "figure"),
        [
            ({"last_polled_at": NOON - timedelta(minutes=5)}, "expired.unfinished"),
            ({"last_polled_at": NOON - timedelta(minutes=16)}, "expired.missed"),
            ({"last_polled_at": None}, "expired.missed"),
            ({"last_polled_at": NOON, "failure_count": 3}, "expired.missed"),
        ],
    )
    def test_nobody_is_blamed_for_a_check_that_was_watched_to_its_end(self, fields, figure):
        attempt = make_attempt(issued_at=NOON - 2 * HOUR, **fields)
        tell(audit.ATTEMPT_EXPIRED, target=attempt, reason="the vendor says that the token ran out")
        assert found() == {figure: 1}

    def test_a_lost_file_is_counted_under_its_cause(self):
        tell(audit.MEDIA_LOST, kind="video", cause="link")
        tell(audit.MEDIA_LOST, kind="video", cause="a cause of a later version")
        assert found() == {"lost.link": 1, "lost.other": 1}


class TestDecisions:
    def test_decisions_are_counted_by_outcome(self):
        for outcome in (APPROVE, RETRY, ESCALATE):
            decide(make_review(), make_reviewer(), outcome)
        assert of("decided", "escalated") == {"decided.approve": 1, "decided.retry": 1, "escalated": 1}
        assert of("judged", "overturned") == {"judged.vendor_passed": 2}

    @pytest.mark.parametrize(("vendor", "outcome"), [(Outcome.PASSED, REJECT), (Outcome.FAILED, APPROVE)])
    def test_an_overturned_vendor_counts_once_a_second_person_agrees(self, vendor, outcome):
        review = make_review(vendor)
        decide(review, make_reviewer(), outcome)
        assert of("decided", "proposed", "overturned") == {"proposed": 1}
        decide(fresh(review), make_supervisor(), outcome)
        assert of("decided", "confirmed", "overturned") == {
            f"decided.{outcome}": 1,
            "confirmed": 1,
            f"overturned.vendor_{vendor}": 1,
        }

    def test_a_disputed_proposal_decides_nothing(self):
        review = make_review()
        decide(review, make_reviewer(), REJECT)
        decide(fresh(review), make_supervisor(), APPROVE)
        assert of("decided", "disputed", "overturned", "judged") == {"disputed": 1}

    def test_blind_reviews_are_counted_apart(self, settings):
        settings.LIVENESS_REVIEW_SAMPLE = 1
        for outcome in (APPROVE, RETRY):
            review = make_review()
            decide(review, make_reviewer(), APPROVE)
            decide(fresh(review), make_supervisor(), outcome)
        assert of("blind", "decided") == {"blind.agreed": 1, "blind.disputed": 1, "decided.approve": 1}

    @pytest.mark.parametrize("folds_between", [True, False])
    def test_an_undone_decision_is_taken_back(self, settings, folds_between):
        settings.LIVENESS_REVIEW_SECOND_ON_OVERRIDE = False
        review, person = make_review(), make_reviewer()
        decision = decide(review, person, REJECT)
        if folds_between:
            assert of("decided", "overturned") == {"decided.reject": 1, "overturned.vendor_passed": 1}
        decisions_decide.undo(decision, person=person, now=decision.decided_at)
        assert of("decided", "overturned", "judged", "undone") == {"undone": 1}

    def test_an_undone_confirmation_leaves_the_proposal(self):
        review, supervisor = make_review(), make_supervisor()
        decide(review, make_reviewer(), REJECT)
        second = decide(fresh(review), supervisor, REJECT)
        decisions_decide.undo(second, person=supervisor, now=second.decided_at)
        assert of("decided", "overturned", "judged", "confirmed", "proposed") == {"proposed": 1}

    @pytest.mark.parametrize("folds_between", [True, False])
    def test_a_correction_takes_the_place_of_what_it_corrects(self, settings, folds_between):
        settings.LIVENESS_REVIEW_SECOND_ON_OVERRIDE = False
        review, person = make_review(), make_reviewer()
        decide(review, person, REJECT)
        if folds_between:
            hourly_statistics.update()
        correction = decide(fresh(review), person, APPROVE)
        assert of("decided") == {"decided.reject": 1, "decided.approve": 1}
        assert of("judged", "overturned") == {"judged.vendor_passed": 1}
        decisions_decide.undo(correction, person=person, now=correction.decided_at)
        assert of("decided", "judged", "overturned") == {
            "decided.reject": 1,
            "judged.vendor_passed": 1,
            "overturned.vendor_passed": 1,
        }


class TestMargin:
    def test_it_lies_within_its_step(self):
        totals = {"margin.010": 1, "margin.020": 2, "margin.030": 1}
        assert 20 * 120 < counting.margin_at(totals, 0.5) <= 21 * 120
        assert 10 * 120 < counting.margin_at(totals, 0.05) <= 11 * 120

    def test_there_is_none_without_attempts(self):
        assert counting.margin_at({}, 0.5) is None

    @given(st.dictionaries(st.sampled_from(action_counts.MARGINS), st.integers(1, 1000), min_size=1))
    def test_more_attempts_fall_short_of_a_longer_margin(self, totals):
        margins = [counting.margin_at(totals, share) for share in (0.05, 0.25, 0.5, 0.95, 1.0)]
        assert margins == sorted(margins)
        steps = [int(name.removeprefix("margin.")) for name in totals]
        assert min(steps) * 120 <= margins[0]
        assert margins[-1] <= (max(steps) + 1) * 120


@given(st.lists(st.tuples(st.booleans(), st.integers(-99, 9999))), st.integers(0, 99))
def test_figures_are_combined_in_any_order_and_number_of_parts(values, cut):
    def folded(parts):
        whole = {}
        for part in parts:
            for is_least, number in part:
                name = action_counts.LEAST if is_least else "registered"
                whole[name] = counting.combined(name, whole.get(name), number)
        return whole

    sums = Counter(name for name, _ in values)
    whole = folded([values])
    assert whole == folded([values[:cut], values[cut:]]) == folded([values[::-1]])
    assert ("registered" in whole, action_counts.LEAST in whole) == (sums[False] > 0, sums[True] > 0)
