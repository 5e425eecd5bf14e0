"""How much of the account's call budget is used: every call to the vendor is counted into its hour."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime

from django.db import DatabaseError
from django.db.models import F

from liveness.app_settings import app_settings
from liveness.models import HourlyCalls


@contextmanager
def counted(clock: Callable[[], datetime]) -> Iterator[None]:
    """Count the call that is made within the block, whatever comes of it.

    After the call, because a database that is slow just then must not push the call out of its slot; and a count that
    fails is left out, because it must not cost the answer.
    """
    try:
        yield
    finally:
        with suppress(DatabaseError):
            _count(clock())


def calls(start: datetime, end: datetime) -> dict[datetime, int]:
    """Calls made in each hour from `start` to before `end`; hours without any are left out."""
    return dict(HourlyCalls.objects.filter(hour__gte=start, hour__lt=end).values_list("hour", "calls"))


def hourly_limit() -> float:
    """Calls that the vendor allows the account within one hour."""
    return app_settings.RATE_LIMIT * 3600


def _count(now: datetime) -> None:
    hour = now.astimezone(UTC).replace(minute=0, second=0, microsecond=0)
    tally = HourlyCalls.objects.filter(hour=hour)
    if not tally.update(calls=F("calls") + 1):
        HourlyCalls.objects.bulk_create([HourlyCalls(hour=hour)], ignore_conflicts=True)
        tally.update(calls=F("calls") + 1)
