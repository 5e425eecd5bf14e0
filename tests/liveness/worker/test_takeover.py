"""An operator frees at once what a killed run holds, and takes nothing from a run that lives."""

import threading
from datetime import timedelta

import pytest
from django.db.models.functions import Now

from liveness.models import VerificationAttempt, WorkerRun
from liveness.worker import takeover
from tests.builders import living_run, make_attempt, silent_run

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.postgres]


def held_by(run):
    return make_attempt(lease_run=run)


def test_what_a_silent_run_holds_is_freed_at_once_and_named():
    attempt = held_by(silent_run("killed"))
    freed = takeover.take_over(threading.Event())
    assert [(one.host, one.attempts) for one in freed] == [("host", [str(attempt.public_id)])]
    assert freed[0].silence >= timedelta(seconds=30)
    assert not VerificationAttempt.objects.exclude(lease_run="").exists()
    assert takeover.take_over(threading.Event()) == []


def test_a_run_that_was_just_killed_is_watched_for_two_signs_of_life(monkeypatch):
    monkeypatch.setattr(takeover, "WATCH_SECONDS", 0.4)
    attempt = held_by(living_run("killed"))
    assert [one.attempts for one in takeover.take_over(threading.Event())] == [[str(attempt.public_id)]]


def test_a_run_that_gives_a_sign_of_life_keeps_what_it_holds(monkeypatch):
    monkeypatch.setattr(takeover, "WATCH_SECONDS", 5.0)
    attempt = held_by(living_run("alive"))

    class Waiting(threading.Event):
        def wait(self, timeout=None):
            WorkerRun.objects.filter(id="alive").update(alive_at=Now() + timedelta(milliseconds=5))
            return False

    assert takeover.take_over(Waiting()) == []
    attempt.refresh_from_db()
    assert attempt.lease_run == "alive"


def test_where_no_run_is_there_nothing_is_waited_for():
    make_attempt()
    assert takeover.take_over(threading.Event()) == []
