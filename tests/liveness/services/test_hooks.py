"""The two hooks of an alarm, mail and a command: what they get, and how they may fail."""

import json
import stat
import time
from pathlib import Path

import pytest

from liveness.services import hooks
from tests.liveness.services.alarming import MINUTE, begin, tell
from tests.liveness.services.test_dangers import ending, expire

pytestmark = [pytest.mark.django_db, pytest.mark.postgres]


@pytest.fixture
def script(settings, tmp_path):
    """Writes a small program that LIVENESS_ALARM_COMMAND names, and tells where it writes."""

    def write(body: str) -> Path:
        path, out = tmp_path / "a command.sh", tmp_path / "out"
        path.write_text(f"#!/bin/sh\n{body}\n")
        path.chmod(path.stat().st_mode | stat.S_IXUSR)
        settings.LIVENESS_ALARM_COMMAND = f"'{path}' {out}"
        return out

    return write


def test_a_message_names_no_person_and_no_token(now, emails, script):
    out = script('cat > "$1"')
    begin(now)
    expire(now, subject_reference="subject-canary", sdk_token="token-canary")
    ending(now, subject_reference="subject-canary", sdk_token="token-canary-2")
    tell(now)
    assert "canary" not in emails[0].subject + emails[0].body + out.read_text()


def test_a_command_gets_the_message_as_json(now, script):
    out = script('cat > "$1"')
    begin(now)
    attempt = expire(now)
    ending(now)
    tell(now)
    message = json.loads(out.read_text())
    assert message["subject"] == "Liveness: 1 lost, 1 at risk"
    assert message["lost"] == {"count": 1, "reasons": {"unread": 1}, "attempts": [attempt]}
    assert [danger["kind"] for danger in message["dangers"]] == ["at_risk"]
    assert "Lost since the last message" in message["text"]


def test_a_command_sees_none_of_the_keys(now, script, monkeypatch):
    monkeypatch.setenv("TENCENTCLOUD_SECRET_KEY", "canary")
    out = script('env > "$1"')
    ending(now)
    tell(now)
    assert "PATH=" in out.read_text()
    assert "canary" not in out.read_text()


def test_no_shell_reads_the_command(now, settings, tmp_path):
    settings.LIVENESS_ALARM_COMMAND = f"true; touch {tmp_path / 'made'}"
    ending(now)
    tell(now)
    assert not (tmp_path / "made").exists()


@pytest.mark.parametrize(
    ("body", "problem"),
    [
        ("exit 3", "LIVENESS_ALARM_COMMAND exited with 3"),
        ("sleep 30", "LIVENESS_ALARM_COMMAND took longer than 0 s"),
        (None, "LIVENESS_ALARM_COMMAND cannot be run (FileNotFoundError)"),
    ],
)
def test_a_command_that_fails_is_told_and_tried_again(now, script, monkeypatch, settings, body, problem):
    monkeypatch.setattr(hooks, "COMMAND_TIMEOUT", 0.2)
    script("exit 0")
    begin(now)
    expire(now)
    if body:
        script(body)
    else:
        settings.LIVENESS_ALARM_COMMAND = "/nowhere/at-all"
    done = tell(now)
    assert done.failed == {"command": problem}
    assert done.lines == [f"{problem}; it is tried again at the next run"]
    script("exit 0")
    assert tell(now + MINUTE).sent["command"].subject == "Liveness: 1 lost"


def test_a_command_that_takes_too_long_leaves_nothing_running(now, script, monkeypatch):
    monkeypatch.setattr(hooks, "COMMAND_TIMEOUT", 0.3)
    out = script('sleep 60 & echo $! > "$1"; wait')
    ending(now)
    tell(now)
    child = Path(f"/proc/{out.read_text().strip()}/cmdline")
    deadline = time.monotonic() + 5
    while child.exists() and child.read_bytes() and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not child.exists() or not child.read_bytes()


def test_a_mail_server_that_refuses_is_told_without_its_words(now, emails, settings, monkeypatch):
    def refuse(message):
        raise RuntimeError("password canary")

    begin(now)
    expire(now)
    with monkeypatch.context() as broken:
        broken.setattr("django.core.mail.EmailMessage.send", refuse)
        assert tell(now).failed == {"email": "the mail was not sent (RuntimeError); see the EMAIL settings"}
    tell(now)
    assert len(emails) == 1


def test_a_hook_that_fails_holds_the_other_back_neither_once_nor_again(now, emails, script):
    script("exit 1")
    ending(now)
    for minute in range(3):
        assert list(tell(now + minute * MINUTE).failed) == ["command"]
    assert len(emails) == 1
