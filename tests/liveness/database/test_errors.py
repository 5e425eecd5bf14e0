"""Errors of the database quote no values, wherever they are printed afterwards."""

import traceback

import pytest
from django.db import DatabaseError, IntegrityError, ProgrammingError, connection, transaction

from liveness.database import errors as database_errors
from liveness.models import VerificationAttempt
from tests.builders import make_attempt

pytestmark = [
    pytest.mark.django_db,
    pytest.mark.postgres,
    pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite's errors quote no values"),
]
CANARY = "canary-token-0001"


def caught(act) -> DatabaseError:
    with pytest.raises(DatabaseError) as failure, transaction.atomic():
        act()
    return failure.value


def test_a_constraint_that_refuses_a_row_is_named_without_the_row():
    attempt = make_attempt()
    attempt.sdk_token, attempt.outcome = CANARY, "nonsense"
    error = caught(attempt.save)
    assert isinstance(error, IntegrityError)
    assert "liveness_attempt_outcome_known" in str(error)
    assert CANARY not in "".join(traceback.format_exception(error))
    assert database_errors.describe(error) == "IntegrityError, constraint liveness_attempt_outcome_known"
    assert database_errors.is_of_a_row(error)


def test_a_key_that_is_taken_is_not_quoted():
    taken = make_attempt()
    error = caught(lambda: VerificationAttempt.objects.filter(pk=make_attempt().pk).update(sdk_token=taken.sdk_token))
    assert taken.sdk_token not in "".join(traceback.format_exception(error))


@pytest.mark.parametrize(
    "statement",
    [f"SELECT '{CANARY}'::uuid", f"SELECT '{CANARY}'::int", f"DO $$ BEGIN RAISE EXCEPTION 'no {CANARY}'; END $$"],
)
def test_a_value_of_another_type_is_not_quoted(statement):
    error = caught(lambda: connection.cursor().execute(statement))
    assert CANARY not in "".join(traceback.format_exception(error, limit=0))
    assert database_errors.describe(error).startswith(f"{type(error).__name__}, SQLSTATE ")


def test_a_mistake_in_a_statement_keeps_its_message_without_the_statement():
    error = caught(lambda: connection.cursor().execute("SELECT 'canary-token-0001' FROM nowhere"))
    assert isinstance(error, ProgrammingError)
    assert str(error) == 'relation "nowhere" does not exist'
    assert not database_errors.is_of_a_row(error)
