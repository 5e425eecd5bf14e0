"""A clock that is wrong, or set while a run works: nothing is closed by it alone, and nothing is lost by it."""

import re
import threading
import time
from datetime import UTC, datetime, timedelta

import pytest
from django.utils import timezone

from liveness import audit, conditions
from liveness.attempts import life_cycle
from liveness.audit import Actor
from liveness.clock import CheckedClock
from liveness.conditions import ConditionKind
from liveness.media import rolling_check
from liveness.models import (
    AuditEvent,
    ClosedBy,
    MediaKind,
    MediaState,
    Outcome,
    StoredMedia,
    VerificationAttempt,
)
from liveness.polling import policy
from liveness.sandbox import service
from liveness.sandbox.service import Answered
from liveness.worker import engine
from liveness.worker.engine import RunOptions
from tests.builders import make_attempt, make_result
from tests.conftest import forget_other_runs
from tests.liveness.media.disks import flip, place
from tests.liveness.worker.steps import assert_everything_is_stored_once, registered, run

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.postgres]

HOUR = 3600.0
ACTOR = Actor.system("test")


class Machine:
    """This machine, with a clock that was set forward or back by `set_by` seconds."""

    def __init__(self, set_by=0.0):
        self.set_by = set_by

    def unix(self):
        return time.time() + self.set_by

    def monotonic(self):
        return time.monotonic()


@pytest.fixture
def machine():
    """The machine on which the runs of a test work."""
    machine = Machine()
    engine._memory.clock = CheckedClock(machine)
    return machine


def old(sandbox, minutes):
    """An attempt that is so old, was polled once, and whose person has finished since."""
    a_minute_ago = timezone.now() - timedelta(minutes=1)
    return registered(sandbox, issued_ago=60 * minutes, poll_count=1, next_poll_at=a_minute_ago)


@pytest.mark.parametrize("hours", [1, -1, 72, -72])
def test_a_clock_that_is_off_loses_nothing(hours, sandbox, machine, monkeypatch):
    found = [old(sandbox, minutes) for minutes in (5, 70, 115)]
    machine.set_by = hours * HOUR
    with monkeypatch.context() as patch:
        # As wrong for links, which live for minutes, as for the schedule.
        patch.setattr(timezone, "now", lambda: datetime.fromtimestamp(machine.unix(), UTC))
        summary = run()
        while not passed(found):
            assert run().counts.polled
    assert passed(found)
    assert not StoredMedia.objects.exclude(state=MediaState.STORED).exists()
    side = "ahead of" if hours > 0 else "behind"
    assert len(summary.lines()) == 1
    seconds = abs(hours * 3600)
    assert re.search(f"({seconds - 1}|{seconds}|{seconds + 1}) s {side} the vendor's", summary.lines()[0])


def test_a_clock_that_is_an_hour_ahead_leaves_unfinished_checks_open(sandbox, machine):
    machine.set_by = HOUR
    unfinished = registered(sandbox, "never_finishes", issued_ago=70 * 60)
    run()
    unfinished.refresh_from_db()
    assert unfinished.outcome == Outcome.PENDING
    assert unfinished.next_poll_at < timezone.now() + timedelta(minutes=50)


def test_a_clock_that_is_an_hour_behind_leaves_nothing_waiting_for_an_hour(sandbox, machine):
    machine.set_by = -HOUR
    attempt = registered(sandbox, "never_finishes", issued_ago=60)
    run()
    attempt.refresh_from_db()
    assert abs(attempt.unfinished_at - timezone.now()) < timedelta(minutes=1)


