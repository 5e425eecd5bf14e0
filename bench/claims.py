"""Leasing a batch of attempts where a hundred thousand are due, as after an outage, against ten thousand.

    .venv/bin/python bench/claims.py [--rows 1000000] [--due 100000] [--database sqlite|postgres|both] [--runs 200]

Fills throw-away databases with a year of attempts, of which the newest are open, lack their files or ran out, and
leases as many as a worker takes at once, by turns: with all of those due, with a tenth, with a thousandth, and with
none. Each lease is rolled back, so that all meet the same rows. Needs PostgreSQL installed and 3 GB in the temporary
directory; a million rows take about three minutes on both databases. Exit 1 when an aim is missed by a factor of 2 or
more.
"""

import argparse
import sys
import time
import uuid
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from statistics import median, quantiles

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from bench.common.databases import KINDS, fresh, with_portal
from bench.common.endings import end_cleanly
from bench.common.report import Line, at_most, beside, progress, report
from bench.common.timing import timed

MANY, FEW, RARE, NONE = "many", "few", "rare", "none"

Times = dict[str, list[float]]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--due", type=int, default=100_000)
    parser.add_argument("--database", choices=[*KINDS, "both"], default="both")
    parser.add_argument("--runs", type=int, default=200, help="leases of each kind")
    options = parser.parse_args()
    end_cleanly()
    lines: list[Line] = []
    for kind in KINDS if options.database == "both" else [options.database]:
        with fresh(kind) as url:
            lines += compared(kind, options.due, with_portal(url, measure, kind, options))
    return report(lines)


def compared(kind: str, due: int, times: Times) -> list[Line]:
    """The lines of one database."""
    p50 = {name: median(taken) for name, taken in times.items()}
    p95 = {name: quantiles(taken, n=20)[18] for name, taken in times.items()}
    limit = at_most(50, of_figure=True)
    return [
        beside(f"{kind}: lease, {due:,} due / {due // 10:,} due, p50", p50[MANY], p50[FEW], "ms", at_most(1.5)),
        Line(f"{kind}: lease, {due:,} due, p95", p95[MANY], "ms", aim=limit),
        Line(f"{kind}: lease, {due:,} open and {due // 1000:,} due, p95", p95[RARE], "ms", aim=limit),
        Line(f"{kind}: lease, {due:,} open and none due, p95", p95[NONE], "ms", aim=limit),
    ]


def measure(kind: str, options: argparse.Namespace) -> Times:
    """Milliseconds of each lease, in a process where the portal is set up."""
    from bench.common import openings, population

    begun = time.monotonic()
    population.fill(options.rows)
    now = openings.fill(options.due, after_outage=True)
    progress(f"{kind}: {options.rows:,} attempts, {options.due:,} of them open, in {time.monotonic() - begun:.0f} s")
    untils = {MANY: now, FEW: openings.due_share(now, 10), RARE: openings.due_share(now, 1000)}
    untils[NONE] = now - timedelta(seconds=openings.SPREAD)
    claims = {name: _claim(until, now) for name, until in untils.items()}
    for name, claim in claims.items():
        # Where none is due, the lease looks ahead, and may find some that are worth a call already.
        assert claim() or name == NONE, name
    times: Times = {name: [] for name in claims}
    for _ in range(options.runs):
        for name, claim in claims.items():
            times[name].append(timed(claim))
    return times


def _claim(until, now) -> Callable[[], list]:
    from django.db import transaction

    from liveness.models import WorkerRun
    from liveness.polling import selection
    from liveness.polling.policy import PriorityThreshold
    from liveness.worker.work_queue import PER_WORKER, RunOptions

    count, threshold = PER_WORKER * RunOptions().workers, PriorityThreshold()
    run = WorkerRun.objects.create(id=uuid.uuid4().hex, host="bench").id

    def claim() -> list:
        with transaction.atomic():
            held = selection.lease(count, threshold, run=run, until=until, now=now)
            transaction.set_rollback(True)
        return held

    return claim


if __name__ == "__main__":
    sys.exit(main())
