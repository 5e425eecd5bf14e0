"""An answer's bytes read to a result, as tests of answers do it."""

import json
from typing import Any

from liveness.client.envelope import open_envelope
from liveness.client.types import LivenessResult, parse_liveness_result


def read(body: bytes, status: int = 200) -> LivenessResult:
    return parse_liveness_result(open_envelope(status, body))


def read_fields(**fields: Any) -> LivenessResult:
    return read(json.dumps({"Response": {"Result": "0", "RequestId": "r-1"} | fields}).encode())