@pytest.mark.parametrize("hours", [1, -1])
def test_a_clock_that_is_set_while_a_watch_works_loses_nothing(hours, sandbox, machine, monkeypatch):
    first = old(sandbox, 70)
    found, stop, reports = [], threading.Event(), []

    def look(summary):
        first.refresh_from_db()
        if first.outcome == Outcome.PASSED and not found:
            machine.set_by = hours * HOUR
            found.extend(old(sandbox, minutes) for minutes in (5, 70, 115))
        if found and passed(found):
            stop.set()

    monkeypatch.setattr("liveness.worker.run.REPORT_SECONDS", 0.2)
    ending = threading.Timer(30, stop.set)
    ending.start()
    engine.watch(RunOptions(workers=2), stop=stop, report=reports.append, progress=look)
    ending.cancel()
    assert found
    assert passed(found)
    assert not StoredMedia.objects.filter(state=MediaState.LOST).exists()
    lines = [line for summary in reports for line in summary.lines()]
    assert len([line for line in lines if "the vendor's, whose time is used" in line]) == 1


def passed(found):
    ids = [attempt.id for attempt in found]
    return VerificationAttempt.objects.filter(id__in=ids, outcome=Outcome.PASSED, next_poll_at=None).count() == len(ids)


def test_without_an_answer_of_the_vendor_nothing_is_closed(sandbox, machine):
    over = [registered(sandbox, "never_finishes", issued_ago=9000, poll_count=1) for _ in range(3)]
    answered = registered(sandbox, issued_ago=9000)
    life_cycle.record(answered.id, make_result(), now=timezone.now(), actor=ACTOR)
    sandbox.inject("reset", times=None)
    run(force=True)
    assert VerificationAttempt.objects.filter(outcome=Outcome.PENDING).count() == len(over)
    assert not StoredMedia.objects.filter(state=MediaState.LOST).exists()
    sandbox.clear_faults()
    forget_other_runs_but_the_clock()
    run(force=True)
    assert VerificationAttempt.objects.filter(outcome=Outcome.EXPIRED).count() == len(over)
    assert StoredMedia.objects.filter(state=MediaState.LOST).count() == 2


def forget_other_runs_but_the_clock():
    clock = engine._memory.clock
    engine._memory = engine.Memory(clock=clock)


def test_an_answer_without_a_date_confirms_nothing(sandbox, machine, monkeypatch):
    monkeypatch.setattr(machine, "unix", lambda: time.time() + HOUR)
    monkeypatch.setattr(CheckedClock, "observe", lambda self, unix: None)
    over = old(sandbox, 70)
    engine.run(RunOptions(workers=1))
    over.refresh_from_db()
    assert over.outcome == Outcome.PENDING


def test_what_a_wrong_clock_closed_is_opened_again_and_fetched(sandbox, machine):
    early = [old(sandbox, minutes) for minutes in (20, 70)]
    answered = registered(sandbox, issued_ago=30 * 60)
    life_cycle.record(answered.id, make_result(), now=timezone.now(), actor=ACTOR)
    for attempt in (*early, answered):
        life_cycle.expire(attempt.id, "over", now=timezone.now(), actor=ACTOR, closed_by=ClosedBy.CLOCK)
    assert StoredMedia.objects.filter(state=MediaState.LOST).count() == 2
    assert not VerificationAttempt.objects.open().exists()
    summary = run()
    assert any("open again" in line for line in summary.lines())
    run()
    for attempt in early:
        assert_everything_is_stored_once_among_others(attempt)
    assert audit.verify().broken_at is None


def assert_everything_is_stored_once_among_others(attempt):
    attempt.refresh_from_db()
    assert (attempt.outcome, attempt.next_poll_at, attempt.closed_by) == (Outcome.PASSED, None, "")
    assert set(attempt.media.values_list("state", flat=True)) == {MediaState.STORED}


def test_what_the_vendor_itself_closed_stays_closed(sandbox, machine):
    attempt = old(sandbox, 20)
    life_cycle.expire(attempt.id, "the vendor says so", now=timezone.now(), actor=ACTOR)
    registered(sandbox)
    run()
    attempt.refresh_from_db()
    assert attempt.outcome == Outcome.EXPIRED


def test_a_clock_that_is_right_costs_no_extra_call(sandbox, machine):
    make_attempt(next_poll_at=timezone.now() + timedelta(minutes=5))
    assert run().counts.polled == 0
    assert len(list(sandbox.calls)) == 0


