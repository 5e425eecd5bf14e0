"""A lock for which other people or processes wait has a limit, wherever in the code it is taken."""

from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3] / "liveness"
# How often a module may lock without the limit, and why.
WITHOUT_LIMIT = {
    "attempts/life_cycle.py": (1, "the files of an attempt whose own lock has the limit"),
    "media/adoption.py": (2, "files are moved meanwhile, which may take longer"),
    "media/files.py": (1, "one wanted file, for which only the run of its attempt looks"),
    "media/integrity.py": (2, "a file is read meanwhile, which may take longer"),
    "media/rows.py": (1, "the files of an attempt whose own lock has the limit"),
    "polling/candidates.py": (1, "others pass over rows that are locked"),
    "polling/leases.py": (1, "others pass over rows that are locked"),
    "review/claims/claims.py": (2, "others pass over rows that are locked; one claim, for its own holder"),
    "review/locking.py": (1, "the files of an attempt whose own lock has the limit"),
    "worker/bulk_actions.py": (3, "one bulk action, for which only its own page and runs look"),
    "worker/takeover.py": (1, "a run that is silent"),
}
MODULES = sorted(path for path in ROOT.rglob("*.py") if ".select_for_update(" in path.read_text())


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_lock_has_the_limit_or_a_reason(path):
    taken = path.read_text().split(".select_for_update(")[1:]
    without = sum(not after.partition("\n")[0].startswith(").annotate(**idle_limit())") for after in taken)
    allowed, _reason = WITHOUT_LIMIT.get(str(path.relative_to(ROOT)), (0, ""))
    assert without == allowed


def test_no_reason_is_left_of_a_module_that_is_gone():
    assert {str(path.relative_to(ROOT)) for path in MODULES} >= set(WITHOUT_LIMIT)
