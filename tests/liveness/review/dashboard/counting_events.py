"""The audit chain and its figures: what happened, and what it is folded into."""

from datetime import UTC, datetime, timedelta

import time_machine
from django.db import transaction

from liveness import audit
from liveness.audit import Actor
from liveness.review.dashboard import hourly_statistics

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)


def tell(action: str, at=NOON, target=None, **details) -> None:
    with time_machine.travel(at, tick=False), transaction.atomic():
        audit.record(action, actor=Actor.system("tests"), target=target, **details)


def found() -> dict[str, int]:
    """All figures, over all time; those that came to nothing are left out."""
    hourly_statistics.update()
    return {
        name: count
        for name, count in hourly_statistics.totals(NOON - 999 * HOUR, NOON + 9999999 * HOUR).items()
        if count
    }
