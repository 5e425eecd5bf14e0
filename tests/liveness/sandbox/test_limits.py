"""The rate limit is strict, and the log is whole."""

import itertools

from hypothesis import given
from hypothesis import strategies as st

from liveness.sandbox import Sandbox
from liveness.sandbox.limits import CallLog, SlidingWindow
from tests.liveness.sandbox.calling import code, read


@given(st.lists(st.floats(0, 0.4), max_size=60), st.integers(1, 5))
def test_it_accepts_no_more_than_the_limit_in_any_second(gaps: list[float], limit: int):
    window, accepted = SlidingWindow(limit), []
    for at in itertools.accumulate(gaps):
        is_full = sum(1 for earlier in accepted if earlier > at - 1) >= limit
        assert window.accept(at) is not is_full
        accepted += [] if is_full else [at]
    assert window.rejected == len(gaps) - len(accepted)


@given(st.lists(st.floats(0, 3), max_size=40))
def test_it_counts_the_busiest_second(times: list[float]):
    log = CallLog()
    for at in times:
        log.add(at=at, action="GetLivenessResult", code="OK", token="")
    most = max((sum(1 for other in times if at - 1 < other <= at) for at in times), default=0)
    assert log.busiest_second() == most


def test_it_refuses_calls_over_the_limit():
    with Sandbox(rate_limit=3) as sandbox:
        token = {"SdkToken": sandbox.issue(finishes_after=0)}
        while not sandbox.rejected:
            code(sandbox, token)
        refused = [call for call in sandbox.calls if call.code == "RequestLimitExceeded"]
        accepted = [call.at for call in sandbox.calls if call.code == "OK"]
        assert len(refused) == sandbox.rejected == 1
        assert sum(1 for at in accepted if at > refused[0].at - 1) == 3


def test_calls_that_are_not_authentic_use_nothing_of_the_limit():
    with Sandbox(rate_limit=1) as sandbox:
        token = {"SdkToken": sandbox.issue(finishes_after=0)}
        for _ in range(3):
            assert code(sandbox, token, headers={"Authorization": ""}).startswith("AuthFailure.")
        assert code(sandbox, token) == "OK"


def test_it_logs_calls_without_their_tokens(sandbox: Sandbox, token: str):
    read(sandbox, token)
    read(sandbox, sandbox.issue())
    assert [call.action for call in sandbox.calls] == ["GetLivenessResult"] * 2
    assert len(sandbox.calls.of(token)) == 1
    assert token not in repr([*sandbox.calls])
