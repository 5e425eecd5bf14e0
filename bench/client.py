"""Our client of the vendor's API against the official SDK and against a bare http.client with the same signer.

    .venv/bin/python bench/client.py [--turns 250] [--calls 20]

Each makes so many calls of GetLivenessResult a turn, over plain HTTP and a kept connection to a process that always
gives the same answer. Then ours and the SDK are imported by fresh interpreters, and asked to give up on an answer that
drips. The SDK is of the dependency group `bench`. Takes half a minute. Exit 1 when an aim is missed by a factor of 2 or
more.
"""

import argparse
import http.client
import json
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from importlib.metadata import version
from pathlib import Path
from statistics import median

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from bench.common.answering import Answering, answering
from bench.common.clients import HOST
from bench.common.endings import end_cleanly
from bench.common.report import Line, at_most, beside, progress, report
from bench.common.timing import timed
from liveness.client.errors import DeadlineError
from liveness.client.faceid import FaceIdClient
from liveness.client.signing import Credentials, sign

ROOT = Path(__file__).resolve().parent.parent
ANSWER = ROOT / "tests/fixtures/get_liveness_result.passed.json"
SDK = "tencentcloud-sdk-python-intl-en"
KEYS = Credentials("AKIDz8krbsJ5yKBZQpn74WFkmLPx3EXAMPLE", "Gu5t9xGARNpq86cd98joQYCN3EXAMPLE")
SDK_TOKEN = "D2B55F0C-FB5D-4FB6-8765-3E931EBBFC79"  # noqa: S105
REGION = "ap-singapore"
STARTS = 7
# An SDK that waits for each byte of a dripping answer is let go after so many of its time-outs.
DEADLINE, DRIPS = 1.0, 6
IMPORTS = {
    "bare": "pass",
    "ours": "import liveness.client.faceid",
    "sdk": "import tencentcloud.faceid.v20180301.faceid_client",
}
# Of a fresh interpreter: milliseconds of the import, and megabytes that the process takes afterwards.
START = """
import time
begun = time.perf_counter()
{statement}
took = time.perf_counter() - begun
with open("/proc/self/status") as status:
    resident = next(line.split()[1] for line in status if line.startswith("VmRSS"))
print(took * 1000, int(resident) / 1024)
"""

Call = Callable[[], object]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--turns", type=int, default=250)
    parser.add_argument("--calls", type=int, default=20, help="of each client in a turn; p50 of all is printed")
    options = parser.parse_args()
    end_cleanly()
    lines = [*calls(options.turns, options.calls), *imports(), dripping()]
    return report(lines, SDK=version(SDK), requests=version("requests"))


def calls(turns: int, count: int) -> list[Line]:
    """p50 of a call of each client, and the connections that ours opened."""
    with answering(ANSWER.read_bytes()) as server, ours(server) as client:
        askers = {"ours": lambda: client.get_liveness_result(SDK_TOKEN), "sdk": sdk(server), "bare": bare(server)}
        times: dict[str, list[float]] = {name: [] for name in askers}
        opened = 0
        progress(f"{turns} turns of {count} calls of each client")
        for turn in range(turns + 1):
            for name, ask in askers.items():
                before = server.connections
                taken = [timed(ask) for _ in range(count)]
                # The first turn only warms up, but it is the one that connects.
                times[name] += taken if turn else []
                opened += server.connections - before if name == "ours" else 0
    p50 = {name: median(taken) for name, taken in times.items()}
    connections = opened * 1000 / (count * (turns + 1))
    return [
        beside("a call, ours / official SDK, p50", p50["ours"], p50["sdk"], "ms", at_most(0.7)),
        beside("a call, ours / bare http.client, p50", p50["ours"], p50["bare"], "ms", at_most(3)),
        Line("connections opened for 1,000 calls", connections, "", aim=at_most(2, of_figure=True)),
    ]


def ours(server: Answering, **options: float) -> FaceIdClient:
    return FaceIdClient(KEYS, REGION, server.url, **options)


def sdk(server: Answering, timeout: int = 10) -> Call:
    """The same call by one kept client of the SDK, which is the fastest way to use it."""
    from tencentcloud.common.credential import Credential
    from tencentcloud.common.profile.client_profile import ClientProfile
    from tencentcloud.common.profile.http_profile import HttpProfile
    from tencentcloud.faceid.v20180301 import models
    from tencentcloud.faceid.v20180301.faceid_client import FaceidClient

    profile = HttpProfile(protocol="http", endpoint=f"{HOST}:{server.port}", reqTimeout=timeout)
    credential = Credential(KEYS.secret_id, KEYS.secret_key)
    client = FaceidClient(credential, REGION, ClientProfile(httpProfile=profile))

    def ask() -> object:
        request = models.GetLivenessResultRequest()
        request.SdkToken = SDK_TOKEN
        return client.GetLivenessResult(request)

    return ask


def bare(server: Answering) -> Call:
    """The floor: a kept http.client connection, our signer, and whatever JSON comes."""
    connection = http.client.HTTPConnection(HOST, server.port, timeout=10)

    def ask() -> object:
        body, now = json.dumps({"SdkToken": SDK_TOKEN}).encode(), int(time.time())
        signed = {"Content-Type": "application/json", "Host": f"{HOST}:{server.port}"}
        proof = sign(KEYS, method="POST", query="", headers=signed, body=body, timestamp=now, service="faceid")
        headers = signed | {
            "Authorization": proof,
            "X-TC-Action": "GetLivenessResult",
            "X-TC-Version": "2018-03-01",
            "X-TC-Timestamp": str(now),
            "X-TC-Region": REGION,
        }
        connection.request("POST", "/", body=body, headers=headers)
        return json.loads(connection.getresponse().read())["Response"]

    return ask


def imports() -> list[Line]:
    """What an import costs over a bare interpreter, by turns."""
    progress(f"{STARTS} fresh interpreters of each kind")
    found = [{name: _started(statement) for name, statement in IMPORTS.items()} for _ in range(STARTS + 1)][1:]
    lines = []
    for column, (what, unit) in enumerate((("import, time", "ms"), ("import, memory over a bare interpreter", "MB"))):
        floor, figure, peer = (median(one[name][column] for one in found) for name in ("bare", "ours", "sdk"))
        lines.append(beside(f"{what}, ours / official SDK", figure - floor, peer - floor, unit, at_most(1)))
    return lines


def _started(statement: str) -> tuple[float, ...]:
    command = [sys.executable, "-c", START.format(statement=statement)]
    told = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, text=True, check=True).stdout
    return tuple(map(float, told.split()))


def dripping() -> Line:
    """When each gives up on an answer of which a byte comes now and then, though never for good."""
    progress(f"an answer that drips for {DRIPS * DEADLINE:.0f} s")
    body = ANSWER.read_bytes()
    with answering(body, drip=DRIPS * DEADLINE / len(body)) as server, ours(server, deadline=DEADLINE) as client:
        taken = timed(lambda: _given_up(client)) / 1000
        peer = timed(sdk(server, timeout=int(DEADLINE))) / 1000
    what = f"a dripping answer is cut off, deadline {DEADLINE:.0f} s (SDK beside)"
    return Line(what, taken, "s", peer, taken / DEADLINE, at_most(1.1))


def _given_up(client: FaceIdClient) -> None:
    with suppress(DeadlineError):
        raise AssertionError(client.get_liveness_result(SDK_TOKEN))


if __name__ == "__main__":
    sys.exit(main())
