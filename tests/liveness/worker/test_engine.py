"""The engine against the local FaceID, over real sockets, with real files and several threads."""

import hashlib
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from liveness import audit
from liveness.client.errors import ConfigurationError
from liveness.exceptions import AccountError
from liveness.models import CompletionStatistics, MediaState, Outcome, StoredMedia, VerificationAttempt
from liveness.polling import leases
from liveness.sandbox.subjects import SUBJECTS
from liveness.worker import engine
from liveness.worker.engine import RunOptions
from tests.builders import living_run, make_attempt

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.postgres]


@pytest.fixture
def issue(sandbox):
    """Issue a token whose person is done and register it, due now."""

    def issue(scenario="pass_amara", finishes_after=0, **fields):
        issued_ago = fields.pop("issued_ago", 60)
        token = sandbox.issue(scenario, finishes_after=finishes_after, issued_ago=issued_ago)
        issued_at = timezone.now() - timedelta(seconds=issued_ago)
        return make_attempt(sdk_token=token, issued_at=issued_at, **fields)

    return issue


def run(**plan):
    summary = engine.run(RunOptions(**plan))
    if summary.failure:
        raise summary.failure
    return summary


def test_it_fetches_a_result_and_keeps_its_files_for_good(issue):
    attempt = issue("pass_amara")
    summary = run()
    attempt.refresh_from_db()
    assert (attempt.outcome, attempt.result_code, attempt.next_poll_at) == (Outcome.PASSED, "0", None)
    assert (summary.counts.polled, summary.counts.passed, summary.counts.media_stored) == (1, 1, 2)
    for media in attempt.media.all():
        content = media.file.read()
        assert media.state == MediaState.STORED
        assert hashlib.md5(content).hexdigest() == media.md5 == media.declared_md5  # noqa: S324
        assert hashlib.sha256(content).hexdigest() == media.sha256
        assert oct(Path(media.file.path).stat().st_mode)[-3:] == "600"
    assert audit.verify().broken_at is None


def test_a_picture_is_measured_and_gets_a_thumbnail(issue):
    attempt = issue("pass_mei")
    run()
    frame = attempt.media.get(kind="best_frame")
    assert frame.content_type == "image/jpeg"
    assert frame.width
    assert frame.thumbnail.read().startswith(b"\xff\xd8\xff")


def test_every_simulated_person_ends_as_the_dictionary_says(issue):
    attempts = {name: issue(name) for name in SUBJECTS}
    run(workers=8)
    outcomes = {name: VerificationAttempt.objects.get(id=attempt.id).outcome for name, attempt in attempts.items()}
    for name, subject in SUBJECTS.items():
        expected = {"0": Outcome.PASSED, "-999": Outcome.PENDING, "9999": Outcome.UNKNOWN}
        assert outcomes[name] == expected.get(subject.result, Outcome.FAILED), name
    assert StoredMedia.objects.filter(state=MediaState.ABSENT).exists()
    assert not StoredMedia.objects.filter(state__in=[MediaState.WANTED, MediaState.LOST]).exists()


def test_an_unfinished_check_is_asked_again_later(issue):
    attempt = issue(finishes_after=30, issued_ago=0)
    summary = run()
    attempt.refresh_from_db()
    assert (summary.counts.polled, summary.counts.pending) == (1, 1)
    assert attempt.next_poll_at > timezone.now()
    assert attempt.lease_run == ""


def test_what_is_not_due_is_left_alone_unless_forced(issue, sandbox):
    issue(next_poll_at=timezone.now() + timedelta(minutes=5))
    assert run().counts.polled == 0
    assert run(force=True).counts.passed == 1


def test_force_never_asks_about_a_final_outcome(issue, sandbox):
    attempt = issue()
    run()
    assert run(force=True).counts.polled == 0
    assert run(named=[attempt.id]).counts.passed == 1


def test_a_limit_is_kept(issue):
    for _ in range(5):
        issue()
    assert run(limit=3).counts.polled == 3


def test_a_token_that_ran_out_expires(issue):
    attempt = issue("never_finishes", issued_ago=7201)
    assert run().counts.expired == 1
    attempt.refresh_from_db()
    assert attempt.outcome == Outcome.EXPIRED


