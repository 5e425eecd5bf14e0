"""What the engine adds to each call, with a million attempts in the table against ten thousand, and what it remembers.

    .venv/bin/python bench/engine_cost.py [--rows 1000000] [--polls 1500] [--watched 100000]

The cost: the processor time of the whole process and its statements for each poll, from lease to record, slot
reservation included, on PostgreSQL and by turns, with an answer that costs nothing: "unfinished"; and the time of a
whole run for one attempt, which a person waits for. The memory: an endless run asks a server on loopback about
attempts that come due again at once. Needs PostgreSQL installed and 2 GB in the temporary directory; takes about 15
minutes. Exit 1 when an aim is missed by a factor of 2 or more.
"""

import argparse
import json
import sys
import threading
import time
from contextlib import nullcontext
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from unittest.mock import patch

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from bench.common.answering import answering
from bench.common.databases import fresh, with_portal
from bench.common.endings import end_cleanly
from bench.common.report import Line, at_most, beside, progress, report
from bench.common.timing import Found, best_by_turns, timed

SMALL = 10_000
ROUNDS = 3
WARM_UP, SINGLE = 20, 10
# Nothing waits for its slot.
SETTINGS = {"LIVENESS_RATE_LIMIT": 1e6, "LIVENESS_RATE_LIMIT_SHARE": 1.0}
PENDING = Path(__file__).resolve().parent.parent / "tests/fixtures/get_liveness_result.pending.json"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--polls", type=int, default=1500, help="in each of three rounds")
    parser.add_argument("--watched", type=int, default=100_000, help="polls of the endless run")
    options = parser.parse_args()
    end_cleanly()
    open_now = ROUNDS * (options.polls + WARM_UP)
    with fresh("postgres") as small, fresh("postgres") as large:
        with_portal(small, fill, SMALL, open_now)
        with_portal(large, fill, options.rows, open_now)
        progress(f"{ROUNDS} rounds")
        both = (partial(with_portal, url, measure, options.polls) for url in (small, large))
        lines = compared(options.rows, *best_by_turns(*both, ROUNDS))
        with answering(PENDING.read_bytes()) as server:
            lines.append(with_portal(large, watch, server.url, options.watched))
    return report(lines)


def compared(rows: int, small: Found, large: Found) -> list[Line]:
    sizes = f"{rows:,} / {SMALL:,} attempts"
    return [
        beside(f"processor time for each poll, {sizes}", large["cpu"], small["cpu"], "ms", at_most(1.2)),
        beside(f"statements for each poll, {sizes}", large["statements"], small["statements"], "", at_most(1.2)),
        beside(f"time for each poll, {sizes}", large["time"], small["time"], "ms"),
        beside(f"wait of a person who asks for one, {sizes}", large["single"], small["single"], "ms", at_most(1.2)),
    ]


def fill(rows: int, open_now: int) -> None:
    """Make the rows, in a process where the portal is set up."""
    from bench.common import openings, population

    begun = time.monotonic()
    population.fill(rows)
    openings.fill(open_now)
    progress(f"{rows:,} attempts, {open_now:,} of them due, in {time.monotonic() - begun:.0f} s")


def measure(polls: int) -> Found:
    """Milliseconds and statements for each poll of one run, in a process where the portal is set up."""
    from django.db.backends.signals import connection_created
    from django.test import override_settings

    from liveness import clients
    from liveness.client.types import parse_liveness_result
    from liveness.models import Outcome, VerificationAttempt
    from liveness.worker import engine

    answer = parse_liveness_result(json.loads(PENDING.read_bytes())["Response"])
    client, statements = SimpleNamespace(get_liveness_result=lambda token: answer), []

    def count(execute, sql, parameters, many, context):
        statements.append(sql)
        return execute(sql, parameters, many, context)

    def listen(connection, **kwargs):
        connection.execute_wrappers.append(count)

    connection_created.connect(listen)
    with override_settings(**SETTINGS), patch.object(clients, "client_for", lambda region: nullcontext(client)):
        # Whatever is imported or connected once in a process is not a poll's.
        engine.run(engine.RunOptions(limit=WARM_UP))
        statements.clear()
        cpu, begun = time.process_time(), time.perf_counter()
        summary = engine.run(engine.RunOptions(limit=polls))
        cpu, taken = time.process_time() - cpu, time.perf_counter() - begun
        assert summary.counts.polled == polls, summary.as_dict()
        found = {"cpu": cpu / polls * 1000, "time": taken / polls * 1000, "statements": len(statements) / polls}
        one = VerificationAttempt.objects.filter(outcome=Outcome.PENDING).latest("id")
        return found | {"single": min(timed(lambda: _ask_for(one)) for _ in range(SINGLE))}


def _ask_for(attempt) -> None:
    from liveness.audit import Actor
    from liveness.worker import on_demand

    assert on_demand.refresh([attempt], actor=Actor.system("bench")).counts.polled == 1


def watch(url: str, polls: int) -> Line:
    """The memory of an endless run after so many polls against a tenth of them."""
    from django.test import override_settings

    from liveness.worker import engine

    stop, seen, resident = threading.Event(), [0], {}

    def note(summary) -> None:
        done = seen[0] + summary.counts.polled
        for mark in (polls // 10, polls):
            if done >= mark and mark not in resident:
                resident[mark] = _resident()
                progress(f"{done:,} polls, {resident[mark]:.1f} MB")
        if polls in resident:
            stop.set()

    def report_of(summary) -> None:
        seen[0] += summary.counts.polled

    threading.Thread(target=_come_due_again, args=(stop,), daemon=True).start()
    with override_settings(**SETTINGS, LIVENESS_ENDPOINT=url):
        engine.watch(engine.RunOptions(), stop=stop, report=report_of, progress=note)
    what = f"memory of an endless run after {polls:,} / {polls // 10:,} polls"
    return beside(what, resident[polls], resident[polls // 10], "MB", at_most(1.05))


def _come_due_again(stop: threading.Event) -> None:
    """Make what was asked about as it was before, twice a second."""
    from django.db import connection, transaction
    from django.utils import timezone

    from liveness.models import VerificationAttempt

    while not stop.wait(0.5):
        now = timezone.now()
        asked = VerificationAttempt.objects.filter(next_poll_at__gt=now, lease_run="")
        with transaction.atomic():
            # What a run works on is left alone, so that neither waits for the other.
            ids = list(asked.select_for_update(skip_locked=True).values_list("id", flat=True))
            VerificationAttempt.objects.filter(id__in=ids).update(next_poll_at=now, unfinished_at=None)
    connection.close()


def _resident() -> float:
    """Megabytes that this process takes."""
    status = Path("/proc/self/status").read_text()
    return next(int(line.split()[1]) / 1024 for line in status.splitlines() if line.startswith("VmRSS"))


if __name__ == "__main__":
    sys.exit(main())
