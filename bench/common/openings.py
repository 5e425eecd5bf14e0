"""Open attempts on top of `population.fill`: as many as there are after an outage, in every part of their two hours."""

from datetime import UTC, datetime, timedelta

from django.db import connection

from bench.common.population import ATTEMPTS, DIALECTS, WINDOW

# Seconds over which the times of the next poll spread.
SPREAD = 1000
CLOSE_SQL = (
    "UPDATE {attempts} SET outcome = 'expired', finished_at = expires_at, next_poll_at = NULL WHERE outcome = 'pending'"
)
# One in two was polled before, and of one in a hundred the app said that its check is done.
OPEN_SQL = """
UPDATE {attempts} SET outcome = 'pending', result_code = '', description = '', request_id = '', finished_at = NULL,
    issued_at = {issued_at}, expires_at = {expires_at}, next_poll_at = {next_poll_at}, lease_owner = '',
    lease_expires_at = NULL, unfinished_at = CASE WHEN id % 2 = 0 THEN {seen_at} END,
    reported_at = CASE WHEN id % 100 = 7 THEN {seen_at} END
WHERE id > (SELECT max(id) FROM {attempts}) - {count}
"""


def fill(count: int) -> datetime:
    """Make the newest `count` attempts open and all others closed; the moment at which all of them are due."""
    dialect, now = DIALECTS[connection.vendor], datetime.now(UTC).replace(microsecond=0)
    # Each has ten minutes left at least, so that nothing runs out during a bench.
    issued = f"({now.timestamp():.0f} - 60 - id * 7919 % {WINDOW - 660})"
    moments = {
        "issued_at": issued,
        "expires_at": f"({issued} + {WINDOW})",
        "seen_at": f"({issued} + 50)",
        "next_poll_at": f"({now.timestamp():.0f} - id * 104729 % {SPREAD})",
    }
    names = {name: dialect.moment(seconds) for name, seconds in moments.items()}
    with connection.cursor() as cursor:
        cursor.execute(CLOSE_SQL.format(attempts=ATTEMPTS))
        cursor.execute(OPEN_SQL.format(attempts=ATTEMPTS, count=count, **names))
        for statement in dialect.tidy:
            cursor.execute(statement)
    return now


def tenth(now: datetime) -> datetime:
    """The moment at which a tenth of them was due."""
    return now - timedelta(seconds=SPREAD * 9 // 10)
