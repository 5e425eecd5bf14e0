"""Open attempts on top of `population.fill`: as many as there are after an outage, in every part of their two hours."""

from datetime import UTC, datetime, timedelta

from django.db import connection

from bench.common.population import ATTEMPTS, DIALECTS, WINDOW
from liveness.models import VerificationAttempt

# Seconds over which the times of the next poll spread.
SPREAD = 1000
CLOSE_SQL = (
    "UPDATE {attempts} SET outcome = 'expired', finished_at = expires_at, next_poll_at = NULL WHERE outcome = 'pending'"
)
# One in two was polled before, and of one in a hundred the app said that its check is done.
OPEN_SQL = """
UPDATE {attempts} SET outcome = 'pending', result_code = '', description = '', request_id = '', finished_at = NULL,
    issued_at = {issued_at}, expires_at = {expires_at}, next_poll_at = {next_poll_at}, lease_run = '',
    poll_count = (id + 1) % 2, unfinished_at = CASE WHEN id % 2 = 0 THEN {seen_at} END,
    reported_at = CASE WHEN id % 100 = 7 THEN {seen_at} END
WHERE id > {closed}
"""
# What an outage of the vendor and of the media host leaves among them: answers without their files, tokens that the
# vendor did not know, and some that ran out, of which half were never asked about.
LEFT_SQL = (
    "UPDATE {attempts} SET outcome = 'passed', result_code = '0', finished_at = {seen_at}, failure_count = 1"
    " WHERE id > {closed} AND id % 16 < 4",
    "UPDATE {attempts} SET outcome = 'invalid', finished_at = {seen_at} WHERE id > {closed} AND id % 16 = 8",
    "UPDATE {attempts} SET issued_at = {past_at}, expires_at = {over_at} WHERE id > {closed} AND id % 16 IN (5, 6)",
)


def fill(count: int, *, after_outage: bool = False) -> datetime:
    """Make the newest `count` attempts open and all others closed; the moment at which all of them are due.

    `after_outage`: of every sixteen four lack their files, one has an unknown token, and two ran out.
    """
    dialect, now = DIALECTS[connection.vendor], datetime.now(UTC).replace(microsecond=0)
    # Each has ten minutes left at least, so that nothing runs out during a bench.
    issued = f"({now.timestamp():.0f} - 60 - id * 7919 % {WINDOW - 660})"
    over = f"({now.timestamp():.0f} - 600 - id * 7919 % 3600)"
    moments = {
        "over_at": over,
        "past_at": f"({over} - {WINDOW})",
        "issued_at": issued,
        "expires_at": f"({issued} + {WINDOW})",
        "seen_at": f"({issued} + 50)",
        "next_poll_at": f"({now.timestamp():.0f} - id * 104729 % {SPREAD})",
    }
    names = {name: dialect.moment(seconds) for name, seconds in moments.items()}
    closed = VerificationAttempt.objects.latest("id").pk - count
    with connection.cursor() as cursor:
        for statement in (CLOSE_SQL, OPEN_SQL, *(LEFT_SQL if after_outage else ())):
            cursor.execute(statement.format(attempts=ATTEMPTS, closed=closed, **names))
        for statement in dialect.tidy:
            cursor.execute(statement)
    return now


def due_share(now: datetime, part: int) -> datetime:
    """The moment at which one of so many of them was due."""
    return now - timedelta(seconds=SPREAD - SPREAD // part)
