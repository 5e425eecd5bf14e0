"""The control plane: what a script in another process can do with the sandbox."""

import pytest
import requests

from liveness.sandbox import SUBJECTS, Sandbox
from tests.liveness.sandbox.calling import code, download, read, session


def ask(sandbox: Sandbox, method: str, path: str, given: object = None, **headers: str) -> requests.Response:
    with session() as one:
        return one.request(method, f"{sandbox.url}/_sandbox/{path}", json=given, headers=headers, timeout=5)


def test_it_is_healthy(sandbox: Sandbox):
    assert ask(sandbox, "GET", "health").json()["status"] == "ok"


def test_it_lists_the_scenarios(sandbox: Sandbox):
    assert set(ask(sandbox, "GET", "scenarios").json()) == set(SUBJECTS)


def test_it_issues_tokens_and_moves_the_clock(sandbox: Sandbox):
    given = {"scenario": "mask", "finishes_after": 30, "issued_ago": 10}
    token = ask(sandbox, "POST", "tokens", given).json()["SdkToken"]
    assert read(sandbox, token)["Result"] == "-999"
    ask(sandbox, "POST", "clock", {"advance": 21})
    assert read(sandbox, token)["Result"] == "1005"


def test_it_queues_shows_and_clears_faults(sandbox: Sandbox, token: str):
    given = {"fault": "error", "code": "InternalError", "times": None}
    assert ask(sandbox, "POST", "faults", given).status_code == 200
    assert code(sandbox, {"SdkToken": token}) == "InternalError"
    assert ask(sandbox, "GET", "faults").json()["faults"][0]["taken"] == 1
    assert ask(sandbox, "DELETE", "faults").json() == {"faults": []}
    assert code(sandbox, {"SdkToken": token}) == "OK"


def test_it_shows_and_clears_the_calls(sandbox: Sandbox, token: str):
    download(read(sandbox, token)["Video"]["Url"])
    shown = ask(sandbox, "GET", "calls")
    assert [call["code"] for call in shown.json()["calls"]] == ["OK"]
    assert [call["action"] for call in shown.json()["downloads"]] == ["video"]
    assert (shown.json()["busiest_second"], shown.json()["rejected"]) == (1, 0)
    assert token not in shown.text
    assert ask(sandbox, "DELETE", "calls").json()["calls"] == []


@pytest.mark.parametrize(
    ("method", "path", "given", "status"),
    [
        ("GET", "nothing", None, 404),
        ("POST", "tokens", {"scenario": "pass_nobody"}, 404),
        ("POST", "tokens", {}, 400),
        ("POST", "tokens", [1], 400),
        ("POST", "clock", {"advance": "soon"}, 400),
        ("POST", "faults", {"fault": "gremlins"}, 400),
        ("POST", "faults", {"fault": "delay", "hours": 1}, 400),
        ("POST", "faults", {"fault": "error"}, 400),
        ("POST", "faults", {"fault": "error", "code": "X", "scope": "media"}, 400),
        ("POST", "faults", {"fault": "delay", "scope": "everywhere"}, 400),
    ],
)
def test_it_explains_what_it_cannot_do(sandbox: Sandbox, method: str, path: str, given: object, status: int):
    reply = ask(sandbox, method, path, given)
    assert reply.status_code == status
    assert reply.json()["error"]


@pytest.mark.parametrize("headers", [{"Origin": "https://example.org"}, {"Host": "rebound.example.org"}])
def test_a_web_page_cannot_steer_it(sandbox: Sandbox, headers: dict[str, str]):
    assert ask(sandbox, "POST", "tokens", {"scenario": "pass_amara"}, **headers).status_code == 403