def test_the_signature_is_made_with_the_vendors_time_once_it_is_known(attempt, sandbox, machine):
    sandbox.inject("clock_skew", seconds=HOUR, times=None)
    summary = run()
    assert re.search("(3599|3600|3601) s behind the vendor's", summary.lines()[0])
    assert len(list(sandbox.calls)) == 2, "one that is refused, and one that is signed with the vendor's time"
    assert_everything_is_stored_once(attempt)


def test_a_clock_that_is_put_right_is_reported_no_more(attempt, sandbox, machine, monkeypatch):
    machine.set_by = HOUR
    assert run().lines()
    machine.set_by = 0.0
    forget_other_runs(monkeypatch)
    assert run(named=[attempt.id]).lines() == []
    assert policy.is_readable(attempt.expires_at, timezone.now())


@pytest.mark.parametrize("hours", [3, -3])
def test_a_date_that_contradicts_an_accepted_signature_moves_no_clock(hours, sandbox, machine, monkeypatch):
    """As of a cache or a proxy between us and the vendor."""
    monkeypatch.setattr(service, "Answered", lambda reply, now, code: Answered(reply, now + hours * HOUR, code))
    over = registered(sandbox, "never_finishes", issued_ago=9000, poll_count=1)
    found = [old(sandbox, minutes) for minutes in (5, 115)]
    summary = run()
    assert passed(found)
    assert not [call.code for call in sandbox.calls if "AuthFailure" in call.code]
    [line] = [line for line in summary.lines() if "Date" in line]
    assert re.search("(10799|10800|10801) s", line)
    over.refresh_from_db()
    assert over.closed_by != ClosedBy.CLOCK, "the vendor itself may say that it is over"
    assert ConditionKind.CLOCK_SKEW in [condition.kind for condition in conditions.active(timezone.now())]


def test_what_failed_under_a_clock_that_was_ahead_does_not_wait_for_its_hour(sandbox, machine, monkeypatch):
    found = [old(sandbox, minutes) for minutes in (5, 70, 100)]
    sandbox.inject("reset", times=None)
    machine.set_by = HOUR
    run()
    assert not VerificationAttempt.objects.due(timezone.now()).exists()
    machine.set_by = 0.0
    sandbox.clear_faults()
    forget_other_runs(monkeypatch)
    run()
    run()
    assert passed(found)


def test_damage_that_a_wrong_clock_called_late_is_mended(attempt, sandbox, machine):
    run()
    video = attempt.media.get(kind=MediaKind.VIDEO)
    content = place(video).read_bytes()
    flip(video)
    later = timezone.now() + timedelta(hours=3)
    rolling_check.check_some(None, actor=ACTOR, is_everything=True, clock=lambda: later)
    video.refresh_from_db()
    assert (video.state, bool(video.damaged_at)) == (MediaState.STORED, True)
    registered(sandbox)
    run()
    run()
    assert place(video).read_bytes() == content
    video.refresh_from_db()
    assert (video.state, video.damaged_at) == (MediaState.STORED, None)


def test_the_rolling_check_of_a_watch_judges_damage_by_the_vendors_time(attempt, sandbox, machine, monkeypatch):
    run()
    flip(attempt.media.get(kind=MediaKind.VIDEO))
    StoredMedia.objects.update(verified_at=timezone.now() - timedelta(minutes=70))
    registered(sandbox)
    machine.set_by = 3 * HOUR
    monkeypatch.setattr("liveness.worker.run.REPORT_SECONDS", 0.1)
    stop = threading.Event()

    def look(summary):
        if audit_events(audit.MEDIA_WANTED_AGAIN) and not StoredMedia.objects.exclude(state=MediaState.STORED).exists():
            stop.set()

    ending = threading.Timer(30, stop.set)
    ending.start()
    engine.watch(RunOptions(workers=1), stop=stop, report=lambda summary: None, progress=look)
    ending.cancel()
    assert len(audit_events(audit.MEDIA_WANTED_AGAIN)) == 1


def audit_events(action):
    return AuditEvent.objects.filter(action=action)
