"""Which of the due attempts are leased, and what becomes of the others."""

from collections import Counter
from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from liveness.models import MediaKind, Outcome, VerificationAttempt
from liveness.polling import candidates, selection
from liveness.polling.policy import MIN_POLL_GAP, PriorityThreshold
from tests.builders import living_run, make_attempt

pytestmark = [pytest.mark.django_db, pytest.mark.postgres]

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)


def issued(seconds_ago, **fields):
    issued_at = NOW - timedelta(seconds=seconds_ago)
    fields = {"next_poll_at": NOW, "expires_at": issued_at + timedelta(hours=2), **fields}
    return make_attempt(issued_at=issued_at, **fields)


def lease(count=2, run="run", threshold=1.0, **options):
    living_run(run)
    leased = selection.lease(count, PriorityThreshold(threshold), run=run, until=NOW, now=NOW, **options)
    return [attempt.pk for attempt in leased]


def test_it_takes_what_a_poll_is_worth_most_for():
    young, likely, seen = issued(70), issued(300), issued(310, unfinished_at=NOW - timedelta(seconds=10))
    assert lease(1) == [likely.pk]
    assert {young.pk, seen.pk} == set(VerificationAttempt.objects.filter(lease_run="").values_list("pk", flat=True))


def test_what_the_app_reported_goes_first():
    likely, reported = issued(300), issued(50, reported_at=NOW)
    assert lease() == [reported.pk, likely.pk]


def test_what_is_about_to_expire_goes_before_what_can_wait():
    likely, closing = issued(300), issued(7200 - 300)
    assert lease() == [closing.pk, likely.pk]


def test_a_crowd_of_reports_leaves_room_for_what_is_about_to_expire():
    for _ in range(12):
        issued(100, reported_at=NOW)
    closing = issued(7200 - 60)
    assert closing.pk in lease(4)


def test_reports_that_the_vendor_denied_do_not_hide_a_fresh_one():
    for _ in range(40):
        denied = {"reported_at": NOW - timedelta(minutes=9), "unfinished_at": NOW - timedelta(minutes=6)}
        issued(600, next_poll_at=NOW - timedelta(minutes=1), **denied)
    fresh = issued(60, reported_at=NOW)
    assert lease(8, threshold=100.0)[0] == fresh.pk


def test_a_report_that_did_not_fit_stays_due():
    reported = [issued(700, reported_at=NOW - timedelta(minutes=1)).pk for _ in range(6)]
    taken = lease(2, threshold=60.0)
    left = VerificationAttempt.objects.filter(lease_run="")
    assert set(taken) < set(reported)
    assert set(left.values_list("next_poll_at", flat=True)) == {NOW}


def test_files_that_are_wanted_go_before_checks_that_may_be_unfinished():
    likely = issued(300)
    answered = issued(400, outcome=Outcome.PASSED, result_code="0", finished_at=NOW)
    answered.media.create(kind=MediaKind.VIDEO, declared_size=1, declared_md5="0" * 32)
    assert lease() == [answered.pk, likely.pk]


def test_nothing_is_leased_twice():
    only = issued(300)
    assert lease(run="one") == [only.pk]
    assert lease(run="another") == []


def test_a_run_that_ends_leases_nothing_that_is_not_due():
    issued(300, next_poll_at=NOW + timedelta(seconds=1))
    assert lease(is_continuous=False) == []


def test_what_is_not_worth_the_price_is_put_off_until_it_is():
    best, cheap = issued(300), issued(120, unfinished_at=NOW - timedelta(seconds=5))
    assert lease(1, threshold=30.0) == [best.pk]
    cheap.refresh_from_db()
    assert cheap.next_poll_at > NOW + MIN_POLL_GAP


def test_a_run_that_ends_takes_all_that_is_due():
    young, old = issued(46), issued(300)
    assert lease(5, is_continuous=False) == [old.pk, young.pk]


def test_what_a_run_stumbled_over_is_passed_over():
    stuck, other = issued(400), issued(300)
    assert lease(passing_over={stuck.pk}) == [other.pk]


