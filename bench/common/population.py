"""A year of attempts and their media, made inside the database in about a minute for a million attempts.

Ids, tokens, digests and times all follow from an attempt's number, so that every run has the same rows. Files are rows
alone: no byte of them lies in the storage.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass

from django.core.management.color import no_style
from django.db import connection, transaction

from liveness.models import StoredMedia, VerificationAttempt

ATTEMPTS, MEDIA = VerificationAttempt._meta.db_table, StoredMedia._meta.db_table
YEAR = 365 * 24 * 3600
# Seconds after issue: the person was done, and the token could be read no longer.
DONE, WINDOW = 200, 7200

EMPTY_SQL = "DELETE FROM {table}"
ATTEMPT_SQL = """
INSERT INTO {attempts} (
    id, public_id, sdk_token, subject_reference, region, created_at, issued_at, expires_at, next_poll_at,
    last_polled_at, poll_count, failure_count, last_error, lease_run, outcome, result_code,
    description, request_id, finished_at, diverged_at)
SELECT
    n, {public_id}, upper(substr(digits, 33)), 'subject-' || (n * 7919 % {subjects}), 'ap-singapore', {issued_at},
    {issued_at}, {expires_at}, CASE WHEN share >= 995 THEN {expires_at} END, {finished_at}, 2, 0, '', '', NULL,
    CASE WHEN share < 780 THEN 'passed' WHEN share < 930 THEN 'failed' WHEN share < 945 THEN 'unknown'
         WHEN share < 990 THEN 'expired' WHEN share < 995 THEN 'invalid' ELSE 'pending' END,
    CASE WHEN share < 780 THEN '0' WHEN share < 930 THEN '1004' WHEN share < 945 THEN '9999' ELSE '' END,
    CASE WHEN share < 780 THEN 'Success' ELSE '' END, substr(digits, 17, 32),
    CASE WHEN share < 995 THEN {finished_at} END, NULL
FROM (SELECT n, {start} + {step} * n AS issued, n * 7919 % 1000 AS share, {digits} AS digits
      FROM {numbers} {fence}) AS drawn
"""
# Every answered attempt has a picture and a video, of which one in a hundred could not be fetched in time.
MEDIA_SQL = """
INSERT INTO {media} (
    id, public_id, attempt_id, kind, state, reason, flaw, declared_size, declared_md5, size, md5, sha256, content_type,
    width, height, file, thumbnail, fetch_count, created_at, stored_at, verified_at, damaged_at, closed_at)
SELECT
    n, {public_id}, attempt_id, CASE WHEN is_video THEN 'video' ELSE 'best_frame' END,
    CASE WHEN is_lost THEN 'lost' ELSE 'stored' END, CASE WHEN is_lost THEN 'the link expired' ELSE '' END, '',
    declared_size, md5, CASE WHEN NOT is_lost THEN declared_size END, CASE WHEN is_lost THEN '' ELSE md5 END,
    CASE WHEN is_lost THEN '' ELSE digits END,
    CASE WHEN is_lost THEN '' WHEN is_video THEN 'video/mp4' ELSE 'image/jpeg' END,
    CASE WHEN NOT is_lost AND NOT is_video THEN 480 END, CASE WHEN NOT is_lost AND NOT is_video THEN 640 END,
    CASE WHEN is_lost THEN '' ELSE path END, CASE WHEN is_lost OR is_video THEN '' ELSE path || '.jpg' END,
    1, at, CASE WHEN NOT is_lost THEN at END, CASE WHEN NOT is_lost THEN at END, NULL, CASE WHEN is_lost THEN at END
FROM (
    SELECT *, substr(digits, 33) AS md5, substr(digits, 1, 2) || '/' || substr(digits, 1, 32) AS path FROM (
        SELECT n, attempt_id, n % 2 = 1 AS is_video, attempt_id % 100 = n % 2 AS is_lost, at, {digits} AS digits,
               CASE n % 2 WHEN 1 THEN 9000000 ELSE 200000 END + attempt_id % 100000 AS declared_size
        FROM (SELECT 2 * id + kind AS n, id AS attempt_id, finished_at AS at
              FROM {attempts} CROSS JOIN (SELECT 0 AS kind UNION ALL SELECT 1) AS kinds
              WHERE outcome IN ('passed', 'failed', 'unknown')) AS answered {fence}) AS drawn) AS named
