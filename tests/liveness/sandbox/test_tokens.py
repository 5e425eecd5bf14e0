"""How a token ages, and what it answers on the way."""

import pytest

from liveness.sandbox import SUBJECTS, Sandbox
from tests.liveness.sandbox.calling import answer, code, read

UNFINISHED = {"Url": "", "MD5": "", "Size": 0}


def test_it_answers_unfinished_until_the_person_is_done(sandbox: Sandbox):
    token = sandbox.issue("pass_mei", finishes_after=40)
    before = read(sandbox, token)
    assert (before["Result"], before["BestFrame"], before["Video"]) == ("-999", UNFINISHED, UNFINISHED)
    assert before["Description"] == "The verification process wasn't finished."
    sandbox.clock.advance(41)
    assert read(sandbox, token)["Result"] == "0"


def test_it_expires_a_token_two_hours_after_issue(sandbox: Sandbox, token: str):
    sandbox.clock.advance(7100)
    assert read(sandbox, token)["Result"] == "0"
    sandbox.clock.advance(100)
    assert code(sandbox, {"SdkToken": token}) == "InvalidParameterValue.BizTokenExpired"


def test_it_issues_tokens_in_the_past(sandbox: Sandbox):
    assert read(sandbox, sandbox.issue(issued_ago=7000))["Result"] == "0"
    expired = {"SdkToken": sandbox.issue(issued_ago=7201)}
    assert code(sandbox, expired) == "InvalidParameterValue.BizTokenExpired"


def test_it_lets_nobody_finish_after_the_ten_minutes_to_run(sandbox: Sandbox):
    token = sandbox.issue(finishes_after=601)
    sandbox.clock.advance(7000)
    assert read(sandbox, token)["Result"] == "-999"


def test_it_does_not_know_a_token_it_did_not_issue(sandbox: Sandbox):
    assert code(sandbox, {"SdkToken": "0" * 36}) == "InvalidParameterValue.BizTokenIllegal"


def test_it_knows_a_token_only_as_it_was_issued(sandbox: Sandbox, token: str):
    assert code(sandbox, {"SdkToken": token.lower()}) == "InvalidParameterValue.BizTokenIllegal"


@pytest.mark.parametrize("scenario", [name for name in SUBJECTS if name != "never_finishes"])
def test_it_answers_each_scenario_with_its_result(sandbox: Sandbox, scenario: str):
    subject = SUBJECTS[scenario]
    result = read(sandbox, sandbox.issue(scenario, finishes_after=0))
    assert (result["Result"], result["Description"]) == (subject.result, subject.description)
    assert bool((result["BestFrame"] or UNFINISHED)["Url"]) == (subject.best_frame is not None)
    assert bool((result["Video"] or UNFINISHED)["Url"]) == (subject.video is not None)


def test_it_leaves_the_unfinished_unfinished(sandbox: Sandbox):
    token = sandbox.issue("never_finishes", finishes_after=0)
    sandbox.clock.advance(7000)
    assert read(sandbox, token)["Result"] == "-999"


def test_it_changes_a_result_on_a_later_read(sandbox: Sandbox):
    token = sandbox.issue("changes_its_mind", finishes_after=0)
    first = read(sandbox, token)
    sandbox.clock.advance(121)
    second = read(sandbox, token)
    assert (first["Result"], second["Result"]) == ("0", "1002")
    assert first["Video"]["MD5"] != second["Video"]["MD5"]


def test_it_sends_no_media_after_an_engine_failure(sandbox: Sandbox):
    result = read(sandbox, sandbox.issue("engine_failure", finishes_after=0))
    assert (result["BestFrame"], result["Video"]) == (None, None)


def test_it_walks_through_the_scenarios():
    with Sandbox(rate_limit=None, scenarios=["mask", "too_dark"]) as sandbox:
        tokens = [answer(sandbox, {}, action="ApplyLivenessToken")["SdkToken"] for _ in range(3)]
        sandbox.clock.advance(60)
        assert [read(sandbox, token)["Result"] for token in tokens] == ["1005", "1201", "1005"]


def test_its_clock_can_run_faster():
    with Sandbox(speed=1_000_000) as sandbox:
        token = {"SdkToken": sandbox.issue()}
        while code(sandbox, token) == "OK":
            pass
        assert code(sandbox, token) == "InvalidParameterValue.BizTokenExpired"


def test_it_refuses_an_unknown_scenario(sandbox: Sandbox):
    with pytest.raises(KeyError, match="pass_amara"):
        sandbox.issue("pass_nobody")
