"""What a run finds out about its surroundings reaches `/readyz`, the alert and the commands, and passes again."""

import time
from datetime import timedelta

import pytest
from django.utils import timezone

from liveness import conditions
from liveness.clock import CheckedClock
from liveness.conditions import ConditionKind
from liveness.models import MediaState, Outcome, StoredMedia
from liveness.monitoring import alert_rules
from liveness.worker import circuit_breaker, engine
from liveness.worker.engine import RunOptions
from tests.conftest import forget_other_runs
from tests.liveness.media.disks import mount, unmount
from tests.liveness.worker.steps import registered, run

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.postgres]


class WrongMachine:
    """A machine whose clock is some hours ahead, or behind."""

    def __init__(self, hours):
        self.ahead_by = hours * 3600

    def unix(self):
        return time.time() + self.ahead_by

    def monotonic(self):
        return time.monotonic()


@pytest.fixture(autouse=True)
def _patience(sandbox, settings):
    """A busy machine may answer late, and here no answer may be missing."""
    settings.LIVENESS_CALL_TIMEOUTS = settings.LIVENESS_MEDIA_TIMEOUTS = (10.0, 10.0)
    settings.LIVENESS_CALL_DEADLINE = 20.0


def standing():
    return [condition.kind for condition in conditions.active(timezone.now())]


@pytest.mark.parametrize("hours", [1, 72, -72])
def test_a_clock_that_is_wrong_stands_until_an_answer_agrees_with_it(hours, sandbox, monkeypatch):
    engine._memory.clock = CheckedClock(WrongMachine(hours))
    registered(sandbox)
    run()
    assert standing() == [ConditionKind.CLOCK_SKEW]
    by_the_wrong_clock = conditions.active(timezone.now() + timedelta(hours=hours))
    assert [condition.kind for condition in by_the_wrong_clock] == [ConditionKind.CLOCK_SKEW]
    assert "stopped" in [danger.kind for danger in alert_rules.active(timezone.now())]
    forget_other_runs(monkeypatch)
    registered(sandbox)
    run()
    assert standing() == []


def test_an_account_that_is_refused_stands_until_the_vendor_answers(sandbox, monkeypatch):
    attempts = [registered(sandbox) for _ in range(circuit_breaker.AGREEING_ATTEMPTS)]
    sandbox.inject("error", code="UnauthorizedOperation.Arrears", times=None)
    assert engine.run(RunOptions(workers=1)).failure
    assert standing() == [ConditionKind.ACCOUNT_REFUSED]
    [condition] = conditions.active(timezone.now())
    assert "pay the vendor's bill" in condition.text
    assert "Arrears" not in condition.public
    sandbox.clear_faults()
    forget_other_runs(monkeypatch)
    assert run().counts.passed == len(attempts)
    assert standing() == []


def test_one_refused_attempt_among_others_is_no_condition(sandbox):
    for _ in range(3):
        registered(sandbox)
    sandbox.inject("error", code="UnsupportedRegion")
    run()
    assert standing() == []


def test_while_the_volume_is_not_mounted_results_are_polled_and_files_wait(attempt, sandbox):
    first = registered(sandbox)
    run(named=[first.id])
    volume = unmount()
    summary = run(force=True)
    attempt.refresh_from_db()
    assert attempt.outcome == Outcome.PASSED
    assert set(attempt.media.values_list("state", flat=True)) == {MediaState.WANTED}
    assert any("is its volume mounted?" in line for line in summary.lines())
    assert standing() == [ConditionKind.MEDIA_MARKER]
    mount(volume)
    run(force=True)
    assert not StoredMedia.objects.exclude(state=MediaState.STORED).exists()
    assert standing() == []
