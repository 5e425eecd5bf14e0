"""Registering a file of 10,000 tokens beside a busy worker, and how long other writers wait for the audit chain.

    .venv/bin/python bench/bulk_import.py [--lines 10000] [--database sqlite|postgres|both]

A worker records an answer with each of its calls at the full rate of an account, `liveness_register` reads the file,
and another process asks for the chain twenty times a second. The floor is the same rows put into the attempts' table by
Django's own bulk_create, without chain and reviews, beside the same worker; and for the waits, those beside the worker
alone. Needs PostgreSQL installed. Exit 1 when an aim is missed by a factor of 2 or more.
"""

import argparse
import os
import subprocess
import sys
import tempfile
import threading
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from bench.common.answering import answering
from bench.common.databases import KINDS, fresh, with_portal
from bench.common.endings import end_cleanly
from bench.common.report import Line, at_most, beside, progress, report
from bench.common.timing import Found
from tests.served import ROOT, stop

ANSWER = ROOT / "tests/fixtures/get_liveness_result.without_media.json"
OPEN, CLOSED = 5_000, 5_000
ALONE_SECONDS = 15.0
PROBE_SECONDS = 0.05
BATCH = 200


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--lines", type=int, default=10_000)
    parser.add_argument("--database", choices=[*KINDS, "both"], default="both")
    options = parser.parse_args()
    end_cleanly()
    lines: list[Line] = []
    with answering(ANSWER.read_bytes()) as server:
        for kind in KINDS if options.database == "both" else [options.database]:
            with fresh(kind) as url:
                lines += compared(kind, options.lines, with_portal(url, measure, server.url, options.lines))
    return report(lines)


def compared(kind: str, count: int, found: Found) -> list[Line]:
    """The lines of one database."""
    wait = f"{kind}: longest wait of another writer for the chain"
    return [
        beside(
            f"{kind}: {count:,} lines beside a worker / bulk_create",
            found["import"],
            found["floor"],
            "s",
            at_most(60, of_figure=True),
        ),
        beside(
            f"{wait}, during the import / before",
            found["wait"],
            found["wait alone"],
            "ms",
            at_most(250, of_figure=True),
        ),
        Line(f"{kind}: polls of the worker meanwhile", found["polls"], "a second"),
    ]


def measure(endpoint: str, count: int) -> Found:
    """Seconds and milliseconds, in a process where the portal is set up."""
    from bench.common import openings, population

    population.fill(OPEN + CLOSED)
    openings.fill(OPEN)
    with tempfile.TemporaryDirectory(prefix="bench-import-") as directory:
        path = Path(directory) / "tokens.csv"
        rows = "".join(f"{uuid.uuid4()},person-{number}\n" for number in range(count))
        path.write_text(f"sdk_token,subject_reference\n{rows}")
        with _worker(endpoint):
            with _waits() as alone:
                time.sleep(ALONE_SECONDS)
            begun, polls = time.monotonic(), _polls()
            with _waits() as during:
                _run("liveness_register", "--file", str(path))
            taken = time.monotonic() - begun
            polled = (_polls() - polls) / taken
            floor = _floor(count)
    progress(f"{taken:.1f} s, longest wait {max(during):.0f} ms, {polled:.1f} polls a second")
    return {"import": taken, "floor": floor, "wait": max(during), "wait alone": max(alone), "polls": polled}


@contextmanager
def _worker(endpoint: str) -> Iterator[None]:
    """A worker under way, in a process of its own."""
    command = [sys.executable, "manage.py", "liveness_refresh", "--watch"]
    process = subprocess.Popen(
        command, cwd=ROOT, env=os.environ | {"LIVENESS_ENDPOINT": endpoint}, stdout=subprocess.DEVNULL
    )
    try:
        before = _polls()
        while _polls() == before:
            assert process.poll() is None, "the worker ended"
            time.sleep(0.1)
        yield
    finally:
        stop(process)


@contextmanager
def _waits() -> Iterator[list[float]]:
    """Milliseconds for which a writer that comes now and then waited for the chain."""
    taken: list[float] = []
    done = threading.Event()

    def probe() -> None:
        from django.db import connection

        while not done.wait(PROBE_SECONDS):
            taken.append(_wait())
        connection.close()

    thread = threading.Thread(target=probe)
    thread.start()
    try:
        yield taken
    finally:
        done.set()
        thread.join()


def _wait() -> float:
    from django.db import transaction

    from liveness.audit import chain

    begun = time.perf_counter()
    with transaction.atomic():
        chain._locked_head()
        taken = (time.perf_counter() - begun) * 1000
        transaction.set_rollback(True)
    return taken


def _floor(count: int) -> float:
    from datetime import timedelta

    from django.utils import timezone

    from liveness.models import VerificationAttempt

    now, begun = timezone.now(), time.monotonic()
    times = {"issued_at": now, "expires_at": now + timedelta(hours=2), "next_poll_at": now + timedelta(hours=1)}
    rows = [VerificationAttempt(sdk_token=str(uuid.uuid4()), subject_reference="floor", **times) for _ in range(count)]
    for start in range(0, count, BATCH):
        VerificationAttempt.objects.bulk_create(rows[start : start + BATCH])
    return time.monotonic() - begun


def _polls() -> int:
    from liveness.models import Poll

    return Poll.objects.count()


def _run(*arguments: str) -> None:
    subprocess.run([sys.executable, "manage.py", *arguments], cwd=ROOT, check=True, stdout=subprocess.DEVNULL)


if __name__ == "__main__":
    sys.exit(main())