def test_no_slot_is_left_unused_as_long_as_a_poll_is_worth_it():
    put_off = issued(300, next_poll_at=NOW + timedelta(minutes=10))
    assert lease() == [put_off.pk]


@pytest.mark.parametrize(
    "fields",
    [{"failure_count": 1}, {"unfinished_at": NOW - timedelta(seconds=2)}],
    ids=["failed", "seen a moment ago"],
)
def test_what_has_to_wait_is_not_asked_about_sooner(fields):
    issued(300, next_poll_at=NOW + timedelta(minutes=1), **fields)
    assert lease() == []


def test_what_was_abandoned_waits_for_its_last_look():
    issued(1000, unfinished_at=NOW - timedelta(seconds=300), next_poll_at=NOW + timedelta(minutes=90))
    assert lease() == []


def test_what_ran_out_long_ago_does_not_stand_before_what_can_be_had():
    for _ in range(12):
        issued(3 * 3600)
    closing = [issued(7200 - 60) for _ in range(4)]
    assert {attempt.pk for attempt in closing} < set(lease(8))


def test_what_is_closed_without_a_call_takes_no_call_s_place():
    over = [issued(3 * 3600, poll_count=2).pk for _ in range(12)]
    likely = [issued(300).pk for _ in range(8)]
    leased = lease(8)
    assert set(likely) < set(leased)
    assert leased[8:] == over[:8]


def test_a_run_that_ends_takes_no_more_than_it_was_asked_for():
    for _ in range(12):
        issued(3 * 3600, poll_count=2)
    assert len(lease(8, is_continuous=False)) == 8


def without_files(seconds_ago, **fields):
    answered = {"outcome": Outcome.PASSED, "result_code": "0", "finished_at": NOW, "failure_count": 3}
    return issued(seconds_ago, **(answered | fields)).pk


def test_files_are_fetched_again_before_polls_that_may_bring_nothing_as_far_as_downloads_succeed():
    wanted = {without_files(4000) for _ in range(12)}
    likely = {issued(300).pk for _ in range(12)}
    for downloads, files in ((1.0, 6), (0.5, 3), (0.0, 1)):
        leased = lease(8, run=f"run {downloads}", downloads=downloads)
        assert (len(wanted & set(leased)), len(likely & set(leased))) == (files, 8 - files)
        VerificationAttempt.objects.update(lease_run="")


def crowded():
    """Much of everything that can be due."""
    kinds = {
        "files": [without_files(4000) for _ in range(24)],
        "unknown": [issued(400, outcome=Outcome.INVALID, finished_at=NOW, result_code="").pk for _ in range(24)],
        "late": [issued(3 * 3600).pk for _ in range(24)],
        "over": [issued(3 * 3600, poll_count=2).pk for _ in range(24)],
        "reported": [issued(100, reported_at=NOW).pk for _ in range(24)],
        "closing": [issued(7200 - 60).pk for _ in range(24)],
    }
    return {pk: kind for kind, pks in kinds.items() for pk in pks}


