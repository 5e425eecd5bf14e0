"""What counts as lost, and which dangers stand."""

from datetime import timedelta

import pytest
from django.utils import timezone

from liveness.attempts import life_cycle
from liveness.audit import Actor
from liveness.loss_causes import LossCause
from liveness.models import AuditEvent, MediaKind, MediaState, Outcome, StoredMedia
from liveness.monitoring import alert_rules
from tests.builders import make_attempt, make_result

pytestmark = [pytest.mark.django_db, pytest.mark.postgres]
ACTOR = Actor.system("tests")
MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)


def ending(now, in_minutes=10, **fields):
    """An attempt whose token runs out in so many minutes, planned for a minute from now."""
    issued_at = now - 2 * HOUR + in_minutes * MINUTE
    return make_attempt(**{"issued_at": issued_at, "next_poll_at": now + MINUTE} | fields)


def expire(now, **fields) -> str:
    """An attempt that just ran out; its id."""
    attempt = ending(now, in_minutes=-6, **fields)
    life_cycle.expire(attempt.id, "its readable window closed", now=now, actor=ACTOR)
    return str(attempt.public_id)


def lose_files(now, cause=""):
    """An attempt whose two files were given up; its id."""
    attempt = ending(now)
    life_cycle.record(attempt.id, make_result(), now=now, actor=ACTOR)
    StoredMedia.objects.filter(attempt=attempt).update(loss_cause=cause)
    life_cycle.expire(attempt.id, "its readable window closed", now=now, actor=ACTOR)
    return str(attempt.public_id)


def kinds(now) -> list[str]:
    return [danger.kind for danger in alert_rules.active(now)]


def test_nothing_is_lost_without_events():
    assert alert_rules.lost_since(0) == alert_rules.Losses(0)


def test_a_result_that_nobody_read_is_lost(now):
    attempt = expire(now)
    lost = alert_rules.lost_since(0)
    assert (lost.count, lost.reasons, lost.attempts) == (1, {"unread": 1}, [attempt])


@pytest.mark.parametrize(
    "fields",
    [
        {"unfinished_at": -HOUR},
        {"unfinished_at": -20 * MINUTE, "last_polled_at": -20 * MINUTE},
        {"last_polled_at": -10 * MINUTE, "unfinished_at": -10 * MINUTE},
    ],
)
def test_a_check_that_was_seen_unfinished_after_its_time_is_no_loss(now, fields):
    expire(now, **{name: now + shift for name, shift in fields.items()})
    assert alert_rules.lost_since(0).count == 0


@pytest.mark.parametrize("shift", [-125 * MINUTE, -116 * MINUTE])
def test_a_check_that_could_have_ended_after_its_last_poll_is_lost(now, shift):
    expire(now, unfinished_at=now + shift, last_polled_at=now + shift)
    assert alert_rules.lost_since(0).reasons == {"unread": 1}


def test_files_are_lost_by_their_cause(now):
    attempt = lose_files(now, LossCause.LINK)
    lose_files(now)
    lost = alert_rules.lost_since(0)
    assert lost.reasons == {"link": 2, "window": 2}
    assert attempt in lost.attempts
    assert len(set(lost.attempts)) == len(lost.attempts) <= 2 * alert_rules.NAMED


def test_only_what_came_after_the_event_counts(now):
    expire(now)
    before = alert_rules.lost_since(0)
    assert alert_rules.lost_since(before.last).count == 0
    expire(now)
    assert alert_rules.lost_since(before.last).count == 1


def test_many_events_are_read_in_steps(now, monkeypatch):
    monkeypatch.setattr(alert_rules, "BATCH", 2)
    for _ in range(3):
        expire(now)
    first = alert_rules.lost_since(0)
    assert first.count == 2
    rest = alert_rules.lost_since(first.last)
    assert (rest.count, rest.last) == (1, AuditEvent.objects.latest("sequence").sequence)


def test_a_restored_backup_that_ends_earlier_hides_no_loss(now):
    expire(now)
    lost = alert_rules.lost_since(10**6)
    assert (lost.count, lost.last) == (0, alert_rules.newest_event())
    expire(now)
    assert alert_rules.lost_since(lost.last).count == 1


def test_an_attempt_that_nobody_read_near_its_end_is_at_risk(now):
    attempt = ending(now)
    [danger] = alert_rules.active(now)
    assert (danger.kind, danger.headline, danger.attempts) == ("at_risk", "1 at risk", [str(attempt.public_id)])


def test_an_answered_attempt_whose_files_are_wanted_near_its_end_is_at_risk(now):
    attempt = ending(now, unfinished_at=now - HOUR)
    life_cycle.record(attempt.id, make_result(), now=now, actor=ACTOR)
    [danger] = alert_rules.active(now)
    assert "Files are still to fetch of 1;" in danger.text


def test_an_attempt_whose_last_look_was_during_the_check_is_at_risk(now):
    attempt = ending(now)
    attempt.unfinished_at = attempt.issued_at + 5 * MINUTE
    attempt.save()
    assert kinds(now) == ["at_risk"]


@pytest.mark.parametrize(
    "fields",
    [
        {"in_minutes": 16},
        {"unfinished_at": -HOUR},
        {"outcome": Outcome.INVALID, "finished_at": -HOUR},
    ],
)
def test_no_danger_is_seen_where_there_is_none(now, fields):
    ending(now, **{name: now + value if isinstance(value, timedelta) else value for name, value in fields.items()})
    assert alert_rules.active(now) == []


def test_what_was_settled_is_at_risk_no_more(now):
    attempt = ending(now)
    life_cycle.record(attempt.id, make_result(), now=now, actor=ACTOR)
    for kind in MediaKind:
        StoredMedia.objects.filter(attempt=attempt, kind=kind).update(state=MediaState.LOST)
    life_cycle.settle(attempt.id, now=now)
    assert alert_rules.active(now) == []


def test_how_early_it_warns_is_a_setting(now, settings):
    ending(now, in_minutes=25)
    assert kinds(now) == []
    settings.LIVENESS_ALERT_MINUTES = 30
    assert kinds(now) == ["at_risk"]


def test_it_names_only_a_few(now):
    for _ in range(alert_rules.NAMED + 2):
        ending(now)
    assert len(alert_rules.active(now)[0].attempts) == alert_rules.NAMED


@pytest.mark.parametrize(("minutes", "found"), [(19, []), (21, ["overdue"])])
def test_an_attempt_that_is_due_for_long_means_that_nobody_refreshes(now, minutes, found):
    make_attempt(issued_at=now - 30 * MINUTE, next_poll_at=now - minutes * MINUTE)
    assert kinds(now) == found


@pytest.mark.parametrize(("count", "found"), [(7, []), (8, ["busy"])])
def test_too_many_registrations_for_the_calls_are_told(now, settings, count, found):
    settings.LIVENESS_RATE_LIMIT, settings.LIVENESS_RATE_LIMIT_SHARE = 0.01, 1.0
    for _ in range(count):
        make_attempt(issued_at=now, next_poll_at=now)
    # 0.01 calls a second are 9 in 15 minutes, of which 80 % are 7.2.
    assert kinds(timezone.now()) == found
    assert kinds(timezone.now() + 16 * MINUTE) == []
