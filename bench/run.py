"""Run the benches one after another and keep what they report in docs/performance.md.

    .venv/bin/python bench/run.py [--quick] [BENCH ...]

Named none, all run. With `--quick` the sizes are smaller and the page is left as it is. Exit 1 when an aim is missed
by a factor of 2 or more, or when a bench fails; which they are is said at the end.
"""

import argparse
import ast
import json
import os
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from bench.common.document import Report, page, section, sections
from bench.common.endings import end_cleanly
from bench.common.report import HANDOVER, progress

ROOT = Path(__file__).resolve().parent.parent
PAGE = ROOT / "docs" / "performance.md"
PATIENCE = 30.0


@dataclass(frozen=True)
class Bench:
    """A program in bench/ and the heading of its section; options that it always gets, and those of a quick run."""

    name: str
    title: str
    options: tuple[str, ...] = ()
    quick: tuple[str, ...] = ()

    @property
    def path(self) -> Path:
        return ROOT / "bench" / f"{self.name}.py"

    @property
    def about(self) -> str:
        """The first sentence of the program's own description."""
        return (ast.get_docstring(ast.parse(self.path.read_text())) or "").partition("\n\n")[0].replace("\n", " ")

    def command(self, *, quick: bool) -> list[str]:
        return [f"bench/{self.name}.py", *(self.quick or self.options if quick else self.options)]


FEW_ROWS = ("--rows", "50000")
BENCHES = (
    Bench("policy_sim", "Polling policy", quick=("--quick",)),
    Bench("chaos", "Engine under faults", quick=("--hours", "0.2")),
    Bench("recovery", "After a kill", quick=("--kills", "3", "--workers", "2")),
    Bench("arrivals", "Call limit", quick=("--quick",)),
    Bench("client", "Client of the vendor's API", quick=("--turns", "50")),
    Bench("engine_cost", "Cost of a poll", quick=(*FEW_ROWS, "--polls", "300", "--watched", "5000")),
    Bench("claims", "Leasing", quick=(*FEW_ROWS, "--due", "5000", "--runs", "50")),
    Bench("bulk_import", "Bulk import", quick=("--lines", "1000")),
    Bench("attempt_store", "Storing evidence", quick=("--runs", "5", "--database", "sqlite")),
    Bench(
        "media",
        "Watching evidence",
        ("--page", "/review/{attempt}/"),
        ("--page", "/review/{attempt}/", "--visits", "5"),
    ),
    Bench("queue_page", "Queue", ("--runs", "9"), (*FEW_ROWS, "--runs", "5")),
    Bench("admin", "Admin", ("--runs", "5"), (*FEW_ROWS, "--runs", "3")),
)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", metavar="BENCH", help=", ".join(bench.name for bench in BENCHES))
    parser.add_argument("--quick", action="store_true", help="small sizes, for a look; the page is not written")
    options = parser.parse_args()
    if unknown := set(options.names) - {bench.name for bench in BENCHES}:
        parser.error(f"there is no bench {', '.join(sorted(unknown))}")
    end_cleanly()
    chosen = [bench for bench in BENCHES if not options.names or bench.name in options.names]
    problems: list[str] = []
    for number, bench in enumerate(chosen, start=1):
        progress(f"{bench.name}, {number} of {len(chosen)}: {bench.about}")
        problems += measured(bench, quick=options.quick)
    print("\n".join(problems) or "No aim is missed by a factor of 2 or more.")
    return int(bool(problems))


def measured(bench: Bench, *, quick: bool) -> list[str]:
    """Run one bench and keep its report; what went wrong, one line each."""
    begun, command = time.monotonic(), bench.command(quick=quick)
    code, printed, reports = ran(command)
    progress(f"{bench.name} took {time.monotonic() - begun:.0f} s")
    if reports and not quick:
        known = sections(PAGE.read_text()) if PAGE.exists() else {}
        known[bench.title] = section(bench.about, f".venv/bin/python {' '.join(command)}", printed, reports)
        PAGE.write_text(page((one.title for one in BENCHES), known))
    return problems_of(bench.name, code, reports)


def problems_of(name: str, code: int, reports: list[Report]) -> list[str]:
    missed = [f"{name}: missed by a mile: {what}" for report in reports for what in report.missed]
    return missed or [f"{name}: failed (exit code {code})"] * bool(code or not reports)


def ran(command: list[str]) -> tuple[int, str, list[Report]]:
    """The exit code of a bench, what it printed, which is shown as well, and what it reported."""
    with tempfile.TemporaryDirectory(prefix="bench-run-") as directory:
        handed_over, printed = Path(directory) / "reports.jsonl", []
        handed_over.touch()
        environment = os.environ | {HANDOVER: str(handed_over)}
        process = subprocess.Popen(
            [sys.executable, *command], cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True
        )
        try:
            for line in process.stdout:
                print(line, end="", flush=True)
                printed.append(line)
            process.wait()
        finally:
            process.terminate()
            process.wait(PATIENCE)
        reports = [Report(**json.loads(line)) for line in handed_over.read_text().splitlines()]
    return process.returncode, "".join(printed), reports


if __name__ == "__main__":
    sys.exit(main())
