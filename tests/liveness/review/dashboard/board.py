"""The dashboard as tests visit it: what happened before, and what its page and its cards say of that."""

import re
from datetime import UTC, datetime, timedelta

import time_machine
from django.db import transaction

from liveness import audit
from liveness.audit import Actor
from liveness.review.dashboard import data, hourly_statistics, periods

URL = "/review/dashboard/"
NOW = datetime(2026, 11, 22, 14, 35, tzinfo=UTC)
HOUR = timedelta(hours=1)


def tell(action: str, at=NOW, count=1, **details) -> None:
    with time_machine.travel(at, tick=False), transaction.atomic():
        for _ in range(count):
            audit.record(action, actor=Actor.system("tests"), **details)


def shown(client, query="", at=NOW) -> str:
    with time_machine.travel(at, tick=False):
        response = client.get(URL + query)
    assert response.status_code == 200
    return response.text


def said(page: str) -> dict[str, list[str]]:
    """What the cards of the page say, by their label."""
    found = re.findall(r"<dt>(.*?)</dt>(.*?)</div>", page, re.DOTALL)
    return {
        label: [text.strip() for text in re.findall(r"<dd[^>]*>(.*?)</dd>", rest, re.DOTALL)] for label, rest in found
    }


def gathered(code="24h", at=NOW) -> data.DashboardData:
    hourly_statistics.update()
    return data.gather(periods.choose(code, at))
