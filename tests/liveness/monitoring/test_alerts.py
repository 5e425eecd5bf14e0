"""Alerts reach people: once for each loss, hourly for a danger that stands, by one of two hosts, whatever fails."""

import threading
from datetime import UTC, timedelta

import pytest
from django.db import OperationalError, connection

from liveness import audit, conditions, tasks
from liveness.attempts import life_cycle
from liveness.conditions import ConditionKind
from liveness.models import AuditEvent, AuditHead, NotifierState, VerificationAttempt
from liveness.monitoring import alert_rules, alerts, gauges, notifiers
from tests.builders import make_attempt
from tests.liveness.monitoring.alerting import ACTOR, MINUTE, begin, tell
from tests.liveness.monitoring.test_alert_rules import ending, expire

pytestmark = [pytest.mark.django_db, pytest.mark.postgres]
HOUR = timedelta(hours=1)


def refused(message):
    raise notifiers.NotifierError("the mail was not sent")


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
    assert message.subject == "[KYC Berlin] Liveness: 1 lost"
    assert message.to == ["operator@example.com", "on-call@example.com"]
    assert "results never read before their token ran out: 1" in message.body
    assert attempt in message.body


def test_a_new_loss_is_told_at_once(now, emails):
    begin(now)
    for minute in range(3):
        expire(now)
        tell(now + minute * MINUTE)
    assert [message.subject for message in emails] == ["[KYC Berlin] Liveness: 1 lost"] * 3


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
    assert [message.subject for message in emails] == [
        "[KYC Berlin] Liveness: due for 25 minutes (90 minutes left)",
        "[KYC Berlin] Liveness: 1 at risk (9 minutes left)",
    ]


def subjects(emails) -> list[str]:
    """What the mails said, without the portal's name."""
    return [message.subject.removeprefix("[KYC Berlin] Liveness: ") for message in emails]


def save(attempt) -> None:
    """The attempt was found unfinished long after its check, and is not at risk any more."""
    attempt.unfinished_at = attempt.expires_at - timedelta(minutes=5)
    attempt.save()


def test_three_hundred_more_are_sent_at_once(now, emails):
    for _ in range(3):
        ending(now, in_minutes=14)
    tell(now)
    for _ in range(300):
        ending(now, in_minutes=9)
    tell(now + MINUTE)
    assert subjects(emails) == ["3 at risk (14 minutes left)", "303 at risk (8 minutes left)"]
    assert "are not safe: 303. The first runs out in 8 minutes." in emails[1].body
    assert "Portal: KYC Berlin" in emails[1].body


def test_a_danger_that_doubles_is_sent_again_and_one_that_grows_by_less_is_not(now, emails):
    for more in range(4):
        ending(now, in_minutes=14)
        ending(now, in_minutes=14)
        tell(now + more * timedelta(seconds=10))
    assert subjects(emails) == [
        "2 at risk (14 minutes left)",
        "4 at risk (13 minutes left)",
        "8 at risk (13 minutes left)",
    ]


def test_a_danger_whose_time_left_halves_is_sent_again(now, emails):
    ending(now, in_minutes=14)
    for minute in range(14):
        tell(now + minute * MINUTE)
    assert subjects(emails) == [f"1 at risk ({left} minutes left)" for left in (14, 7, 3)] + [
        "1 at risk (1 minute left)"
    ]


def test_every_attempt_that_comes_into_danger_is_in_a_message_before_its_end(now, emails):
    """One attempt runs out every three minutes for an hour, so that the danger neither ends nor doubles."""
    ends = range(20, 80, 3)
    for end in ends:
        ending(now, in_minutes=end)
    sent = [minute for minute in range(80) if tell(now + minute * MINUTE).sent]
    assert all(any(end - 15 <= minute < end for minute in sent) for end in ends)
    assert len(sent) < 20


def test_another_cause_that_stops_the_portal_does_not_wait_for_the_hour(now, emails):
    conditions.observe(ConditionKind.CLOCK_SKEW, "a-host", "this machine's clock is wrong", now)
    tell(now)
    conditions.clear(ConditionKind.CLOCK_SKEW, "a-host")
    conditions.observe(ConditionKind.ACCOUNT_REFUSED, "ap-singapore", "the vendor refuses calls", now)
    tell(now + MINUTE)
    tell(now + 2 * MINUTE)
    assert subjects(emails) == ["stopped: clock skew", "stopped: account refused"]


