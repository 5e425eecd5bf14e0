"""The operator's pages agree with each other and with what the code can say."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
README, GUIDE = (ROOT / "README.md").read_text(), (ROOT / "docs" / "operating.md").read_text()
CRON = re.compile(r"^    ([0-9*][0-9*/ ]+) cd /srv/kyc-portal && (.+)$", re.MULTILINE)
APPS = ("liveness", "kyc_portal")
# A test of the table is not content with a word or two.
LEAST = 12
OURS = ("liveness", "kyc_portal")


def section(title: str) -> str:
    return GUIDE.partition(f"\n## {title}\n")[2].partition("\n## ")[0]


def calls(name: str, directory: str = "liveness") -> Iterator[ast.Call]:
    """Every call of a function of this name in the app, or in the project."""
    for path in sorted((ROOT / directory).rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == name:
                yield node


def fixed_text(node: ast.expr) -> str:
    """The first part of a message that is the same every time; empty where there is none of any length."""
    texts = (part.value for part in ast.walk(node) if isinstance(part, ast.Constant) and isinstance(part.value, str))
    return next((text.strip(" ;:.") for text in texts if len(text) >= LEAST), "")


def test_the_readme_and_the_guide_show_the_same_cron_lines():
    assert CRON.findall(README) == CRON.findall(GUIDE)
    assert len(CRON.findall(README)) >= 5


def test_every_command_of_the_cron_lines_is_explained_in_the_table_of_every_day():
    commands = {command.split()[2] for _, command in CRON.findall(README)}
    assert commands == set(re.findall(r"\| `(\w+)", section("Every day")))


def test_the_cron_lines_hold_every_command_that_has_to_run_again_and_again():
    """Which others there are, and that they are for a person who has a reason, is said here by name."""
    for_people = {"liveness_register", "liveness_show", "liveness_sandbox", "liveness_reconcile"}
    for_people |= {"liveness_review_sync", "portal_roles", "portal_demo"}
    old_names = {"liveness_alarm", "liveness_review_fold", "liveness_review_follow"}
    commands = {command.split()[2] for _, command in CRON.findall(README)}
    paths = [path for path in ROOT.glob("*/**/management/commands/*.py") if path.parts[len(ROOT.parts)] in OURS]
    assert {path.stem for path in paths} - {"__init__"} - for_people - old_names == commands - {"clearsessions"}


def test_the_guide_says_what_to_do_about_every_kind_of_danger():
    kinds = {ast.literal_eval(call.args[0]) for call in calls("Alert")}
    assert kinds >= {"at_risk", "overdue", "busy"}
    assert [kind for kind in kinds if f"`{kind}`" not in section("What to do when")] == []
    assert [kind for kind in kinds if f"`{kind}`" not in section("Alerts")] == []


def test_the_guide_says_what_to_do_about_every_message_of_a_command_that_cannot_run():
    known = {text for call in calls("cannot_run") if (text := fixed_text(call.args[0]))}
    assert len(known) >= 10
    table = section("What to do when").replace("\\|", "|")
    # The guide may stop before the end of a long sentence.
    assert [text for text in known if text[: 2 * LEAST] not in table] == []


@pytest.mark.parametrize("name", ["ImproperlyConfigured", "ConfigurationError", "CommandError"])
def test_the_guide_says_what_to_do_about_every_setting_that_is_refused(name):
    known = {text for part in APPS for call in calls(name, part) if (text := fixed_text(call.args[0]))}
    assert known
    table = section("What to do when").replace("\\|", "|")
    assert [text for text in known if text[: 2 * LEAST] not in table] == []


def test_the_guide_says_what_to_do_about_every_outage():
    from liveness.database.outages import TEXTS

    table = section("What to do when")
    assert "other lines that begin with `The database`" in table
    assert [what for what, _ in TEXTS.values() if not what.startswith("The database") and what not in table] == []


def test_the_alert_rule_for_overdue_attempts_has_the_threshold_of_the_code():
    from liveness.polling.overdue import OVERDUE_AFTER_SECONDS

    assert f"liveness_oldest_due_seconds > {OVERDUE_AFTER_SECONDS:.0f}" in GUIDE
