"""A sandbox that runs in another process, asked over its control plane."""

import json
from http.client import HTTPConnection, HTTPException
from typing import Any

from liveness.sandbox.control import PREFIX
from liveness.sandbox.errors import SandboxError

HOST = "127.0.0.1"
TIMEOUT = 5.0


def issue(port: int, scenario: str, *, finishes_after: float | None = None, issued_ago: float = 0.0) -> str:
    """A fresh token of the sandbox on this port; see `TokenBook.issue` (times in sandbox seconds).

    Raises SandboxError if no sandbox answers there, or if it does not know the scenario.
    """
    given = {"scenario": scenario, "finishes_after": finishes_after, "issued_ago": issued_ago}
    answer = _ask(port, "POST", "tokens", given)
    if "SdkToken" not in answer:
        raise SandboxError(str(answer.get("error", f"What answers on port {port} is no sandbox.")))
    return str(answer["SdkToken"])


def _ask(port: int, method: str, name: str, given: dict[str, Any]) -> dict[str, Any]:
    # No proxy of the environment comes between: a plain connection knows of none.
    connection = HTTPConnection(HOST, port, timeout=TIMEOUT)
    try:
        connection.request(method, PREFIX + name, json.dumps(given))
        answer = json.loads(connection.getresponse().read())
    except OSError:
        start = f"Start one with: manage.py liveness_sandbox --port {port}"
        raise SandboxError(f"No sandbox answers on port {port} of this machine. {start}") from None
    except (HTTPException, ValueError):
        raise SandboxError(f"What answers on port {port} is no sandbox.") from None
    finally:
        connection.close()
    return answer if isinstance(answer, dict) else {}
