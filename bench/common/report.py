"""What a bench says: a table of comparisons, each with its aim, and on which machine they were made."""

import json
import os
import platform
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import django

# A machine that others use as well is up to this much slower at times; what misses by more is a regression.
TOLERANCE = 2.0
# Before the bench adds its own.
LOAD = os.getloadavg()[0]
# Where this names a file, each report is handed over in it as well, one JSON object a line (`bench/run.py`).
HANDOVER = "BENCH_REPORTS"
HEADINGS = ("what", "figure", "peer or floor", "ratio", "aim", "verdict")


@dataclass(frozen=True)
class Aim:
    """A bound that the ratio, or else the figure itself, should keep."""

    bound: float
    is_least: bool
    is_of_figure: bool = False

    def __str__(self) -> str:
        return f"{'>=' if self.is_least else '<='} {_number(self.bound)}"

    def shortfall(self, value: float) -> float:
        """How many times worse than the bound the value is; 1 or less keeps it."""
        worse, better = (self.bound, value) if self.is_least else (value, self.bound)
        return worse / better if better else float("inf") if worse else 1.0


def at_least(bound: float, *, of_figure: bool = False) -> Aim:
    return Aim(bound, True, of_figure)


def at_most(bound: float, *, of_figure: bool = False) -> Aim:
    return Aim(bound, False, of_figure)


@dataclass(frozen=True)
class Line:
    """One comparison. `ratio` is figure / peer, or peer / figure where the figure should be many times faster."""

    what: str
    figure: float
    unit: str
    peer: float | None = None
    ratio: float | None = None
    aim: Aim | None = None

    @property
    def shortfall(self) -> float:
        """How many times the aim is missed by; 1 or less where it is met or where there is none."""
        if self.aim is None:
            return 1.0
        value = self.figure if self.aim.is_of_figure else self.ratio
        return self.aim.shortfall(value) if value is not None else float("inf")

    @property
    def verdict(self) -> str:
        if self.aim is None:
            return ""
        if self.shortfall <= 1:
            return "met"
        return "missed" if self.shortfall < TOLERANCE else f"missed by {self.shortfall:.0f}x"

    def cells(self) -> tuple[str, ...]:
        figure, peer = (_measure(value, self.unit) for value in (self.figure, self.peer))
        return (self.what, figure, peer, _measure(self.ratio), self._aim(), self.verdict)

    def _aim(self) -> str:
        if self.aim is None:
            return ""
        return f"{self.aim} {self.unit}".rstrip() if self.aim.is_of_figure else str(self.aim)


def beside(what: str, figure: float, peer: float, unit: str, aim: Aim | None = None) -> Line:
    """A line whose ratio is figure / peer."""
    return Line(what, figure, unit, peer, figure / peer, aim)


def faster(what: str, figure: float, peer: float, unit: str, aim: Aim | None = None) -> Line:
    """A line whose ratio is peer / figure: how many times less time than the peer."""
    return Line(what, figure, unit, peer, peer / figure, aim)


def report(lines: Iterable[Line], **versions: str) -> int:
    """Print machine, date and table. The exit code: 1 when an aim is missed by a factor of 2 or more."""
    lines, surroundings = list(lines), _surroundings(versions)
    rows = [HEADINGS, *(line.cells() for line in lines)]
    missed = [line.what for line in lines if line.shortfall >= TOLERANCE]
    _hand_over(surroundings=surroundings, rows=rows, missed=missed)
    print("\n".join([*surroundings, ""]))
    widths = [max(len(row[column]) for row in rows) for column in range(len(HEADINGS))]
    for row in rows:
        first, *others = (_padded(column, cell, widths[column]) for column, cell in enumerate(row))
        print("  ".join([first, *others]).rstrip())
    return int(bool(missed))


def progress(text: str) -> None:
    """Tell on standard error what is being done, for what takes minutes."""
    print(f"{datetime.now(UTC):%H:%M:%S}  {text}", file=sys.stderr, flush=True)


def _hand_over(**told: object) -> None:
    if path := os.environ.get(HANDOVER):
        with Path(path).open("a") as file:
            file.write(json.dumps(told) + "\n")


def _surroundings(versions: dict[str, str]) -> list[str]:
    known = {"Python": platform.python_version(), "Django": django.__version__} | versions
    software = ", ".join(f"{name} {version}" for name, version in known.items())
    machine = f"{os.cpu_count()} x {_processor()}, load at the start {LOAD:.1f}"
    return [f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC, {machine}", software]


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        lines = []
    names = [line.partition(": ")[2] for line in lines if line.startswith("model name")]
    return names[0] if names else platform.machine()


def _padded(column: int, cell: str, width: int) -> str:
    # Words stand left and numbers right.
    return cell.rjust(width) if 0 < column < 4 else cell.ljust(width)


def _measure(value: float | None, unit: str = "") -> str:
    return "" if value is None else f"{_number(value)} {unit}".rstrip()


def _number(value: float) -> str:
    places = 0 if abs(value) >= 100 or value == int(value) else 1 if abs(value) >= 10 else 2
    return f"{value:,.{places}f}"