def test_tokens_that_ran_out_long_ago_cost_one_call_together(issue, sandbox):
    issue("never_finishes", issued_ago=9000, poll_count=1)
    for _ in range(4):
        issue("never_finishes", issued_ago=9000, poll_count=1)
    assert run(workers=1).counts.expired == 5
    assert len(list(sandbox.calls)) == 1, "one answer confirms the clock for all of them"


def test_a_token_that_was_never_asked_about_gets_one_call_whatever_its_age(issue, sandbox):
    issue("pass_amara", issued_ago=9000)
    assert run().counts.expired == 1
    assert len(list(sandbox.calls)) == 1


def test_a_token_the_vendor_does_not_know_is_invalid(sandbox):
    attempt = make_attempt()
    assert run().counts.invalid == 1
    attempt.refresh_from_db()
    assert attempt.outcome == Outcome.INVALID


def test_two_runs_at_once_never_ask_about_one_attempt_twice(issue, sandbox):
    for _ in range(30):
        issue("pass_without_video")
    with ThreadPoolExecutor(3) as pool:
        summaries = [future.result() for future in [pool.submit(run, workers=3) for _ in range(3)]]
    assert [summary.lines() for summary in summaries] == [[], [], []]
    assert sum(summary.counts.polled for summary in summaries) == 30
    assert len(list(sandbox.calls)) == 30
    assert StoredMedia.objects.filter(state=MediaState.STORED).count() == 30


def test_an_attempt_that_another_run_holds_is_passed_over(issue, sandbox):
    attempt = issue()
    leases.take(VerificationAttempt.objects.all(), 1, run=living_run(), now=timezone.now())
    summary = run(named=[attempt.id])
    assert summary.counts.polled == 0
    assert "if that run was killed, another can take it in" in summary.lines()[0]


def test_it_stops_when_it_is_told_to(issue):
    for _ in range(3):
        issue()
    stop = threading.Event()
    stop.set()
    assert engine.run(RunOptions(workers=1), stop=stop).counts.polled == 0
    assert not VerificationAttempt.objects.exclude(lease_run="").exists()


def test_a_watch_goes_on_until_it_is_stopped(issue):
    issue()
    stop, reports = threading.Event(), []

    def report(summary):
        reports.append(summary.counts.passed)
        if len(reports) == 1:
            issue("pass_mei")
        else:
            stop.set()

    engine.watch(RunOptions(workers=1), stop=stop, report=report)
    assert sum(reports) == 2


def test_a_run_that_has_given_everything_back_does_not_search_the_table_for_more(issue):
    issue()
    with CaptureQueriesContext(connection) as seen:
        assert run().counts.passed == 1
    assert not [query["sql"] for query in seen if query["sql"].startswith("UPDATE") and "lease_run" in query["sql"]]


def test_missing_keys_end_the_run_and_lose_nothing(issue, settings):
    attempt = issue()
    settings.LIVENESS_SECRET_ID = ""
    with pytest.raises(ConfigurationError):
        run()
    attempt.refresh_from_db()
    assert (attempt.outcome, attempt.lease_run) == (Outcome.PENDING, "")


def test_a_wrong_key_ends_the_run_at_once_and_says_so(issue, settings, sandbox):
    for _ in range(6):
        issue()
    settings.LIVENESS_SECRET_KEY = "wrong-key-of-the-right-length-000"
    with pytest.raises(AccountError) as failure:
        run(workers=2)
    assert "wrong-key" not in str(failure.value)
    assert len(list(sandbox.calls)) <= 3
    assert VerificationAttempt.objects.filter(outcome=Outcome.PENDING, lease_run="").count() == 6


def test_a_process_that_was_idle_since_a_busy_hour_puts_no_poll_off(issue):
    attempt = issue("pass_amara", finishes_after=400, issued_ago=300)
    threshold = engine._memory.poller_state.threshold
    threshold.value, threshold.used_at = 3000.0, timezone.now() - timedelta(hours=1)
    run(seconds=0.1)
    attempt.refresh_from_db()
    assert attempt.unfinished_at
    assert attempt.next_poll_at < timezone.now() + timedelta(minutes=1)


def test_a_run_learns_how_long_checks_take(issue):
    issue()
    run()
    assert CompletionStatistics.objects.count() == 1
