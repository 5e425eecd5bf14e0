"""Alarms reach people: once for each loss, hourly for a danger that stands, by one of two hosts, whatever fails."""

import threading

import pytest
from django.db import connection

from liveness import tasks
from liveness.models import AlarmState, AuditEvent, AuditHead
from liveness.services import alarms, audit, hooks
from tests.builders import make_attempt
from tests.liveness.services.alarming import MINUTE, begin, tell
from tests.liveness.services.test_dangers import ending, expire

pytestmark = [pytest.mark.django_db, pytest.mark.postgres]


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
