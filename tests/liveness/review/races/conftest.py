"""What races start from: no override needs a second person, and no deadlock goes unseen."""

import pytest
from django.db import connection


@pytest.fixture(autouse=True)
def _settings(settings):
    settings.LIVENESS_REVIEW_SECOND_ON_OVERRIDE = False


@pytest.fixture(autouse=True)
def _no_deadlock():
    """A deadlock would be tried again in silence, after a second that somebody waited."""
    before = deadlocks()
    yield
    assert deadlocks() == before


def deadlocks() -> int:
    if connection.vendor != "postgresql":
        return 0
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_stat_clear_snapshot()")
        cursor.execute("SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()")
        return int(cursor.fetchone()[0])
