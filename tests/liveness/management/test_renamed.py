"""Commands that have another name now."""

import pytest
from django.core.management import CommandError, call_command, get_commands

NEW_NAMES = {
    "liveness_alarm": "liveness_alert",
    "liveness_review_fold": "liveness_review_statistics",
    "liveness_review_follow": "liveness_review_sync",
}


@pytest.mark.parametrize(("old", "new"), NEW_NAMES.items())
def test_an_old_name_does_nothing_and_gives_the_new_name(old, new):
    assert new in get_commands()
    with pytest.raises(CommandError, match=f"{old} is called {new} now") as refusal:
        call_command(old)
    assert refusal.value.returncode == 2


def test_the_options_of_the_new_command_do_not_hide_the_answer(portal):
    done = portal.run("liveness_alarm", "--json")
    assert (done.code, done.out, done.err.count("\n")) == (2, "", 1)
    assert "liveness_alert" in done.err
