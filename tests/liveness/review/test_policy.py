"""What a decision needs: every combination that makes a difference, and the sample."""

from dataclasses import replace
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from liveness.models import Outcome
from liveness.review import policy, wording
from liveness.review.models import DecisionOutcome
from liveness.review.policy import APPROVE, ESCALATE, REJECT, RETRY, Draft, Rules, Situation

RULES = Rules(second_on_override=True, second_on_reasons=frozenset({"grave"}), require_opened=True, min_played=0.0)
SEEN = Situation("passed", is_answered=True, has_video=True, missing=0, unopened=0, played=1.0)
ALLOWED = {"plain", "grave"}
FULL = {"reasons": ("plain",), "internal_note": "why", "subject_text": "what to do"}
KEY = b"k" * 32


def problems(outcome, *, situation=SEEN, rules=RULES, **texts):
    return policy.problems(Draft(outcome, **texts), situation, rules, allowed=ALLOWED)


def test_the_words_are_those_of_the_models():
    assert {outcome.value for outcome in DecisionOutcome} - policy.OUTCOMES == {DecisionOutcome.WITHDRAWN}
    assert {policy.PASSED, policy.FAILED} < set(Outcome.values)


class TestOverride:
    @pytest.mark.parametrize(("vendor", "outcome"), list(product(Outcome.values, sorted(policy.OUTCOMES))))
    def test_only_a_verdict_can_be_contradicted_and_only_by_its_opposite(self, vendor, outcome):
        expected = (vendor, outcome) in {("passed", "reject"), ("failed", "approve")}
        assert policy.is_override(vendor, outcome) == expected


class TestProblems:
    @pytest.mark.parametrize("outcome", sorted(policy.OUTCOMES))
    @pytest.mark.parametrize("vendor", ["passed", "failed", "unknown"])
    def test_a_full_draft_is_in_order(self, outcome, vendor):
        assert problems(outcome, situation=replace(SEEN, vendor_outcome=vendor), **FULL) == []

    @pytest.mark.parametrize(
        ("vendor", "outcome", "expected"),
        [
            ("passed", APPROVE, []),
            ("unknown", APPROVE, []),
            ("failed", APPROVE, ["reason_missing", "note_missing"]),
            ("passed", REJECT, ["reason_missing", "note_missing"]),
            ("failed", REJECT, ["reason_missing"]),
            ("unknown", REJECT, ["reason_missing"]),
            ("passed", RETRY, ["reason_missing", "subject_text_missing"]),
            ("failed", RETRY, ["reason_missing", "subject_text_missing"]),
            ("passed", ESCALATE, ["reason_missing", "note_missing"]),
            ("failed", ESCALATE, ["reason_missing", "note_missing"]),
        ],
    )
    def test_a_bare_draft_says_what_it_lacks(self, vendor, outcome, expected):
        assert problems(outcome, situation=replace(SEEN, vendor_outcome=vendor)) == expected

    @pytest.mark.parametrize("blank", ["", " ", "\n\t"])
    def test_blank_text_is_no_text(self, blank):
        assert "note_missing" in problems(ESCALATE, **(FULL | {"internal_note": blank}))
        assert "subject_text_missing" in problems(RETRY, **(FULL | {"subject_text": blank}))

    @pytest.mark.parametrize("outcome", ["", "withdrawn", "APPROVE", "approved"])
    def test_nothing_but_an_outcome_is_an_outcome(self, outcome):
        assert problems(outcome, **FULL) == ["outcome_missing"]

    @pytest.mark.parametrize("outcome", sorted(policy.OUTCOMES))
    def test_a_reason_must_fit(self, outcome):
        assert problems(outcome, **(FULL | {"reasons": ("plain", "strange")})) == ["reason_not_allowed"]

    @pytest.mark.parametrize("text", ["internal_note", "subject_text"])
    def test_each_text_is_bounded(self, text):
        assert problems(REJECT, **(FULL | {text: "x" * policy.LONGEST_TEXT})) == []
        assert problems(REJECT, **(FULL | {text: "x" * (policy.LONGEST_TEXT + 1)})) == ["text_too_long"]

    @pytest.mark.parametrize(
        ("change", "expected"),
        [
            ({"missing": 1}, ["evidence_missing"]),
            ({"unopened": 1}, ["not_opened"]),
            ({"missing": 2, "unopened": 1}, ["evidence_missing", "not_opened"]),
            ({"is_answered": False, "missing": 2, "unopened": 1}, ["no_answer"]),
        ],
    )
    def test_only_an_approval_needs_the_evidence(self, change, expected):
        situation = replace(SEEN, **change)
        assert problems(APPROVE, situation=situation, **FULL) == expected
        for outcome in (REJECT, RETRY, ESCALATE):
            assert problems(outcome, situation=situation, **FULL) == []

    def test_nobody_has_to_open_files_where_the_rules_do_not_ask_for_it(self):
        rules = replace(RULES, require_opened=False)
        assert problems(APPROVE, situation=replace(SEEN, unopened=2), rules=rules) == []

    @pytest.mark.parametrize(
        ("least", "played", "is_enough"),
        [(0.0, None, True), (0.8, None, False), (0.8, 0.79, False), (0.8, 0.8, True), (0.8, 1.0, True)],
    )
    def test_the_video_has_to_be_played_as_far_as_the_rules_ask(self, least, played, is_enough):
        rules, situation = replace(RULES, min_played=least), replace(SEEN, played=played)
        assert problems(APPROVE, situation=situation, rules=rules) == ([] if is_enough else ["not_played"])
        assert problems(APPROVE, situation=replace(situation, has_video=False), rules=rules) == []

    def test_every_problem_can_be_said(self):
        worst = replace(SEEN, vendor_outcome="failed", missing=1, unopened=1, played=None)
        rules = replace(RULES, min_played=1.0)
        found = {
            *problems("", **FULL),
            *problems(APPROVE, situation=worst, rules=rules, reasons=("strange",), subject_text="x" * 4001),
            *problems(RETRY),
            *problems(APPROVE, situation=replace(SEEN, is_answered=False)),
        }
        assert found == set(wording.PROBLEMS) - {"text_missing"}


