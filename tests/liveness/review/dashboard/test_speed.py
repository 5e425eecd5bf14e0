"""The dashboard is as fast with a million attempts as with ten."""

import re

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from liveness import audit
from liveness.review.dashboard import data, hourly_statistics, periods
from liveness.review.policy import APPROVE
from tests.liveness.review.dashboard.board import HOUR, NOW, shown, tell
from tests.liveness.review.working import decide, make_review, make_reviewer

pytestmark = [pytest.mark.django_db, pytest.mark.postgres]
# Reading one of these from end to end takes longer with every attempt; the column is the first of the index in use.
GROWING = {
    "liveness_verificationattempt": "public_id",
    "liveness_review_review": "state",
    "liveness_auditevent": "sequence",
    "liveness_review_hourlystatistic": "name",
}


class TestSpeed:
    def test_the_number_of_queries_does_not_grow_with_the_attempts(self, client, django_assert_num_queries):
        tell(audit.ATTEMPT_REGISTERED)
        shown(client)
        with CaptureQueriesContext(
            connection,
        ) as few:
            shown(client)
        for _ in range(5):
            decide(make_review(), make_reviewer(), APPROVE)
        hourly_statistics.update()
        with django_assert_num_queries(len(few)):
            shown(client)

    @pytest.mark.parametrize("code", periods.CODES)
    def test_no_table_that_grows_is_read_from_end_to_end(self, code):
        tell(audit.ATTEMPT_REGISTERED, NOW - 99 * 24 * HOUR)
        hourly_statistics.update()
        with CaptureQueriesContext(connection) as queries:
            data.gather(periods.choose(code, NOW))
        assert len(queries) > 10
        for query in queries:
            assert reads_all(query["sql"]) == []


def reads_all(sql: str) -> list[str]:
    """The steps of the plan that read a growing table, or an index of it, whole."""
    if re.search(r"LIMIT 1\b", sql):
        # One step along an index.
        return []
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            # So small a table is read whole whatever its indexes, unless that is made dear.
            cursor.execute("SET LOCAL enable_seqscan = off")
            cursor.execute("EXPLAIN " + sql)
            steps = " ".join(row[0].strip() for row in cursor.fetchall()).split("->")
            return [step for step in steps if any(is_whole(step, *known) for known in GROWING.items())]
        cursor.execute("EXPLAIN QUERY PLAN " + sql)
        return [row[3] for row in cursor.fetchall() if any(f"SCAN {name}" in row[3] for name in GROWING)]


def is_whole(step: str, table: str, column: str) -> bool:
    return f" on {table}" in step and not re.search(rf"Cond: .*\b{column}\b", step.partition("Filter: ")[0])
