"""Registering a file: in batches, each token once, no row lost with another."""

import threading
from datetime import timedelta

import pytest
from django.db import OperationalError, connection, transaction
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from liveness import audit
from liveness.attempts import new_attempts
from liveness.attempts.bulk_import import writing
from liveness.attempts.bulk_import.writing import BatchSize
from liveness.models import AuditEvent, VerificationAttempt
from liveness.review.models import Review
from liveness.signals import attempt_changed
from tests.liveness.attempts.bulk_import.saving import csv, imported, many, token

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.postgres]
T = token(1)


def actions() -> list[str]:
    return list(AuditEvent.objects.order_by("sequence").values_list("action", flat=True))


def assert_each_is_registered_once(count: int) -> None:
    assert VerificationAttempt.objects.count() == Review.objects.count() == count
    assert actions().count(audit.ATTEMPT_REGISTERED) == count
    assert audit.verify().broken_at is None


def test_every_row_gets_an_attempt_an_event_and_a_review():
    result = imported(many(120))
    assert (result.registered, result.duplicates, result.rejected) == (120, 0, [])
    assert_each_is_registered_once(120)


def test_a_row_costs_no_statement_of_its_own(monkeypatch):
    monkeypatch.setattr(writing, "FEWEST_ROWS", writing.FIRST_ROWS)
    imported(many(1))
    with CaptureQueriesContext(connection) as few:
        imported(many(5))
    with CaptureQueriesContext(connection) as more:
        imported(many(50))
    # On SQLite a statement holds so many values, and Django makes several of one.
    assert len(more) <= len(few) + 3 < 20


def test_a_review_made_in_a_batch_is_in_step_with_its_attempt():
    from liveness.review.sync import sync

    imported(many(3))
    assert [sync.catch_up(key, now=timezone.now()) for key in Review.objects.values_list("pk", flat=True)] == [
        False
    ] * 3


def test_receivers_hear_of_every_new_attempt():
    heard = []

    def receiver(sender, attempt, **kwargs):
        heard.append((attempt.pk, transaction.get_connection().in_atomic_block))

    attempt_changed.connect(receiver)
    try:
        imported(many(3))
    finally:
        attempt_changed.disconnect(receiver)
    assert sorted(heard) == [
        (key, True) for key in VerificationAttempt.objects.order_by("id").values_list("id", flat=True)
    ]


def test_registering_a_file_again_changes_nothing():
    content = many(60)
    imported(content)
    again = imported(content)
    assert (again.registered, again.duplicates) == (0, 60)
    assert_each_is_registered_once(60)


def test_a_token_twice_in_a_file_is_registered_once():
    result = imported(csv(f"{T},C-1,,", f"{T},C-1,,", f"{T},C-2,,"))
    assert (result.registered, result.duplicates) == (1, 1)
    assert result.rejected == [(4, "this token is registered for another subject; correct the subject reference")]
    assert_each_is_registered_once(1)


def test_a_further_row_can_report_and_correct_what_the_first_registered():
    imported(csv(f"{T},C-1,,,", header="sdk_token,subject_reference,issued_at,region,finished"))
    imported(csv(f"{T},C-1,,ap-jakarta,yes", header="sdk_token,subject_reference,issued_at,region,finished"))
    attempt = VerificationAttempt.objects.get()
    assert attempt.region == "ap-jakarta" and attempt.reported_at
    assert actions() == [audit.ATTEMPT_REGISTERED, audit.ATTEMPT_CORRECTED, audit.ATTEMPT_REPORTED]


def test_a_new_row_can_report_that_its_check_is_done():
    imported(csv(f"{T},C-1,true", header="sdk_token,subject_reference,finished"))
    attempt = VerificationAttempt.objects.get()
    assert attempt.reported_at and attempt.next_poll_at <= timezone.now()
    assert actions() == [audit.ATTEMPT_REGISTERED, audit.ATTEMPT_REPORTED]


