"""Short transactions, tried again when the database was locked or briefly away."""

from collections.abc import Callable
from typing import TypeVar

import stamina
from django.db import InternalError, OperationalError, connection

from liveness.database import outages

T = TypeVar("T")


def retried(write: Callable[[], T]) -> T:
    """Call `write`, which is whole or not at all, again after an error that may pass: six times within 30 seconds.

    Inside a larger transaction it is called once, because only the whole of that could be tried again.
    """
    if connection.in_atomic_block:
        return write()
    for attempt in stamina.retry_context(on=_may_pass, attempts=6, wait_initial=0.1, timeout=30):
        with attempt:
            return _reconnecting(write)
    raise AssertionError("stamina always returns or raises")


def _may_pass(failure: Exception) -> bool:
    """A disk that is full or a database that is read-only stays so for longer than anybody waits."""
    outage = outages.of(failure)
    if isinstance(failure, OperationalError):
        return outage is None or outage.kind.passes
    # PostgreSQL has ended a transaction that was idle for too long (`time_limits`).
    return isinstance(failure, InternalError) and outage is not None and outage.kind.passes


def _reconnecting(write: Callable[[], T]) -> T:
    try:
        return write()
    except (InternalError, OperationalError):
        # A connection that the server has dropped would fail every further try.
        connection.close_if_unusable_or_obsolete()
        raise
