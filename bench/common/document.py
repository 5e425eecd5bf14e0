"""The page that keeps the last report of every bench: a section for each, of which a run replaces its own."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from bench.common.report import HEADINGS

INTRO = """# Performance

What the last run of `make bench` measured. Every figure stands beside a peer or a floor that was measured in the same
run, by turns, because absolute times say as much about the machine as about the portal: read the ratios. An aim is
missed by a mile, and `make bench` fails, when the figure is twice as bad as the aim. `make bench ONLY="client claims"`
runs some benches and leaves the other sections as they are; this page is written by it and not by hand.
"""
_HEADING = re.compile(r"(?m)^## (.+)\n+")
_NUMBERS = ("figure", "peer or floor", "ratio")


@dataclass(frozen=True)
class Report:
    """One table of a bench: lines on when and where it was measured, the rows under their headings, the misses."""

    surroundings: Sequence[str]
    rows: Sequence[Sequence[str]]
    missed: Sequence[str]


def sections(page: str) -> dict[str, str]:
    """The text of each section of a page, by its heading."""
    _intro, *parts = _HEADING.split(page)
    return {title: text.strip() for title, text in zip(parts[::2], parts[1::2], strict=True)}


def page(titles: Iterable[str], known: Mapping[str, str]) -> str:
    """The whole page: the sections that are known, in the order of `titles`."""
    return "\n".join([INTRO, *(f"## {title}\n\n{known[title]}\n" for title in titles if title in known)])


def section(about: str, command: str, printed: str, reports: Sequence[Report]) -> str:
    """What is measured, by which command, what else the bench printed before its first report, and the reports."""
    before, _, _ = printed.partition(reports[0].surroundings[0])
    own = [f"```text\n{before.strip()}\n```"] if before.strip() else []
    return "\n\n".join([about, f"    {command}", *own, *map(_table, reports)])


def _table(report: Report) -> str:
    rules = ["---:" if heading in _NUMBERS else "---" for heading in HEADINGS]
    rows = [report.rows[0], rules, *report.rows[1:]]
    return "\n\n".join([*report.surroundings, "\n".join(map(_row, rows))])


def _row(cells: Iterable[Any]) -> str:
    return f"| {' | '.join(str(cell).replace('|', chr(92) + '|') for cell in cells)} |"