def test_a_danger_with_hours_left_is_not_sent_as_its_time_halves(now, emails):
    make_attempt(issued_at=now - 30 * MINUTE, next_poll_at=now - 25 * MINUTE)
    tell(now)
    tell(now + 50 * MINUTE)
    assert subjects(emails) == ["due for 25 minutes (90 minutes left)"]


def test_an_all_clear_follows_once_when_a_danger_is_over(now, emails):
    attempt = ending(now)
    tell(now)
    save(attempt)
    for minute in range(1, 40):
        tell(now + minute * MINUTE)
    assert subjects(emails) == ["1 at risk (10 minutes left)", "all clear (no longer 1 at risk)"]
    assert f"It was last so at {now.astimezone(UTC):%Y-%m-%d %H:%M} UTC." in emails[1].body
    assert "No danger is left." in emails[1].body


def test_a_danger_that_comes_back_after_its_all_clear_is_sent_again(now, emails):
    attempt = ending(now)
    tell(now)
    save(attempt)
    for minutes, count in ((5, 1), (12, 2)):
        tell(now + minutes * MINUTE)
        assert len(emails) == count
    ending(now + 13 * MINUTE)
    tell(now + 13 * MINUTE)
    assert subjects(emails)[2] == "1 at risk (10 minutes left)"


def test_a_danger_that_comes_and_goes_brings_neither_alerts_nor_all_clears(now, emails):
    attempt = make_attempt(issued_at=now - 30 * MINUTE, next_poll_at=now - 25 * MINUTE)
    for minute in range(50):
        is_due = minute % 2 == 0
        VerificationAttempt.objects.filter(id=attempt.id).update(
            next_poll_at=now - 25 * MINUTE if is_due else now + 120 * MINUTE
        )
        tell(now + minute * MINUTE)
    assert len(emails) == 1


def test_the_end_of_one_danger_beside_another_is_no_all_clear(now, emails):
    make_attempt(issued_at=now - 30 * MINUTE, next_poll_at=now - 25 * MINUTE)
    attempt = ending(now)
    tell(now)
    save(attempt)
    tell(now + 12 * MINUTE)
    assert subjects(emails)[1] == "no longer 1 at risk"


def test_an_end_with_losses_names_them(now, emails):
    begin(now)
    attempt = ending(now)
    tell(now)
    life_cycle.expire(attempt.id, "its readable window closed", now=now, actor=ACTOR)
    tell(now + MINUTE)
    tell(now + 12 * MINUTE)
    assert subjects(emails)[1:] == ["1 lost", "all clear (no longer 1 at risk)"]
    assert "Lost meanwhile: 1." in emails[2].body


@pytest.mark.parametrize("failing", ["liveness.polling.losses.ending", "liveness.polling.overdue.oldest_due"])
def test_no_all_clear_is_sent_while_the_database_cannot_be_read(now, emails, monkeypatch, failing):
    def refuse(*_):
        raise OperationalError("canary")

    attempt = ending(now)
    tell(now)
    save(attempt)
    with monkeypatch.context() as broken:
        broken.setattr(failing, refuse)
        with pytest.raises(OperationalError):
            tell(now + 12 * MINUTE)
    assert len(emails) == 1
    tell(now + 13 * MINUTE)
    assert len(emails) == 2


def test_a_rule_that_fails_is_named_hides_no_other_danger_and_brings_no_all_clear(now, emails, monkeypatch):
    def broken(now):
        raise ValueError("/a/path canary")

    attempt = ending(now)
    tell(now)
    save(attempt)
    monkeypatch.setattr(alert_rules, "RULES", (broken, alert_rules.is_overdue))
    make_attempt(issued_at=now - 30 * MINUTE, next_poll_at=now - 25 * MINUTE)
    done = tell(now + 12 * MINUTE)
    assert done.lines == ["the alert could not look for 'broken' (ValueError); it is tried again at the next run"]
    assert subjects(emails)[1:] == ["due for 37 minutes (78 minutes left)"]