def test_a_token_whose_window_has_closed_is_refused_with_the_time():
    closed = (timezone.now() - timedelta(hours=3)).replace(microsecond=0)
    result = imported(csv(f"{T},C-1,{closed.isoformat()},"))
    ended = closed + timedelta(hours=2)
    assert f"window closed on {ended:%Y-%m-%d at %H:%M:%S} UTC" in result.rejected[0][1]
    assert not VerificationAttempt.objects.exists()


def test_a_known_token_is_no_error_after_its_window():
    issued = timezone.now() - timedelta(minutes=30)
    content = csv(f"{T},C-1,{issued.isoformat()},")
    imported(content)
    VerificationAttempt.objects.update(
        issued_at=issued - timedelta(hours=3), expires_at=timezone.now() - timedelta(hours=1)
    )
    assert imported(content.replace(issued.isoformat(), (issued - timedelta(hours=3)).isoformat())).duplicates == 1


REFUSING = {
    "postgresql": (
        "ALTER TABLE liveness_verificationattempt ADD CONSTRAINT refuses CHECK (subject_reference <> 'refused')",
        "ALTER TABLE liveness_verificationattempt DROP CONSTRAINT refuses",
    ),
    "sqlite": (
        "CREATE TRIGGER refuses BEFORE INSERT ON liveness_verificationattempt WHEN NEW.subject_reference = 'refused' "
        "BEGIN SELECT RAISE(ABORT, 'refused'); END",
        "DROP TRIGGER refuses",
    ),
}


@pytest.fixture
def refusing():
    """The database refuses one subject, by a rule that somebody added."""
    begin, end = REFUSING[connection.vendor]
    connection.cursor().execute(begin)
    yield
    connection.cursor().execute(end)


def test_a_row_that_the_database_refuses_is_named_and_takes_no_other_with_it(refusing):
    rows = [f"{token(number)},subject-{number},," for number in range(40)]
    rows[7] = f"{token(7)},refused,,"
    result = imported(csv(*rows))
    assert [number for number, _ in result.rejected] == [9]
    assert "the database refused this token" in result.rejected[0][1]
    assert token(7) not in result.rejected[0][1]
    assert result.registered == 39
    assert_each_is_registered_once(39)


@pytest.mark.parametrize("is_committed", [True, False], ids=["its commit went through", "nothing was committed"])
def test_a_batch_whose_connection_breaks_is_tried_again_and_counted_once(is_committed, monkeypatch):
    insert, failures = new_attempts._insert, iter([OperationalError("the connection is lost")])

    def broken(*args):
        for failure in failures:
            if is_committed:
                insert(*args)
            raise failure
        return insert(*args)

    monkeypatch.setattr(new_attempts, "_insert", broken)
    assert imported(many(30)).registered == 30
    assert_each_is_registered_once(30)


def test_a_batch_that_is_rolled_back_half_way_takes_no_keys_along(monkeypatch):
    record_many, failures = audit.record_many, iter([OperationalError("could not serialize access")])

    def disturbed(*args, **kwargs):
        for failure in failures:
            raise failure
        return record_many(*args, **kwargs)

    monkeypatch.setattr(audit, "record_many", disturbed)
    with CaptureQueriesContext(connection) as queries:
        assert imported(many(30)).registered == 30
    inserts = [
        one["sql"] for one in queries if one["sql"].startswith("INSERT") and "liveness_verification" in one["sql"]
    ]
    assert inserts and not any('("id",' in statement for statement in inserts)
    assert_each_is_registered_once(30)


def test_four_threads_that_import_one_file_register_each_token_once():
    content, results = many(100), []

    def work():
        try:
            results.append(imported(content))
        finally:
            connection.close()

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [result.total for result in results] == [100] * 4
    assert sum(result.registered for result in results) == 100
    assert not any(result.rejected for result in results)
    assert_each_is_registered_once(100)


def test_batches_become_small_where_they_take_long_and_large_where_they_do_not():
    size = BatchSize()
    for _ in range(20):
        size.follow(1.0)
    assert size.value == writing.FEWEST_ROWS
    for _ in range(20):
        size.follow(0.01)
    assert size.value == writing.MOST_ROWS
