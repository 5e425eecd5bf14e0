"""The vendor refuses the key, the account or the token: what ends the run, and what is lost."""

from datetime import timedelta

import pytest
from django.utils import timezone

from liveness import conditions
from liveness.exceptions import AccountError
from liveness.models import MediaState, Outcome, VerificationAttempt
from liveness.worker import circuit_breaker
from tests.builders import make_attempt
from tests.conftest import forget_other_runs
from tests.liveness.worker.steps import assert_everything_is_stored_once, registered, run

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.postgres]


REFUSALS = [
    "AuthFailure.SecretIdNotFound",
    "AuthFailure.SignatureFailure",
    "AuthFailure.TokenFailure",
    "AuthFailure.UnauthorizedOperation",
    "UnauthorizedOperation.Arrears",
    "UnsupportedRegion",
]


@pytest.mark.parametrize("code", REFUSALS)
def test_an_account_that_is_refused_for_several_attempts_ends_the_run_and_loses_nothing(code, sandbox, monkeypatch):
    for _ in range(6):
        registered(sandbox)
    sandbox.inject("error", code=code, times=None)
    with pytest.raises(AccountError, match=code):
        run()
    assert len(list(sandbox.calls)) == circuit_breaker.AGREEING_ATTEMPTS
    assert VerificationAttempt.objects.filter(outcome=Outcome.PENDING, lease_run="").count() == 6
    sandbox.clear_faults()
    forget_other_runs(monkeypatch)
    assert run(force=True).counts.passed == 6


def test_a_key_that_is_revoked_in_the_middle_of_a_run_ends_it(sandbox, monkeypatch):
    for _ in range(6):
        registered(sandbox)
    sandbox.inject("revoked", skip=2, times=None)
    with pytest.raises(AccountError):
        run()
    assert VerificationAttempt.objects.filter(outcome=Outcome.PASSED).count() == 2
    sandbox.clear_faults()
    forget_other_runs(monkeypatch)
    assert run(force=True).counts.passed == 4


@pytest.mark.parametrize("code", REFUSALS)
def test_one_attempt_that_is_refused_is_put_aside_and_named_and_stops_no_other(code, sandbox):
    registered(sandbox)
    sandbox.inject("error", code=code)
    others = [registered(sandbox) for _ in range(5)]
    summary = run()
    assert summary.counts.passed == len(others)
    put_aside = VerificationAttempt.objects.get(outcome=Outcome.PENDING)
    assert [str(put_aside.public_id) in line and code in line for line in summary.lines()] == [True]
    assert put_aside.next_poll_at > timezone.now()


def test_a_region_that_is_refused_stops_no_other_region(sandbox):
    for _ in range(5):
        registered(sandbox, region="ap-nowhere")
    others = [registered(sandbox) for _ in range(4)]
    summary = run()
    assert summary.counts.passed == len(others)
    assert run().counts.polled == 0


def test_a_refused_region_in_front_costs_three_calls_and_no_other_region(sandbox):
    for _ in range(20):
        attempt = registered(sandbox, region="ap-jakarta", next_poll_at=timezone.now() - timedelta(minutes=1))
        sandbox.inject("error", code="UnsupportedRegion", times=None, token=attempt.sdk_token)
    others = [registered(sandbox) for _ in range(8)]
    summary = run()
    assert summary.counts.passed == len(others)
    assert len(list(sandbox.calls)) == len(others) + circuit_breaker.AGREEING_ATTEMPTS
    assert any("ap-jakarta" in line for line in summary.lines())


def test_one_refused_attempt_that_is_alone_in_a_later_run_ends_no_run(sandbox, monkeypatch):
    bad = registered(sandbox, region="ap-jakarta")
    sandbox.inject("error", code="UnsupportedRegion", times=None, token=bad.sdk_token)
    for _ in range(4):
        registered(sandbox)
    assert run().counts.passed == 4
    for _ in range(3):
        forget_other_runs(monkeypatch)
        summary = run(force=True)
        assert (summary.counts.errors, summary.failure) == (1, None)
        assert any(str(bad.public_id) in line for line in summary.lines())
    assert conditions.active(timezone.now()) == []
    VerificationAttempt.objects.filter(outcome=Outcome.PASSED).update(finished_at=timezone.now() - timedelta(hours=1))
    with pytest.raises(AccountError):
        run(force=True)


def test_unknown_tokens_in_front_of_good_ones_cost_no_run(sandbox):
    for _ in range(30):
        make_attempt(issued_at=timezone.now() - timedelta(minutes=30))
    for _ in range(8):
        registered(sandbox)
    assert run().counts.passed == 8
    invalid = VerificationAttempt.objects.filter(outcome=Outcome.INVALID)
    assert invalid.count() < 30, "while no token is known, rather the account is wrong than the tokens"


def test_a_token_the_vendor_refuses_is_invalid_but_not_for_ever(attempt, sandbox):
    sandbox.inject("token_illegal")
    assert run().counts.invalid == 1
    assert run(named=[attempt.id]).counts.passed == 1
    assert_everything_is_stored_once(attempt)


def test_an_invalid_token_is_told_once_and_looked_at_again_by_itself(attempt, sandbox):
    sandbox.inject("token_illegal", times=2)
    assert "does not know" in run().lines()[0]
    attempt.refresh_from_db()
    assert timezone.now() < attempt.next_poll_at < attempt.expires_at
    assert run(force=True).counts.polled == 0
    VerificationAttempt.objects.update(next_poll_at=timezone.now())
    assert run().lines() == []
    VerificationAttempt.objects.update(next_poll_at=timezone.now())
    assert run().counts.passed == 1


def test_an_invalid_token_that_turns_out_unfinished_is_pending_again(sandbox):
    attempt = registered(sandbox, "never_finishes")
    sandbox.inject("token_illegal")
    run()
    assert run(named=[attempt.id]).counts.pending == 1
    attempt.refresh_from_db()
    assert (attempt.outcome, attempt.finished_at) == (Outcome.PENDING, None)


def test_a_refusal_loses_no_file_that_can_still_be_had(attempt, sandbox):
    sandbox.inject("forbidden", scope="media", times=None)
    run()
    sandbox.clear_faults()
    sandbox.inject("token_illegal")
    assert run(force=True).counts.media_lost == 0
    assert run(force=True).counts.media_stored == 2


def test_a_vendor_that_knows_no_token_at_all_is_a_wrong_account(sandbox):
    for _ in range(15):
        registered(sandbox)
    sandbox.inject("token_illegal", times=None)
    with pytest.raises(AccountError, match="LIVENESS_REGION"):
        run()
    assert (
        VerificationAttempt.objects.filter(outcome=Outcome.PENDING).count() == 15 - circuit_breaker.UNKNOWN_TOKENS + 1
    )


def test_a_token_that_the_vendor_lets_expire_is_expired_with_its_files_lost(attempt, sandbox):
    sandbox.inject("forbidden", scope="media", times=None)
    run()
    sandbox.inject("token_expired")
    summary = run(force=True)
    attempt.refresh_from_db()
    assert attempt.outcome == Outcome.PASSED
    assert summary.counts.media_lost == 2
    assert {media.state for media in attempt.media.all()} == {MediaState.LOST}
    assert all("HTTP 403" in media.reason for media in attempt.media.all())
    assert any("lost" in line for line in summary.lines())
