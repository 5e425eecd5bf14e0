"""What a run reports of its failures: each once, in few lines, and without details."""

import threading
from datetime import timedelta

import pytest
from django.db import InternalError, OperationalError, ProgrammingError
from django.utils import timezone

from liveness.attempts import life_cycle
from liveness.models import VerificationAttempt
from liveness.worker import engine
from liveness.worker.engine import RunOptions
from tests.liveness.worker.steps import registered, run

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.postgres]


def test_many_like_failures_are_one_line(sandbox):
    for _ in range(6):
        registered(sandbox)
    sandbox.inject("error", code="InternalError", times=None)
    assert len(run().lines()) == 1


def test_an_attempt_is_counted_once_whatever_happens_in_its_second_round(attempt, sandbox):
    sandbox.inject("forbidden", scope="media", times=None)
    sandbox.inject("token_expired", skip=1)
    counts = run().counts
    assert (counts.polled, counts.passed, counts.media_lost) == (1, 1, 2)


def test_a_result_that_was_missed_is_told(sandbox):
    attempt = registered(sandbox, issued_ago=7300)
    assert str(attempt.public_id) in run().lines()[0]


def test_an_abandoned_check_is_not_told(sandbox):
    attempt = registered(sandbox, "never_finishes", issued_ago=7300)
    VerificationAttempt.objects.update(last_polled_at=attempt.expires_at - timedelta(minutes=5), poll_count=9)
    assert run().lines() == []


def test_a_database_that_is_away_ends_a_watch_no_more_than_a_run(attempt, sandbox, monkeypatch):
    stop, reports, real = threading.Event(), [], engine.Run.run
    answers = iter([OperationalError("server closed the connection")])

    def away_at_first(*args, **kwargs):
        for failure in answers:
            raise failure
        return real(*args, **kwargs)

    def report(summary):
        reports.append(summary)
        if summary.counts.passed:
            stop.set()

    monkeypatch.setattr(engine.Run, "run", away_at_first)
    monkeypatch.setattr(engine, "OUTAGE_PAUSE_SECONDS", 0.05)
    engine.watch(RunOptions(workers=1), stop=stop, report=report)
    assert "database" in reports[0].lines()[0]
    assert reports[-1].counts.passed == 1


def test_what_nobody_foresaw_is_put_off_and_told_without_details(attempt, sandbox, monkeypatch, caplog):
    def fail(*args, **kwargs):
        raise RuntimeError("canary")

    monkeypatch.setattr(life_cycle, "record", fail)
    lines = run().lines()
    attempt.refresh_from_db()
    assert attempt.next_poll_at > timezone.now()
    assert "RuntimeError" in lines[0]
    assert "canary" not in lines[0] + caplog.text


class ReadOnly(Exception):
    sqlstate = "25006"


class NoRight(Exception):
    sqlstate = "42501"


@pytest.mark.parametrize(("kind", "cause"), [(InternalError, ReadOnly()), (ProgrammingError, NoRight())])
def test_a_database_that_takes_no_answer_any_more_costs_no_further_call(sandbox, monkeypatch, kind, cause):
    """PostgreSQL's driver does not call these operational."""

    def refuse(*args, **kwargs):
        raise kind("canary") from cause

    for _ in range(4):
        registered(sandbox)
    monkeypatch.setattr(life_cycle, "record", refuse)
    with pytest.raises(kind):
        engine.run(RunOptions(workers=1))
    assert len(sandbox.calls) == 1
    assert not VerificationAttempt.objects.exclude(last_error="").exists()
