"""`liveness_reconcile` as an operator runs it, after a restore above all."""

import os

import pytest

from liveness.storage.marker import MARKER
from tests.liveness.management.stored import evidence, query, stored


@pytest.fixture
def torn(captured):
    """One file lies elsewhere, and one belongs to no row."""
    first = stored(captured)[0]
    first.rename(evidence(captured) / "from-the-backup")
    stranger = evidence(captured) / "ab" / ("ab" * 16)
    stranger.parent.mkdir(exist_ok=True)
    stranger.write_bytes(b"?")
    for path in (evidence(captured) / "from-the-backup", stranger):
        os.utime(path, (1e9, 1e9))
    return captured


def test_it_names_what_does_not_agree_and_changes_nothing(torn):
    done = torn.run("liveness_reconcile", "--json")
    assert (done.code, done.json["agree"], done.json["rows"]) == (1, False, 6)
    assert {kind: count for kind, count in done.json["counts"].items() if count} == {
        "row_without_file": 1,
        "file_without_row": 1,
        "adoptable": 1,
    }
    done = torn.run("liveness_reconcile")
    assert "adoptable: from-the-backup" in done.out
    assert "1 row_without_file, 1 file_without_row, 1 adoptable" in done.err


def test_it_adopts_and_quarantines_on_demand_and_each_act_is_an_event(torn):
    done = torn.run("liveness_reconcile", "--adopt")
    assert done.code == 1
    assert "1 file_without_row" in done.err and "adoptable" not in done.err
    assert torn.run("liveness_reconcile", "--quarantine").code == 0
    assert torn.run("liveness_reconcile").silent
    actions = query(torn, "SELECT action FROM liveness_auditevent ORDER BY sequence DESC LIMIT 2")
    assert [action for (action,) in actions] == ["liveness.media.set_aside", "liveness.media.adopted"]


def test_a_moved_root_is_accepted_after_its_files_were_looked_for(captured, tmp_path):
    root = evidence(captured)
    (root / MARKER).unlink()
    empty = tmp_path / "empty"
    empty.mkdir()
    done = captured.run("liveness_reconcile", "--mark", LIVENESS_MEDIA_ROOT=str(empty))
    assert done.code == 2
    assert "0 of 6 files" in done.err
    assert list(empty.iterdir()) == []
    assert captured.run("liveness_reconcile").code == 2
    assert captured.run("liveness_reconcile", "--mark").silent
