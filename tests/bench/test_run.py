"""The run of all benches, with little programs in their place, and the page that it writes."""

from dataclasses import replace
from pathlib import Path

import pytest

from bench import run
from bench.common.document import Report, page, section, sections
from bench.common.report import HEADINGS

REPORTING = """
import sys
from bench.common.report import at_most, beside, report
print("a table of its own")
sys.exit(report([beside("this | that", float(sys.argv[1]), 1.0, "ms", at_most(1.5))]))
"""
BENCH = run.Bench("little", "Little thing", options=("1.0",), quick=("1.4",))


@pytest.fixture
def little(tmp_path, monkeypatch):
    """A bench whose program is given, in a checkout of its own."""
    monkeypatch.setattr(run, "ROOT", tmp_path)
    monkeypatch.setattr(run, "PAGE", tmp_path / "performance.md")
    monkeypatch.setattr(run, "BENCHES", (replace(BENCH, title="Other thing"), BENCH))
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parents[2]))
    (tmp_path / "bench").mkdir()

    def write(program, **changes):
        bench = replace(BENCH, **changes)
        bench.path.write_text(f'"""What a little thing\ncosts.\n\nMore of it.\n"""\n{program}')
        return bench

    return write


def test_it_keeps_the_report_of_a_bench(little, capfd):
    assert run.measured(little(REPORTING), quick=False) == []
    text = run.PAGE.read_text()
    assert "## Little thing\n\nWhat a little thing costs.\n\n    .venv/bin/python bench/little.py 1.0\n" in text
    assert "```text\na table of its own\n```" in text
    assert r"| this \| that | 1 ms | 1 ms | 1 | <= 1.50 | met |" in text
    assert "a table of its own" in capfd.readouterr().out


def test_it_leaves_the_other_sections_and_replaces_its_own(little):
    run.PAGE.write_text(page(["Other thing", "Little thing"], {"Other thing": "kept", "Little thing": "old"}))
    run.measured(little(REPORTING), quick=False)
    known = sections(run.PAGE.read_text())
    assert list(known) == ["Other thing", "Little thing"]
    assert (known["Other thing"], "old" in known["Little thing"]) == ("kept", False)


def test_a_quick_run_writes_no_page(little, capfd):
    assert run.measured(little(REPORTING), quick=True) == []
    assert "1.40 ms" in capfd.readouterr().out
    assert not run.PAGE.exists()


def test_it_says_what_is_missed_by_a_mile(little):
    assert run.measured(little(REPORTING, options=("2.9",)), quick=False) == []
    assert run.measured(little(REPORTING, options=("3.0",)), quick=False) == ["little: missed by a mile: this | that"]


@pytest.mark.parametrize("program", ["raise SystemExit(3)", "raise SystemExit(0)", "raise ValueError"])
def test_a_bench_without_a_report_fails_and_keeps_its_section(little, program):
    run.PAGE.write_text(page(["Little thing"], {"Little thing": "old"}))
    [problem] = run.measured(little(program), quick=False)
    assert problem.startswith("little: failed")
    assert sections(run.PAGE.read_text()) == {"Little thing": "old"}


def test_a_page_is_read_as_it_was_written():
    report = Report(["2026-01-31 09:30 UTC, 2 x machine", "Python 3.11"], [HEADINGS, ["a"] * len(HEADINGS)], [])
    known = {title: section("About.", "command", "", [report, report]) for title in ("One", "Two")}
    assert sections(page(["Two", "One", "Three"], known)) == known


def test_every_bench_exists_and_says_what_it_measures():
    assert [bench.name for bench in run.BENCHES if not bench.about.endswith(".")] == []
