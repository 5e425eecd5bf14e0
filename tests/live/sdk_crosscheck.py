# ruff: noqa: T201 - it prints its table
"""Let the vendor's official SDK and our own client make the same calls to the sandbox, and compare every field.

It shows that the sandbox speaks the protocol as the SDK, unchanged, understands it, and that our client reads the
same answers alike. It is a script, not a test: it needs a package index for the SDK, which is 235 MB installed and
goes into a throw-away environment. Run it with the project's own Python:

    .venv/bin/python tests/live/sdk_crosscheck.py [--sdk-python PATH]

`--sdk-python` names the Python of an environment that has the SDK already. The exit status is 0 when nothing
differs, 1 when something does, and the script contacts no host but the package index and 127.0.0.1.
"""

import argparse
import json
import subprocess
import sys
import tempfile
import venv
from collections.abc import Callable
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parent.parent.parent
sys.path.insert(0, str(ROOT))

from liveness.client.errors import FaceIdError  # noqa: E402
from liveness.client.faceid import FaceIdClient  # noqa: E402
from liveness.client.signing import Credentials  # noqa: E402
from liveness.client.types import FileInfo  # noqa: E402
from liveness.sandbox import SUBJECTS, Sandbox  # noqa: E402

SDK = "tencentcloud-sdk-python-intl-en==3.1.193"
REGION = "ap-singapore"
UNKNOWN = "00000000-0000-4000-8000-000000000000"
FIELDS = ("error", "result", "description", "best_frame", "video", "has_token")

# Runs in the SDK's environment: reads the calls to make, writes what the SDK made of the answers.
SDK_SIDE = """
import json, sys
from tencentcloud.common.credential import Credential
from tencentcloud.common.exception.tencent_cloud_sdk_exception import TencentCloudSDKException
from tencentcloud.common.profile.client_profile import ClientProfile
from tencentcloud.common.profile.http_profile import HttpProfile
from tencentcloud.faceid.v20180301 import models
from tencentcloud.faceid.v20180301.faceid_client import FaceidClient

def file(info):
    return [info.Url.partition("?")[0], info.MD5, info.Size] if info and info.Url else None

def run(call):
    http = HttpProfile(protocol="http", endpoint=call["host"])
    key = Credential(call["secret_id"], call["secret_key"])
    client = FaceidClient(key, call["region"], ClientProfile(httpProfile=http))
    try:
        if call["action"] == "ApplyLivenessToken":
            asked = models.ApplyLivenessTokenRequest()
            asked.SecureLevel = call["level"]
            answer = client.ApplyLivenessToken(asked)
            return {"has_token": len(answer.SdkToken) == 36, "request_id": bool(answer.RequestId)}
        asked = models.GetLivenessResultRequest()
        asked.SdkToken = call["token"]
        answer = client.GetLivenessResult(asked)
    except TencentCloudSDKException as error:
        return {"error": error.get_code(), "request_id": bool(error.get_request_id())}
    return {
        "result": answer.Result, "description": answer.Description, "best_frame": file(answer.BestFrame),
        "video": file(answer.Video), "request_id": bool(answer.RequestId),
    }

print(json.dumps([run(call) for call in json.load(sys.stdin)]))
"""

Call = dict[str, Any]
Seen = dict[str, Any]


def calls(sandbox: Sandbox) -> list[Call]:
    """Every scenario, an unfinished check, an expired and an unknown token, and what is refused before that."""
    usual: Call = {
        "host": sandbox.url.removeprefix("http://"),
        "region": REGION,
        "secret_id": sandbox.secret_id,
        "secret_key": sandbox.secret_key,
        "action": "GetLivenessResult",
    }
    reads = {name: sandbox.issue(name, finishes_after=0) for name in SUBJECTS}
    reads |= {"not finished yet": sandbox.issue(finishes_after=500), "unknown token": UNKNOWN}
    reads["expired token"] = sandbox.issue(issued_ago=7300)
    result = [{**usual, "name": name, "token": token} for name, token in reads.items()]
    issued = reads["pass_amara"]
    result.append({**usual, "name": "wrong key", "token": issued, "secret_key": "wrong"})
    result.append({**usual, "name": "unknown key", "token": issued, "secret_id": "AKIDNOBODY"})
    for level in (None, "1", "2", "3", "4"):
        result.append({**usual, "name": f"apply, level {level}", "action": "ApplyLivenessToken", "level": level})
    return result


def ask_sdk(python: str, asked: list[Call]) -> list[Seen]:
    """What the SDK makes of the calls, in its own process."""
    done = subprocess.run(
        [python, "-c", SDK_SIDE], input=json.dumps(asked), text=True, stdout=subprocess.PIPE, check=True
    )
    seen: list[Seen] = json.loads(done.stdout)
    return seen


def ask_ours(call: Call) -> Seen:
    """What our client makes of a call."""
    credentials = Credentials(call["secret_id"], call["secret_key"])
    client = FaceIdClient(credentials, call["region"], endpoint=f"http://{call['host']}")
    try:
        if call["action"] == "ApplyLivenessToken":
            token = client.apply_liveness_token(call["level"])
            return {"has_token": len(token.sdk_token) == 36, "request_id": bool(token.request_id)}
        answer = client.get_liveness_result(call["token"])
    except FaceIdError as error:
        return {"error": error.code, "request_id": bool(error.request_id)}
    return {
        "result": answer.result,
        "description": answer.description,
        "best_frame": _file(answer.best_frame),
        "video": _file(answer.video),
        "request_id": bool(answer.request_id),
    }


def _file(info: FileInfo | None) -> list[Any] | None:
    # The query of a link is a fresh signature with each read.
    return [info.url.partition("?")[0], info.md5, info.size] if info else None


def compare(asked: list[Call], theirs: list[Seen], ours: list[Seen]) -> int:
    """Print a line for each call; return how many differ."""
    different = 0
    for call, sdk, own in zip(asked, theirs, ours, strict=True):
        fields = [field for field in (*FIELDS, "request_id") if sdk.get(field) != own.get(field)]
        different += bool(fields)
        said = sdk.get("error") or sdk.get("result") or "token"
        print(f"{call['name']:20} {said:42} {'DIFFERS: ' + ', '.join(fields) if fields else 'same'}")
        for field in fields:
            print(f"    {field}: SDK {sdk.get(field)!r}, ours {own.get(field)!r}")
    return different


def with_sdk(python: str | None, work: Callable[[str], int]) -> int:
    """Run `work` with the Python of an environment that has the SDK."""
    if python:
        return work(python)
    with tempfile.TemporaryDirectory() as folder:
        print(f"Installing {SDK} into a throw-away environment ...", flush=True)
        venv.create(folder, with_pip=True)
        inside = str(Path(folder) / "bin" / "python")
        subprocess.run([inside, "-m", "pip", "install", "--quiet", SDK], check=True)
        return work(inside)


def crosscheck(python: str) -> int:
    with Sandbox(rate_limit=None) as sandbox:
        asked = calls(sandbox)
        different = compare(asked, ask_sdk(python, asked), [ask_ours(call) for call in asked])
    print(f"{len(asked)} calls, {different} different.")
    return 1 if different else 0


def main() -> int:
    parser = argparse.ArgumentParser(description="Compare the official SDK with our client against the sandbox.")
    parser.add_argument("--sdk-python", help="the Python of an environment that has the SDK")
    return with_sdk(parser.parse_args().sdk_python, crosscheck)


if __name__ == "__main__":
    sys.exit(main())
