"""What may be said of a database's error: never a value, for a value can be a token or a reference.

PostgreSQL's errors quote the row ("Failing row contains (...)"), the key, and a piece of the statement. Whatever is
printed or logged afterwards holds that too: a traceback on standard error, the web log, an error mail. So each error is
cut down to what names no value as soon as a statement fails.
"""

from collections.abc import Callable
from typing import Any

from django.db import DatabaseError, DataError, IntegrityError
from django.db.backends.base.base import BaseDatabaseWrapper

from liveness.models import append_only

# Classes of SQLSTATE whose own sentence may quote a value: data exceptions, and texts that a trigger made.
# https://www.postgresql.org/docs/current/errcodes-appendix.html
QUOTING = ("22", "P0")
# What the database or its driver raises for a value that is none of its column's type.
VALUE_ERRORS = (ArithmeticError, AttributeError, DataError, TypeError, ValueError)


def install(connection: BaseDatabaseWrapper, **kwargs: Any) -> None:
    """The receiver of `connection_created`: have all errors of this connection cut down."""
    if without_values not in connection.execute_wrappers:
        connection.execute_wrappers.append(without_values)


def without_values(execute: Callable[..., Any], sql: str, params: Any, many: bool, context: dict[str, Any]) -> Any:
    """A wrapper of Django's (https://docs.djangoproject.com/en/5.2/topics/db/instrumentation/)."""
    try:
        return execute(sql, params, many, context)
    except DatabaseError as error:
        _cut(error)
        raise


def is_of_a_row(error: DatabaseError) -> bool:
    """Did the database refuse the values of a row: a constraint, a type, or a trigger that somebody added?"""
    return isinstance(error, IntegrityError | DataError) or _code(error).startswith(QUOTING)


def describe(error: DatabaseError) -> str:
    """The kind of the error, and the constraint's name or the SQLSTATE where the driver gives them."""
    constraint, code = getattr(_diagnosis(error), "constraint_name", None), _code(error)
    more = f", constraint {constraint}" if constraint else f", SQLSTATE {code}" if code else ""
    return f"{type(error).__name__}{more}"


def _cut(error: DatabaseError) -> None:
    """Keep the primary message alone, in the error and in the driver's. Others than PostgreSQL quote no values."""
    code, cause = _code(error), error.__cause__
    if cause is not None and code:
        own = str(_diagnosis(error).message_primary)
        text = describe(error) if code.startswith(QUOTING) and not _is_ours(own) else own
        error.args = cause.args = (text,)


def _is_ours(text: str) -> bool:
    """Is it the message of our own triggers, which names a table and no value?"""
    return text in {f"{table} {append_only.MESSAGE}" for table in append_only.UNIQUE_KEYS}


def _diagnosis(error: DatabaseError) -> Any:
    return getattr(error.__cause__, "diag", None)


def _code(error: DatabaseError) -> str:
    """The SQLSTATE; empty where the driver gives none."""
    return getattr(_diagnosis(error), "sqlstate", None) or ""
