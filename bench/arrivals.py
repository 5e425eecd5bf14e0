"""How many calls reach the vendor in any one second, and how much of the limit is used, over several processes.

    .venv/bin/python bench/arrivals.py [--processes 4] [--attempts 600]

A local FaceID counts arrivals while that many `liveness_refresh` processes work on one SQLite database. Aim: at most
20 in any half-open second, none refused, at least 17 a second used. Exit 1 when an aim is missed.
"""

import argparse
import os
import subprocess
import sys
import tempfile
from datetime import UTC, datetime, timedelta
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from liveness.sandbox import Sandbox  # noqa: E402

LIMIT, AIM = 20, 17.0


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--processes", type=int, default=4)
    parser.add_argument("--attempts", type=int, default=600)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as directory, Sandbox() as sandbox:
        environment = os.environ | surroundings(Path(directory), sandbox)
        manage(environment, "migrate", "-v0")
        manage(environment, "liveness_register", "--file", "-", stdin=tokens(sandbox, options.attempts))
        command = [sys.executable, "manage.py", "liveness_refresh", "--workers", "6"]
        runs = [subprocess.Popen(command, cwd=ROOT, env=environment) for _ in range(options.processes)]
        for run in runs:
            run.wait()
        return report(sandbox, options.processes)


def surroundings(directory: Path, sandbox: Sandbox) -> dict[str, str]:
    return {
        "DJANGO_ENV_FILE": os.devnull,
        "DJANGO_SETTINGS_MODULE": "kyc_portal.settings",
        "DJANGO_SECRET_KEY": "bench-only-" + "x" * 50,
        "DATABASE_URL": f"sqlite:///{directory / 'bench.sqlite3'}",
        "LIVENESS_MEDIA_ROOT": str(directory / "evidence"),
        "LIVENESS_ENDPOINT": sandbox.url,
        "LIVENESS_MEDIA_ORIGINS": sandbox.url,
        "TENCENTCLOUD_SECRET_ID": sandbox.secret_id,
        "TENCENTCLOUD_SECRET_KEY": sandbox.secret_key,
    }


def tokens(sandbox: Sandbox, count: int) -> str:
    issued_at = (datetime.now(UTC) - timedelta(minutes=2)).isoformat()
    lines = (f"{sandbox.issue('never_finishes', issued_ago=120)},bench-{n},{issued_at}" for n in range(count))
    return "\n".join(["sdk_token,subject_reference,issued_at", *lines])


def manage(environment: dict[str, str], *arguments: str, stdin: str = "") -> None:
    subprocess.run(
        [sys.executable, "manage.py", *arguments], cwd=ROOT, env=environment, input=stdin, text=True, check=True
    )


def report(sandbox: Sandbox, processes: int) -> int:
    times = sorted(call.at for call in sandbox.calls)
    # The first and the last second are left out: processes start and end one by one.
    steady = [at for at in times if times[0] + 1 < at < times[-1] - 1]
    rate = len(steady) / (steady[-1] - steady[0])
    busiest = sandbox.calls.busiest_second()
    print(f"processes {processes}, calls {len(times)}, refused {sandbox.rejected}")
    print(f"most arrivals in a second   {busiest:5d}   aim <= {LIMIT}")
    print(f"calls a second used         {rate:5.1f}   aim >= {AIM}")
    return int(busiest > LIMIT or rate < AIM or sandbox.rejected > 0)


if __name__ == "__main__":
    sys.exit(main())
