"""`liveness_review_sync`: what was there before the app gets its review."""

import io
import json

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError
from django.db import IntegrityError, OperationalError, connection

from liveness.management import console
from liveness.models import AuditHead, MediaKind, Outcome
from liveness.review.models import Review, ReviewState
from liveness.review.sync import evidence_snapshot, missing, sync
from tests.builders import make_attempt, make_media
from tests.liveness.review.working import fresh, make_review

pytestmark = [pytest.mark.django_db, pytest.mark.postgres]


def run(*options) -> str:
    out = io.StringIO()
    call_command("liveness_review_sync", *options, stdout=out)
    return out.getvalue()


def numbers(*options) -> dict:
    return json.loads(run("--json", *options))


@pytest.fixture
def old():
    """Attempts of before the app, one of each kind."""
    outcomes = (Outcome.PENDING, Outcome.PASSED, Outcome.FAILED, Outcome.UNKNOWN, Outcome.EXPIRED, Outcome.INVALID)
    return [make_attempt(outcome=outcome, subject_reference=outcome) for outcome in outcomes]


def test_every_attempt_gets_its_review(old):
    assert numbers() == {"checked": 6, "changed": 6, "failed": []}
    states = {review.outcome: review.state for review in Review.objects.all()}
    assert states == {
        Outcome.PENDING: ReviewState.WAITING,
        Outcome.PASSED: ReviewState.OPEN,
        Outcome.FAILED: ReviewState.OPEN,
        Outcome.UNKNOWN: ReviewState.OPEN,
        Outcome.EXPIRED: ReviewState.LOST,
        Outcome.INVALID: ReviewState.LOST,
    }


def test_a_second_run_finds_nothing_to_do(old):
    run()
    assert numbers() == {"checked": 0, "changed": 0, "failed": []}
    assert numbers("--all") == {"checked": 6, "changed": 0, "failed": []}


def test_only_those_without_a_review_are_looked_at(old):
    there = make_review()
    make_media(there.attempt, MediaKind.VIDEO, b"came without a word")
    assert numbers()["checked"] == 6
    assert fresh(there).version == there.version


def test_all_are_looked_at_when_asked_for(old):
    there = make_review()
    make_media(there.attempt, MediaKind.VIDEO, b"came without a word")
    assert numbers("--all") == {"checked": 7, "changed": 7, "failed": []}
    after = fresh(there)
    assert (
        after.evidence_digest
        == evidence_snapshot.digest(evidence_snapshot.snapshot(there.attempt))
        != there.evidence_digest
    )


@pytest.mark.parametrize("batch", [1, 2, 3, 6, 7])
def test_no_attempt_is_left_out_between_two_batches(old, monkeypatch, batch):
    monkeypatch.setattr(missing, "BATCH", batch)
    make_review()
    assert numbers()["changed"] == 6
    assert Review.objects.count() == 7
    assert numbers("--all") == {"checked": 7, "changed": 0, "failed": []}


def test_a_limit_ends_the_run_and_the_next_goes_on(old):
    assert [numbers("--limit", "4")["changed"], numbers()["changed"]] == [4, 2]


@pytest.mark.parametrize("error", [OperationalError, KeyboardInterrupt])
def test_what_was_done_before_the_run_ended_stays_done(old, monkeypatch, error):
    fail_at(monkeypatch, old[3], error("gone"))
    with pytest.raises((CommandError, KeyboardInterrupt)):
        run()
    assert Review.objects.count() == 3
    monkeypatch.undo()
    assert numbers()["changed"] == 3


def fail_at(monkeypatch, attempt, error) -> None:
    catch_up = sync.catch_up

    def failing(attempt_id, *, now):
        if attempt_id == attempt.pk:
            raise error
        return catch_up(attempt_id, now=now)

    monkeypatch.setattr(sync, "catch_up", failing)


class TestExit:
    def test_it_is_quiet_under_cron(self, old, capfd):
        assert run() == ""
        assert capfd.readouterr() == ("", "")

    def test_it_tells_a_person_what_it_did(self, old, monkeypatch):
        monkeypatch.setattr("sys.stdout", type("Terminal", (io.StringIO,), {"isatty": lambda self: True})())
        assert run("--no-progress") == "6 attempts looked at, 6 reviews brought into step\n"

    def test_one_that_fails_is_named_and_the_others_are_done(self, old, monkeypatch):
        fail_at(monkeypatch, old[2], IntegrityError("refused"))
        with pytest.raises(CommandError, match=str(old[2].public_id)) as ending:
            run()
        assert ending.value.returncode == console.SOME_FAILED
        assert Review.objects.count() == 5

    def test_a_database_that_is_away_is_told(self, old, monkeypatch):
        fail_at(monkeypatch, old[0], OperationalError("gone"))
        with pytest.raises(CommandError, match="OperationalError") as ending:
            run()
        assert ending.value.returncode == console.CANNOT_RUN

    def test_a_broken_chain_stops_it(self, old):
        AuditHead.objects.update_or_create(id=1, defaults={"hash": "f" * 64})
        with pytest.raises(CommandError, match="liveness_verify_audit") as ending:
            run()
        assert ending.value.returncode == console.CANNOT_RUN

    def test_missing_tables_are_told_with_what_to_type(self, monkeypatch):
        monkeypatch.setattr(connection.introspection, "table_names", lambda: ["liveness_verificationattempt"])
        with pytest.raises(CommandError, match=r"manage\.py migrate") as ending:
            run()
        assert ending.value.returncode == console.CANNOT_RUN

    @pytest.mark.parametrize("limit", ["0", "-1"])
    def test_a_limit_of_nothing_is_refused(self, limit):
        with pytest.raises(CommandError, match="at least 1") as ending:
            run("--limit", limit)
        assert ending.value.returncode == console.CANNOT_RUN
