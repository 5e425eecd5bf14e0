"""Which outage an exception means, read from codes and never from a database's text."""

import errno
import sqlite3
from contextlib import closing

import psycopg
import pytest
from django.db import DataError, IntegrityError, InterfaceError, OperationalError, ProgrammingError

from liveness.database import outages
from liveness.database.outages import OutageKind
from liveness.exceptions import ChainError

SECRET = "host=db.internal password=hunter2"


def raised_from(kind: type[Exception], cause: Exception) -> Exception:
    """As Django wraps what the driver raises."""
    try:
        raise kind(SECRET) from cause
    except kind as failure:
        return failure


def postgres_error(state: str | None) -> psycopg.Error:
    cause = psycopg.OperationalError(SECRET)
    cause.sqlstate = state
    return cause


@pytest.mark.parametrize(
    ("state", "kind"),
    [
        (None, OutageKind.NO_CONNECTION),
        ("08006", OutageKind.NO_CONNECTION),
        ("57P01", OutageKind.NO_CONNECTION),
        ("57P03", OutageKind.NO_CONNECTION),
        ("53300", OutageKind.TOO_MANY_CONNECTIONS),
        ("55P03", OutageKind.LOCKED),
        ("40P01", OutageKind.LOCKED),
        ("40001", OutageKind.LOCKED),
        ("57014", OutageKind.TIMED_OUT),
        ("53200", OutageKind.OUT_OF_MEMORY),
        ("53100", OutageKind.DISK_FULL),
        ("25006", OutageKind.READ_ONLY),
        ("28P01", OutageKind.LOG_IN_REFUSED),
        ("3D000", OutageKind.NO_DATABASE),
        ("42P01", OutageKind.TABLES_DIFFER),
        ("42703", OutageKind.TABLES_DIFFER),
        ("42501", OutageKind.PERMISSION),
        ("58030", OutageKind.IO_ERROR),
        ("XX001", OutageKind.DAMAGED),
    ],
)
def test_a_postgresql_error_is_known_by_its_sqlstate(state, kind):
    outage = outages.of(raised_from(OperationalError, postgres_error(state)))
    assert outage.kind == kind
    assert SECRET not in outage.line + outage.text


def test_an_sqlite_error_is_known_by_its_code(tmp_path):
    def failure(statement: str, path=tmp_path / "a.sqlite3", mode="rwc") -> Exception:
        with closing(sqlite3.connect(f"file:{path}?mode={mode}", uri=True, timeout=0)) as own:
            try:
                own.execute(statement)
            except sqlite3.Error as cause:
                return raised_from(OperationalError, cause)
        raise AssertionError(statement)

    (tmp_path / "rubbish").write_bytes(b"no database" * 100)
    with closing(sqlite3.connect(tmp_path / "a.sqlite3", isolation_level=None)) as other:
        other.execute("CREATE TABLE full (x)")
        assert outages.of(failure("INSERT INTO full VALUES (1)", mode="ro")).kind == OutageKind.READ_ONLY
        other.execute("BEGIN EXCLUSIVE")
        assert outages.of(failure("CREATE TABLE t (x)")).kind == OutageKind.LOCKED
    assert outages.of(failure("SELECT * FROM missing")).kind == OutageKind.REFUSED
    assert outages.of(failure("SELECT 1 FROM t", tmp_path / "rubbish")).kind == OutageKind.DAMAGED


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT, errno.EFBIG])
def test_a_full_disk_is_known_by_its_number(number):
    assert outages.of_disk(OSError(number, "text")) == OutageKind.DISK_FULL


@pytest.mark.parametrize("number", [errno.ENOENT, errno.EPIPE, errno.ECONNREFUSED])
def test_another_error_of_the_system_is_no_fault_of_a_disk(number):
    assert outages.of_disk(OSError(number, "text")) is None


@pytest.mark.parametrize(
    "failure",
    [
        ValueError(SECRET),
        IntegrityError(SECRET),
        raised_from(IntegrityError, postgres_error("23505")),
        raised_from(DataError, postgres_error("22001")),
        raised_from(ProgrammingError, postgres_error("42601")),
        ProgrammingError(SECRET),
        None,
    ],
)
def test_a_fault_of_the_code_is_no_outage(failure):
    assert outages.of(failure) is None


def test_a_connection_that_was_closed_is_one_that_is_not_there():
    assert outages.of(InterfaceError("connection already closed")).kind == OutageKind.NO_CONNECTION


def test_an_error_without_a_code_claims_no_cause():
    outage = outages.of(OperationalError(SECRET))
    assert (outage.kind, outage.kind.passes) == (OutageKind.UNKNOWN, True)
    assert outage.line.startswith("The database refuses to work (OperationalError).")


def test_a_broken_chain_stays_until_somebody_acts():
    outage = outages.of(ChainError("text"))
    assert not outage.kind.passes
    assert "liveness_verify_audit" in outage.line


def test_every_kind_has_a_sentence_and_a_remedy():
    assert set(outages.TEXTS) == set(OutageKind)
    for what, remedy in outages.TEXTS.values():
        assert what[0].isupper()
        assert what[-1] not in ".?"
        assert remedy
