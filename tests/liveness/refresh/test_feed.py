"""What a slice still begins after its time, and what a process remembers from one run to the next."""

import threading
import time
from datetime import timedelta

import pytest
from django.utils import timezone

from liveness.models import VerificationAttempt
from liveness.refresh import engine, feed
from liveness.refresh.feed import Feed, Plan
from liveness.refresh.policy import Market
from tests.builders import make_attempt
from tests.liveness.refresh.steps import registered

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.postgres]

SLICE = 0.3


@pytest.fixture
def stop():
    return threading.Event()


@pytest.fixture
def slice_(stop):
    """A slice with one visit under way and its time over, while more is due."""
    for _ in range(feed.LEAST + 1):
        make_attempt(issued_at=timezone.now() - timedelta(seconds=400))
    work = Feed(Plan(workers=1, seconds=SLICE), "run", Market(), is_endless=False)
    visits = [work.next(stop) for _ in range(feed.LEAST)]
    for visit in visits[1:]:
        work.done(visit)
    time.sleep(SLICE)
    return work, visits[0]


def test_a_slice_begins_nothing_after_its_time(slice_, stop):
    work, visit = slice_
    work.done(visit)
    assert work.next(stop) is None
    assert VerificationAttempt.objects.filter(lease_run="").count() == 1


def test_it_goes_on_beside_a_download_from_its_time_and_not_beside_a_call(slice_, stop):
    work, visit = slice_
    assert not work._lease_more()
    visit.is_fetching = True
    extra = work.next(stop)
    assert extra.is_extra


def test_a_download_that_began_after_its_time_does_not_lengthen_it(slice_, stop):
    work, visit = slice_
    visit.is_fetching = True
    extra = work.next(stop)
    extra.is_fetching = True
    make_attempt(issued_at=timezone.now() - timedelta(seconds=400))
    work.done(visit)
    assert not work._lease_more()


def test_it_goes_on_for_a_minute_at_most_and_then_lets_what_it_began_finish(slice_, monkeypatch):
    work, visit = slice_
    visit.is_fetching = True
    monkeypatch.setattr(feed, "EXTENSION", 0.0)
    assert not work._lease_more()
    assert not work.is_late
    monkeypatch.setattr(feed, "LATE", 0.0)
    assert work.is_late


def test_beside_a_media_host_that_is_away_a_slice_waits_for_no_further_download(slice_, monkeypatch):
    work, _ = slice_
    monkeypatch.setattr(feed, "EXTENSION", 0.0)
    assert not work.is_late
    work._market.downloads.value = 0.3
    assert work.is_late


def test_files_that_would_begin_too_late_are_left_to_the_next_slice(sandbox, monkeypatch):
    monkeypatch.setattr(feed, "LATE", -2.0)
    attempt = registered(sandbox, issued_ago=400)
    engine.run(Plan(workers=1, seconds=2.0))
    attempt.refresh_from_db()
    assert (attempt.outcome, attempt.failure_count, attempt.lease_run) == ("passed", 1, "")
    assert len(list(sandbox.downloads)) == 0


def test_what_downloads_are_worth_outlives_a_run(sandbox):
    sandbox.inject("html", status=503, scope="media", times=None)
    for _ in range(8):
        registered(sandbox, issued_ago=400)
    engine.run(Plan(workers=1))
    market = engine._memory.market
    assert not market.downloads.is_good
    sandbox.clear_faults()
    engine.run(Plan(workers=1, force=True))
    assert engine._memory.market is market
    assert market.downloads.is_good


def test_an_answer_without_files_says_nothing_about_downloads(sandbox):
    market = engine._memory.market
    market.downloads.value = 0.3
    attempt = registered(sandbox, "engine_failure", issued_ago=400)
    engine.run(Plan(workers=1))
    attempt.refresh_from_db()
    assert attempt.next_poll_at is None
    assert market.downloads.value == 0.3
