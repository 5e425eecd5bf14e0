import json

import pytest

from bench.common.report import HANDOVER, Line, at_least, at_most, beside, faster, report


@pytest.mark.parametrize(
    ("line", "verdict"),
    [
        (beside("a", 1.4, 1.0, "ms", at_most(1.5)), "met"),
        (beside("a", 2.0, 1.0, "ms", at_most(1.5)), "missed"),
        (beside("a", 3.0, 1.0, "ms", at_most(1.5)), "missed by 2x"),
        (faster("a", 1.0, 30.0, "ms", at_least(20)), "met"),
        (faster("a", 1.0, 4.0, "ms", at_least(20)), "missed by 5x"),
        (Line("a", 3, "", aim=at_most(2, of_figure=True)), "missed"),
        (Line("a", 1, "", aim=at_most(0, of_figure=True)), "missed by infx"),
        (Line("a", 1, ""), ""),
    ],
)
def test_it_says_how_an_aim_is_kept(line, verdict):
    assert line.verdict == verdict


def test_it_fails_only_for_what_is_missed_by_a_factor_of_two(capsys):
    assert report([beside("a", 2.9, 1.0, "ms", at_most(1.5))]) == 0
    assert report([beside("a", 3.0, 1.0, "ms", at_most(1.5))]) == 1
    assert "missed by 2x" in capsys.readouterr().out


def test_it_hands_over_what_it_prints(tmp_path, monkeypatch, capsys):
    handed_over = tmp_path / "reports.jsonl"
    monkeypatch.setenv(HANDOVER, str(handed_over))
    report([beside("slow", 9.0, 1.0, "ms", at_most(1.5)), beside("quick", 1.0, 1.0, "ms")], thing="1.2")
    report([])
    first, second = map(json.loads, handed_over.read_text().splitlines())
    printed = capsys.readouterr().out
    assert all(line in printed for line in first["surroundings"])
    assert first["surroundings"][1].endswith("thing 1.2")
    assert [row[0] for row in first["rows"]] == ["what", "slow", "quick"]
    assert (first["missed"], second["missed"]) == (["slow"], [])