"""


# Multiplied by an odd number, no two numbers below 2^32 are the same modulo 2^32.
ODD = (2654435761, 2246822519, 3266489917, 668265263, 374761393, 2869860233, 3624381081, 961748927)


@dataclass(frozen=True)
class Dialect:
    """What the two databases spell differently."""

    numbers: str
    # 64 hexadecimal digits that differ for every n, in each half of them.
    digits: str
    public_id: str
    # Keeps what a subquery computed from being computed again for every use.
    fence: str
    moment: Callable[[str], str]
    indexes: str
    hurry: str
    tidy: tuple[str, ...]


POSTGRESQL = Dialect(
    numbers="generate_series(1, {rows}::bigint) AS series(n)",
    digits="encode(sha256(convert_to(n::text, 'UTF8')), 'hex')",
    public_id="substr(digits, 1, 32)::uuid",
    fence="OFFSET 0",
    moment=lambda seconds: f"to_timestamp({seconds})",
    indexes="SELECT indexname, indexdef FROM pg_indexes WHERE tablename = %s"
    " AND indexname NOT IN (SELECT conname FROM pg_constraint)",
    # The rows refer to each other by construction; asking two million times takes a quarter of the time.
    hurry="SET LOCAL session_replication_role = replica",
    # What autovacuum would do in a portal that grew over a year.
    tidy=("VACUUM ANALYZE",),
)
SQLITE = Dialect(
    numbers="(WITH RECURSIVE series(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM series WHERE n < {rows})"
    " SELECT n FROM series)",
    digits=f"printf('{'%08x' * 8}', {', '.join(f'n * {factor} % 4294967296' for factor in ODD)})",
    public_id="substr(digits, 1, 32)",
    fence="LIMIT -1",
    moment=lambda seconds: f"strftime('%Y-%m-%d %H:%M:%f', {seconds}, 'unixepoch')",
    indexes="SELECT name, sql FROM sqlite_master WHERE type = 'index' AND sql IS NOT NULL AND tbl_name = %s",
    # In KiB: without room for whole indexes every row costs a page from the disk.
    hurry="PRAGMA cache_size = -1000000",
    tidy=("ANALYZE", "PRAGMA wal_checkpoint(TRUNCATE)", "PRAGMA cache_size = -2000"),
)
DIALECTS = {"postgresql": POSTGRESQL, "sqlite": SQLITE}


def fill(rows: int) -> None:
    """Replace all attempts and media by `rows` attempts, numbered from 1, the newest just now, and their media."""
    dialect = DIALECTS[connection.vendor]
    with transaction.atomic(), connection.cursor() as cursor:
        for table in (MEDIA, ATTEMPTS):
            cursor.execute(EMPTY_SQL.format(table=table))
        # PostgreSQL changes no table while checks of what was deleted are due.
        connection.check_constraints()
        cursor.execute(dialect.hurry)
        indexes = _drop_indexes(cursor, dialect)
        for statement in (_attempts(dialect, rows), _media(dialect), *indexes):
            cursor.execute(statement)
        for statement in connection.ops.sequence_reset_sql(no_style(), [VerificationAttempt, StoredMedia]):
            cursor.execute(statement)
    with connection.cursor() as cursor:
        for statement in dialect.tidy:
            cursor.execute(statement)


def _drop_indexes(cursor, dialect: Dialect) -> list[str]:
    """Drop what can be made again faster than it is kept current; the statements that make it again."""
    definitions = []
    for table in (ATTEMPTS, MEDIA):
        cursor.execute(dialect.indexes, [table])
        for name, definition in cursor.fetchall():
            cursor.execute(f"DROP INDEX {connection.ops.quote_name(name)}")
            definitions.append(definition)
    return definitions


def _attempts(dialect: Dialect, rows: int) -> str:
    return ATTEMPT_SQL.format(
        attempts=ATTEMPTS,
        numbers=dialect.numbers.format(rows=rows),
        digits=dialect.digits,
        fence=dialect.fence,
        public_id=dialect.public_id,
        start=int(time.time()) - YEAR,
        step=YEAR / rows,
        # Most people need one attempt, some two or three.
        subjects=max(1, rows * 7 // 10),
        issued_at=dialect.moment("issued"),
        expires_at=dialect.moment(f"issued + {WINDOW}"),
        finished_at=dialect.moment(f"issued + {DONE}"),
    )


def _media(dialect: Dialect) -> str:
    return MEDIA_SQL.format(
        attempts=ATTEMPTS,
        media=MEDIA,
        digits=dialect.digits,
        fence=dialect.fence,
        public_id=dialect.public_id,
    )
