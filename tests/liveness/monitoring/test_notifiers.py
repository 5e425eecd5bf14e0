"""The two hooks of an alert, mail and a command: what they get, and how they may fail."""

import json
import socket
import stat
import threading
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from liveness.monitoring import notifiers
from tests.liveness.monitoring.alerting import MINUTE, begin, tell
from tests.liveness.monitoring.test_alert_rules import ending, expire

pytestmark = [pytest.mark.django_db, pytest.mark.postgres]


@pytest.fixture
def script(settings, tmp_path):
    """Writes a small program that LIVENESS_ALERT_COMMAND names, and tells where it writes."""

    def write(body: str) -> Path:
        path, out = tmp_path / "a command.sh", tmp_path / "out"
        path.write_text(f"#!/bin/sh\n{body}\n")
        path.chmod(path.stat().st_mode | stat.S_IXUSR)
        settings.LIVENESS_ALERT_COMMAND = f"'{path}' {out}"
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
    assert message["subject"] == "[KYC Berlin] Liveness: 1 lost, 1 at risk (10 minutes left)"
    assert message["lost"] == {"count": 1, "reasons": {"unread": 1}, "attempts": [attempt], "is_partial": False}
    [danger] = message["dangers"]
    assert (danger["kind"], danger["size"], danger["seconds_left"], danger["is_capped"]) == ("at_risk", 1, 600.0, False)
    assert (message["portal"], message["over"], message["all_clear"]) == ("KYC Berlin", [], False)
    assert "Lost since the last message" in message["text"]


def test_a_command_sees_none_of_the_keys(now, script, monkeypatch):
    monkeypatch.setenv("TENCENTCLOUD_SECRET_KEY", "canary")
    out = script('env > "$1"')
    ending(now)
    tell(now)
    assert "PATH=" in out.read_text()
    assert "canary" not in out.read_text()


def test_no_shell_reads_the_command(now, settings, tmp_path):
    settings.LIVENESS_ALERT_COMMAND = f"true; touch {tmp_path / 'made'}"
    ending(now)
    tell(now)
    assert not (tmp_path / "made").exists()


@pytest.mark.parametrize(
    ("body", "problem"),
    [
        ("exit 3", "LIVENESS_ALERT_COMMAND exited with 3"),
        ("sleep 30", "LIVENESS_ALERT_COMMAND took longer than 0 s"),
        (None, "LIVENESS_ALERT_COMMAND cannot be run (FileNotFoundError)"),
    ],
)
def test_a_command_that_fails_is_told_and_tried_again(now, script, monkeypatch, settings, body, problem):
    monkeypatch.setattr(notifiers, "COMMAND_TIMEOUT", 0.2)
    script("exit 0")
    begin(now)
    expire(now)
    if body:
        script(body)
    else:
        settings.LIVENESS_ALERT_COMMAND = "/nowhere/at-all"
    done = tell(now)
    assert done.failed == {"command": problem}
    assert done.lines == [f"{problem}; it is tried again at the next run"]
    script("exit 0")
    assert tell(now + MINUTE).sent["command"].subject == "[KYC Berlin] Liveness: 1 lost"


def test_a_command_that_takes_too_long_leaves_nothing_running(now, script, monkeypatch):
    monkeypatch.setattr(notifiers, "COMMAND_TIMEOUT", 0.3)
    out = script('sleep 60 & echo $! > "$1"; wait')
    ending(now)
    tell(now)
    child = Path(f"/proc/{out.read_text().strip()}/cmdline")
    deadline = time.monotonic() + 5
    while child.exists() and child.read_bytes() and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not child.exists() or not child.read_bytes()


def test_a_mail_server_that_hangs_holds_the_command_back_no_longer_than_its_deadline(
    now, emails, script, monkeypatch, settings
):
    """It goes on answering, a byte at a time, so that no time-out of a socket ends it."""
    monkeypatch.setattr(notifiers, "EMAIL_DEADLINE", 0.3)
    out = script('cat > "$1"')
    answered = threading.Event()
    monkeypatch.setattr("django.core.mail.EmailMessage.send", lambda message: answered.wait(20))
    ending(now)
    assert list(tell(now).failed) == ["email"]
    assert json.loads(out.read_text())["dangers"]
    assert "still holds the last message" in tell(now + MINUTE).failed["email"]
    answered.set()


def test_a_silent_mail_server_times_out_where_the_host_set_no_time_limit(now, emails, settings, monkeypatch):
    monkeypatch.setattr(notifiers, "EMAIL_TIMEOUT", 0.3)
    settings.EMAIL_BACKEND, settings.EMAIL_TIMEOUT = "django.core.mail.backends.smtp.EmailBackend", None
    with socket.create_server(("127.0.0.1", 0)) as silent:
        settings.EMAIL_HOST, settings.EMAIL_PORT = silent.getsockname()
        ending(now)
        # smtplib takes a silent server for one that hung up.
        problem = "the mail was not sent (SMTPServerDisconnected); see the EMAIL settings"
        assert tell(now).failed == {"email": problem}


@given(st.text())
def test_a_subject_is_one_printable_line_whatever_the_portal_is_called(name):
    subject = notifiers.Message(f"[{name}] Liveness: 1 lost", "", {}).subject
    assert subject.isprintable()
    assert len(subject) <= notifiers.SUBJECT_LENGTH


def test_a_portal_name_adds_no_header_to_the_mail(now, emails, settings):
    settings.LIVENESS_PORTAL_NAME = "KYC\r\nBcc: thief@example.com"
    ending(now)
    tell(now)
    [message] = emails
    assert message.subject.startswith("[KYC Bcc: thief@example.com] Liveness: 1 at risk")
    assert message.recipients() == ["operator@example.com", "on-call@example.com"]


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
