"""Faults wait in a queue: how often they strike, whom, and which are refused."""

import pytest

from liveness.sandbox import FAULTS, Sandbox, SandboxError
from tests.liveness.sandbox.calling import code, post


def test_a_fault_strikes_as_often_as_it_was_told_to(sandbox: Sandbox, token: str):
    sandbox.inject("error", code="InternalError", times=2, skip=1)
    codes = [code(sandbox, {"SdkToken": token}) for _ in range(4)]
    assert codes == ["OK", "InternalError", "InternalError", "OK"]


def test_a_fault_can_last_until_it_is_cleared(sandbox: Sandbox, token: str):
    fault = sandbox.inject("error", code="InternalError", times=None)
    assert [code(sandbox, {"SdkToken": token}) for _ in range(3)] == ["InternalError"] * 3
    sandbox.clear_faults()
    assert code(sandbox, {"SdkToken": token}) == "OK"
    assert fault.taken == 3


def test_a_fault_can_strike_one_token_alone(sandbox: Sandbox, token: str):
    sandbox.inject("error", code="OperationDenied", token=token, times=None)
    assert code(sandbox, {"SdkToken": sandbox.issue()}) == "OK"
    assert code(sandbox, {"SdkToken": token}) == "OperationDenied"


def test_a_fault_can_strike_now_and_then(sandbox: Sandbox, token: str):
    sandbox.inject("error", code="InternalError", times=None, probability=0.5)
    codes = {code(sandbox, {"SdkToken": token}) for _ in range(40)}
    assert codes == {"OK", "InternalError"}


def test_a_call_that_is_refused_uses_up_no_error(sandbox: Sandbox, token: str):
    sandbox.inject("error", code="InternalError")
    assert code(sandbox, {"SdkToken": token}, headers={"Authorization": ""}) == "AuthFailure.InvalidAuthorization"
    assert code(sandbox, {"SdkToken": token}) == "InternalError"


def test_the_log_names_the_faults(sandbox: Sandbox, token: str):
    sandbox.inject("error", code="InternalError")
    sandbox.inject("html")
    post(sandbox, {"SdkToken": token})
    assert [(call.code, call.faults) for call in sandbox.calls] == [("InternalError", ("error", "html"))]


@pytest.mark.parametrize("given", [{"fault": "gremlins"}, {"fault": "delay", "hours": 1}, {"fault": "error"}])
def test_a_fault_that_cannot_be_is_refused_at_once(sandbox: Sandbox, given: dict[str, object]):
    with pytest.raises(SandboxError):
        sandbox.inject(**given)


def test_no_two_faults_share_a_name():
    assert len(FAULTS) == len(set(FAULTS))
