"""Alarms reach people: once for each loss, hourly for a danger that stands, by one of two hosts, whatever fails."""

import json
import stat
import threading
import time
from datetime import timedelta
from pathlib import Path

import pytest
from django.core import mail
from django.db import connection
from django.utils import timezone

from liveness import tasks
from liveness.models import AlarmState, AuditEvent, AuditHead
from liveness.services import alarms, audit, hooks
from liveness.services.audit import Actor
from tests.builders import make_attempt
from tests.liveness.services.test_dangers import ending, expire

pytestmark = [pytest.mark.django_db, pytest.mark.postgres]
ACTOR = Actor.system("tests")
MINUTE = timedelta(minutes=1)


@pytest.fixture
def now():
    return timezone.now()


@pytest.fixture
def emails(settings):
    settings.LIVENESS_ALARM_EMAILS = ["operator@example.com", "on-call@example.com"]
    return mail.outbox


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


def tell(now) -> alarms.Round:
    return alarms.tell(now=now, actor=ACTOR)


def begin(now) -> None:
    """The first round, after which losses are told."""
    assert tell(now).sent == {}


def test_it_is_quiet_when_all_is_well(now, emails):
    make_attempt()
    done = tell(now)
    assert (done.lines, done.sent, done.failed, emails) == ([], {}, {}, [])


def test_a_loss_is_mailed_once(now, emails):
    begin(now)
    attempt = expire(now)
    tell(now)
    tell(now + 90 * MINUTE)
    [message] = emails
    assert message.subject == "Liveness: 1 lost"
    assert message.to == ["operator@example.com", "on-call@example.com"]
    assert "results never read before their token ran out: 1" in message.body
    assert attempt in message.body


def test_a_new_loss_is_told_at_once(now, emails):
    begin(now)
    for minute in range(3):
        expire(now)
        tell(now + minute * MINUTE)
    assert [message.subject for message in emails] == ["Liveness: 1 lost"] * 3


def test_what_was_lost_before_the_hook_was_set_is_not_told(now, emails):
    expire(now)
    tell(now)
    tell(now + MINUTE)
    assert emails == []


def test_a_danger_is_told_at_once_and_then_hourly(now, emails):
    make_attempt(issued_at=now - 30 * MINUTE, next_poll_at=now - 25 * MINUTE)
    for minute in range(0, 60, 10):
        tell(now + minute * MINUTE)
    assert len(emails) == 1
    tell(now + 61 * MINUTE)
    assert len(emails) == 2


def test_another_danger_does_not_wait_for_the_first(now, emails):
    make_attempt(issued_at=now - 30 * MINUTE, next_poll_at=now - 25 * MINUTE)
    tell(now)
    ending(now)
    tell(now + MINUTE)
    assert [message.subject for message in emails] == ["Liveness: due for 25 minutes", "Liveness: 1 at risk"]


def test_a_danger_that_comes_back_is_told_again(now, emails):
    attempt = ending(now)
    tell(now)
    attempt.unfinished_at = now
    attempt.save()
    for minutes, told in ((5, 1), (12, 1)):
        tell(now + minutes * MINUTE)
        assert len(emails) == told
    ending(now + 13 * MINUTE)
    tell(now + 13 * MINUTE)
    assert len(emails) == 2


def test_a_danger_that_comes_and_goes_is_not_told_every_minute(now, emails):
    attempt = ending(now)
    for minute in range(9):
        attempt.unfinished_at = now if minute % 2 else None
        attempt.save()
        tell(now + minute * MINUTE)
    assert len(emails) == 1


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


def test_without_a_hook_the_caller_prints(now):
    begin(now)
    expire(now)
    [text] = tell(now).lines
    assert text.startswith("Lost since the last message:")
    assert tell(now).lines == []


def test_the_periodic_task_logs_what_no_hook_tells(now, caplog):
    tasks.alarm()
    ending(now)
    tasks.alarm()
    [record] = caplog.records
    assert "are not safe: 1." in record.getMessage()


def test_a_hook_that_another_host_is_using_is_left_alone(now, emails):
    begin(now)
    expire(now)
    AlarmState.objects.update(held_until=now + MINUTE)
    assert tell(now).sent == {}
    assert emails == []


def test_a_host_that_died_while_it_told_holds_nobody_up_for_long(now, emails):
    begin(now)
    expire(now)
    AlarmState.objects.update(held_until=now + alarms.HOLD)
    tell(now + alarms.HOLD)
    assert len(emails) == 1


@pytest.mark.django_db(transaction=True)
def test_of_two_hosts_at_once_one_tells(now, emails, monkeypatch):
    begin(now)
    expire(now)
    both, sent = threading.Barrier(2), []

    def send(message):
        sent.append(message)

    def host():
        both.wait()
        tell(now)
        connection.close()

    monkeypatch.setattr(hooks, "send_email", send)
    for _ in range(2):
        threads = [threading.Thread(target=host) for _ in range(2)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert len(sent) == 1
    assert AlarmState.objects.get().held_until is None


def test_a_telling_is_an_audit_event(now, emails):
    begin(now)
    expire(now)
    ending(now)
    tell(now)
    event = AuditEvent.objects.latest("sequence")
    assert (event.action, event.actor) == (audit.ALARM_TOLD, "system:tests")
    assert event.data == {"hook": "email", "lost": 1, "dangers": ["at_risk"]}
    assert tell(now).sent == {}


def test_a_broken_audit_chain_silences_no_alarm(now, emails):
    begin(now)
    ending(now)
    AuditHead.objects.update_or_create(id=1, defaults={"sequence": 99, "hash": "f" * 64})
    tell(now)
    tell(now + MINUTE)
    assert len(emails) == 1
