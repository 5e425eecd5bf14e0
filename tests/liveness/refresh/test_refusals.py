"""The vendor refuses the key, the account or the token: what ends the run, and what is lost."""

import pytest
from django.utils import timezone

from liveness.client.errors import CredentialsError
from liveness.exceptions import AccountError
from liveness.models import MediaState, Outcome, VerificationAttempt
from liveness.refresh import breaker
from tests.liveness.refresh.steps import assert_everything_is_stored_once, registered, run

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.postgres]


@pytest.mark.parametrize(
    "code",
    [
        "AuthFailure.SecretIdNotFound",
        "AuthFailure.SignatureFailure",
        "AuthFailure.TokenFailure",
        "AuthFailure.UnauthorizedOperation",
        "UnauthorizedOperation.Arrears",
        "UnsupportedRegion",
    ],
)
def test_credentials_that_fail_end_the_run_and_lose_nothing(code, attempt, sandbox):
    others = [registered(sandbox) for _ in range(5)]
    sandbox.inject("error", code=code, times=None)
    with pytest.raises(CredentialsError, match=code):
        run()
    assert len(list(sandbox.calls)) == 1
    assert VerificationAttempt.objects.filter(outcome=Outcome.PENDING, lease_owner="").count() == 1 + len(others)
    sandbox.clear_faults()
    assert run().counts.passed == 6


def test_a_key_that_is_revoked_in_the_middle_of_a_run_ends_it(sandbox):
    for _ in range(6):
        registered(sandbox)
    sandbox.inject("revoked", skip=2, times=None)
    with pytest.raises(CredentialsError):
        run()
    assert VerificationAttempt.objects.filter(outcome=Outcome.PASSED).count() == 2
    sandbox.clear_faults()
    assert run().counts.passed == 4


def test_a_wrong_clock_ends_the_run_and_is_measured(attempt, sandbox):
    sandbox.inject("clock_skew", seconds=3600, times=None)
    with pytest.raises(CredentialsError) as failure:
        run()
    assert failure.value.clock_skew_seconds == pytest.approx(-3600, abs=5)


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
    assert VerificationAttempt.objects.filter(outcome=Outcome.PENDING).count() == 15 - breaker.ALL_REFUSED


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