def test_what_could_not_be_delivered_for_hours_is_not_lost(now, emails, monkeypatch):
    """It grew to 6 and went while the mail server was away."""
    with monkeypatch.context() as broken:
        broken.setattr(notifiers, "send_email", refused)
        for _ in range(3):
            ending(now, in_minutes=14)
        tell(now)
        others = [ending(now, in_minutes=14) for _ in range(3)]
        tell(now + MINUTE)
        for attempt in others:
            save(attempt)
        tell(now + 2 * MINUTE)
    tell(now + 3 * MINUTE)
    assert subjects(emails) == ["3 at risk (11 minutes left)"]
    assert "The most since the last message: 6 at risk." in emails[0].body


def test_a_danger_that_came_and_went_while_no_message_could_be_delivered_is_still_told(now, emails, monkeypatch):
    with monkeypatch.context() as broken:
        broken.setattr(notifiers, "send_email", refused)
        attempt = ending(now)
        tell(now)
        save(attempt)
        tell(now + 30 * MINUTE)
    tell(now + 3 * HOUR)
    assert subjects(emails) == ["all clear (no longer 1 at risk)"]
    assert "No message about it could be delivered while it lasted." in emails[0].body


def test_more_than_can_be_counted_says_so(now, emails, monkeypatch):
    monkeypatch.setattr(gauges, "CAP", 3)
    for _ in range(5):
        ending(now)
        make_attempt(issued_at=now - 30 * MINUTE, next_poll_at=now - 25 * MINUTE)
    tell(now)
    assert subjects(emails) == ["more than 3 at risk (10 minutes left), due for 25 minutes (90 minutes left)"]
    assert "for more than 20 minutes: more than 3." in emails[0].body


@pytest.mark.parametrize("back", [HOUR, 24 * HOUR, 3000 * HOUR])
def test_a_clock_that_was_set_back_silences_no_repeat_and_no_all_clear(now, emails, back):
    attempt = make_attempt(issued_at=now - back - 30 * MINUTE, next_poll_at=now - back - 25 * MINUTE)
    tell(now)
    tell(now - back)
    assert len(emails) == 2
    VerificationAttempt.objects.filter(id=attempt.id).update(next_poll_at=now + HOUR)
    tell(now - 2 * back)
    assert subjects(emails)[2] == "all clear (no longer due for 25 minutes)"


def test_a_hold_from_before_the_clock_was_set_back_holds_nobody_up(now, emails):
    begin(now)
    expire(now)
    NotifierState.objects.update(held_until=now + 5 * HOUR)
    tell(now)
    assert len(emails) == 1


def test_what_an_earlier_version_remembered_is_understood(now, emails):
    NotifierState.objects.create(hook="email", told={"overdue": (now - 5 * MINUTE).timestamp()})
    tell(now)
    assert emails == []
    tell(now + 6 * MINUTE)
    assert len(emails) == 1


def test_without_a_hook_the_caller_prints(now):
    begin(now)
    expire(now)
    [text] = tell(now).lines
    assert text.startswith("Lost since the last message:")
    assert tell(now).lines == []


def test_the_periodic_task_logs_what_no_hook_tells(now, caplog):
    tasks.alert()
    ending(now)
    tasks.alert()
    [record] = caplog.records
    assert "are not safe: 1." in record.getMessage()


def test_a_hook_that_another_host_is_using_is_left_alone(now, emails):
    begin(now)
    expire(now)
    NotifierState.objects.update(held_until=now + MINUTE)
    assert tell(now).sent == {}
    assert emails == []


def test_a_host_that_died_while_it_told_holds_nobody_up_for_long(now, emails):
    begin(now)
    expire(now)
    NotifierState.objects.update(held_until=now + alerts.HOLD)
    tell(now + alerts.HOLD)
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

    monkeypatch.setattr(notifiers, "send_email", send)
    for _ in range(2):
        threads = [threading.Thread(target=host) for _ in range(2)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert len(sent) == 1
    assert NotifierState.objects.get().held_until is None


def test_a_telling_is_an_audit_event(now, emails):
    begin(now)
    expire(now)
    ending(now)
    tell(now)
    event = AuditEvent.objects.latest("sequence")
    assert (event.action, event.actor) == (audit.ALERT_TOLD, "system:tests")
    assert event.data == {"hook": "email", "lost": 1, "dangers": ["at_risk"]}
    assert tell(now).sent == {}


def test_a_broken_audit_chain_silences_no_alarm(now, emails):
    begin(now)
    ending(now)
    AuditHead.objects.update_or_create(id=1, defaults={"sequence": 99, "hash": "f" * 64})
    tell(now)
    tell(now + MINUTE)
    assert len(emails) == 1
