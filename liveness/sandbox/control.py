"""The control plane: JSON over HTTP under `/_sandbox/`, for tests, demos and scripts in other processes."""

import dataclasses
import json
from typing import Any

from liveness.sandbox.errors import SandboxError
from liveness.sandbox.reply import Reply
from liveness.sandbox.service import FaceIdService
from liveness.sandbox.subjects import SUBJECTS

PREFIX = "/_sandbox/"
LOCAL_NAMES = ("127.", "localhost")


def handle(service: FaceIdService, method: str, path: str, headers: dict[str, str], body: bytes) -> Reply:
    """Answer one control request; every error is a JSON object with a sentence under `error`."""
    # A page of some web site, open in a browser on this machine, must not be able to steer the sandbox.
    if not headers.get("host", "").startswith(LOCAL_NAMES) or "origin" in headers:
        return _json({"error": "The control plane answers local programs only."}, 403)
    name = path.removeprefix(PREFIX)
    if name == "elsewhere":
        return _elsewhere(service)
    try:
        return _json(_run(service, f"{method} {name}", _arguments(body)))
    except LookupError as error:
        return _json({"error": str(error.args[0])}, 404)
    except (SandboxError, TypeError, ValueError) as error:
        return _json({"error": str(error)}, 400)


def _run(service: FaceIdService, what: str, given: dict[str, Any]) -> Any:
    match what:
        case "GET health":
            return {"status": "ok", "now": service.clock.now(), "speed": service.clock.speed}
        case "GET scenarios":
            return {name: {"result": one.result, "takes": one.takes} for name, one in SUBJECTS.items()}
        case "POST tokens":
            return {"SdkToken": service.tokens.issue(**given)}
        case "POST clock":
            service.clock.advance(float(given["advance"]))
            return {"now": service.clock.now()}
        case "GET faults":
            return {"faults": service.faults.public()}
        case "POST faults":
            return service.faults.inject(**given).public()
        case "DELETE faults":
            service.faults.clear()
            return {"faults": []}
        case "GET calls":
            return _calls(service)
        case "DELETE calls":
            service.calls.clear()
            service.downloads.clear()
            return _calls(service)
    raise LookupError(f"There is no {what!r} in the control plane.")


def _calls(service: FaceIdService) -> dict[str, Any]:
    return {
        "calls": [dataclasses.asdict(call) for call in service.calls],
        "downloads": [dataclasses.asdict(call) for call in service.downloads],
        "busiest_second": service.calls.busiest_second(),
        "rejected": service.window.rejected,
        "redirects_followed": service.redirects_followed,
    }


def _elsewhere(service: FaceIdService) -> Reply:
    """Where an injected redirect leads: a forged pass, for a client that should never have come here."""
    service.redirects_followed += 1
    return _json({"Response": {"Result": "0", "Description": "Success", "RequestId": "forged"}})


def _arguments(body: bytes) -> dict[str, Any]:
    given = json.loads(body) if body else {}
    if not isinstance(given, dict):
        raise SandboxError("The body must be a JSON object.")
    return given


def _json(value: Any, status: int = 200) -> Reply:
    return Reply(status, json.dumps(value).encode())