class TestNeedsSecond:
    @pytest.mark.parametrize(
        ("vendor", "outcome", "reason", "is_sampled", "corrects_two", "switched_on"),
        list(
            product(["passed", "failed", "unknown"], sorted(policy.OUTCOMES), ["plain", "grave"], *[[True, False]] * 3)
        ),
    )
    def test_it_names_every_need(self, vendor, outcome, reason, is_sampled, corrects_two, switched_on):
        needs = policy.needs_second(
            Draft(outcome, (reason,)),
            vendor,
            replace(RULES, second_on_override=switched_on),
            is_sampled=is_sampled,
            corrects_two=corrects_two,
        )
        named = {
            "override": switched_on and policy.is_override(vendor, outcome),
            "reason": reason == "grave",
            "sample": is_sampled,
            "correction": corrects_two,
        }
        assert needs == ([] if outcome == ESCALATE else [need for need, holds in named.items() if holds])
        assert set(needs) <= set(wording.SECONDS)


class TestSample:
    @given(st.uuids(), st.floats(0, 1))
    def test_it_is_always_the_same(self, attempt_id, share):
        first = policy.is_sampled(str(attempt_id), share, KEY)
        assert policy.is_sampled(str(attempt_id), share, KEY) is first

    @given(st.uuids(), st.floats(0, 1), st.floats(0, 1))
    def test_a_larger_share_never_loses_anybody(self, attempt_id, one, other):
        less, more = sorted((one, other))
        assert policy.is_sampled(str(attempt_id), more, KEY) >= policy.is_sampled(str(attempt_id), less, KEY)

    @given(st.uuids())
    def test_none_is_none_and_all_is_all(self, attempt_id):
        assert not policy.is_sampled(str(attempt_id), 0.0, KEY)
        assert policy.is_sampled(str(attempt_id), 1.0, KEY)

    @pytest.mark.parametrize("share", [0.01, 0.05, 0.5])
    def test_it_is_about_the_share(self, share):
        drawn = sum(policy.is_sampled(f"attempt-{number}", share, KEY) for number in range(20_000))
        # Five standard deviations; and the numbers are fixed, so it is never a matter of luck.
        assert abs(drawn - 20_000 * share) < 5 * (20_000 * share * (1 - share)) ** 0.5

    def test_nobody_can_tell_it_without_the_key(self):
        drawn = {key: {n for n in range(2000) if policy.is_sampled(str(n), 0.5, key)} for key in (KEY, b"other")}
        shared = len(drawn[KEY] & drawn[b"other"])
        assert 400 < shared < 600