@pytest.mark.parametrize("is_continuous", [True, False])
@pytest.mark.parametrize("downloads", [1.0, 0.0])
@pytest.mark.parametrize("count", range(1, 9))
def test_results_keep_their_places_in_every_crowd(count, downloads, is_continuous):
    kinds = crowded()
    leased = [kinds[pk] for pk in lease(count, is_continuous=is_continuous, downloads=downloads)]
    if is_continuous:
        assert leased[count:] == ["over"] * count
        leased = leased[:count]
    results = leased.count("reported") + leased.count("closing")
    assert len(leased) == count
    assert results >= max(1, count // selection.URGENT_SHARE)
    assert results == count or leased.count("files")
    if count == 8:
        assert set(leased) >= {"reported", "closing"}
        assert set(leased) & {"unknown", "late"}


@pytest.mark.parametrize("is_continuous", [True, False])
@pytest.mark.parametrize("wish", range(9))
def test_a_call_that_no_result_wants_is_given_away_once(wish, is_continuous):
    likely = {issued(300).pk for _ in range(wish)}
    for _ in range(12):
        without_files(4000)
        issued(400, outcome=Outcome.INVALID, finished_at=NOW, result_code="")
        issued(3 * 3600, poll_count=2)
    leased = lease(8, is_continuous=is_continuous, downloads=0.0)[:8]
    # One of eight is for files all the same, and another for what can wait.
    assert len(likely & set(leased)) == min(wish, 6)


def test_nothing_is_leased_twice_though_it_is_found_twice():
    both = issued(3 * 3600, outcome=Outcome.INVALID, finished_at=NOW, result_code="", poll_count=1)
    assert lease(8) == [both.pk]


def test_the_files_of_a_token_that_runs_out_soon_come_first():
    for outcome in (Outcome.FAILED, Outcome.UNKNOWN, Outcome.PASSED):
        for _ in range(8):
            without_files(3000, outcome=outcome, next_poll_at=NOW - timedelta(minutes=30))
    closing = {without_files(7200 - 300, outcome=outcome) for outcome in (Outcome.FAILED, Outcome.PASSED)}
    assert closing == set(lease(8)[:2])


def test_files_get_what_no_result_needs_before_polls_that_are_not_due():
    issued(300, next_poll_at=NOW + timedelta(minutes=10))
    wanted = [without_files(4000) for _ in range(4)]
    assert sorted(lease(4, downloads=0.0)) == wanted


def test_files_of_every_outcome_are_found():
    wanted = {without_files(4000, outcome=outcome) for outcome in (Outcome.PASSED, Outcome.FAILED, Outcome.UNKNOWN)}
    assert set(lease(8)) == wanted


def test_tokens_that_the_vendor_does_not_know_get_a_share_and_no_more():
    for _ in range(12):
        issued(400, outcome=Outcome.INVALID, finished_at=NOW, result_code="")
    likely = [issued(300).pk for _ in range(12)]
    assert len(set(lease(8)) & set(likely)) == 7


def test_a_single_call_goes_to_a_result_and_not_to_what_can_wait():
    issued(400, outcome=Outcome.INVALID, finished_at=NOW, result_code="")
    likely = issued(300)
    assert lease(1) == [likely.pk]


def test_what_can_wait_gets_a_single_call_that_nobody_else_needs():
    unknown = issued(400, outcome=Outcome.INVALID, finished_at=NOW, result_code="")
    assert lease(1) == [unknown.pk]


@pytest.mark.parametrize("few", [0, 1000])
def test_the_choice_is_the_same_whether_few_or_many_are_due(few, monkeypatch):
    monkeypatch.setattr(candidates, "SMALL_BACKLOG", few)
    kinds = crowded()
    assert Counter(kinds[pk] for pk in lease(8)) == {
        "reported": 3,
        "closing": 1,
        "files": 3,
        "late": 1,
        "over": 8,
    }


def test_where_nothing_is_due_one_look_is_enough():
    issued(300, next_poll_at=NOW + timedelta(minutes=1), unfinished_at=NOW - timedelta(seconds=2))
    with CaptureQueriesContext(connection) as queries:
        lease()
    attempts = [
        query for query in queries if query["sql"].startswith("SELECT") and "verificationattempt" in query["sql"]
    ]
    assert len(attempts) == 2, "at what is due, and at what is worth a poll ahead of its time"


def test_what_can_wait_is_found_without_a_walk_through_all_that_is_due(monkeypatch):
    if connection.vendor != "sqlite":
        pytest.skip("PostgreSQL's planner goes by the size of the tables; bench/claims.py has large ones")
    monkeypatch.setattr(candidates, "SMALL_BACKLOG", 0)
    issued(300)
    with CaptureQueriesContext(connection) as queries:
        lease()
    asked = [query["sql"] for query in queries if query["sql"].startswith("SELECT")]
    assert any("liveness_attempt_unsettled" in plan(sql) for sql in asked)


def plan(sql):
    with connection.cursor() as cursor:
        cursor.execute(f"EXPLAIN QUERY PLAN {sql}")
        return str(cursor.fetchall())
