"""`/metrics`, `/readyz` and the alert say the same of the same attempts."""

from datetime import timedelta

import pytest
from django.utils import timezone
from prometheus_client.parser import text_string_to_metric_families

from liveness.models import Outcome
from liveness.monitoring import alert_rules, gauges
from liveness.polling.overdue import OVERDUE_AFTER_SECONDS
from tests.builders import living_run, make_attempt, silent_run

pytestmark = [pytest.mark.django_db, pytest.mark.postgres]
TOKEN = "metrics-token-for-tests"
MINUTE = timedelta(minutes=1)
LONG = timedelta(seconds=OVERDUE_AFTER_SECONDS) + 5 * MINUTE


def due(ago, **fields):
    """An attempt that has been due for so long. A duration in `fields` is a time before now."""
    now = timezone.now()
    moments = {name: now - value if isinstance(value, timedelta) else value for name, value in fields.items()}
    return make_attempt(**{"issued_at": now - ago - MINUTE, "next_poll_at": now - ago} | moments)


@pytest.fixture
def verdicts(client, settings):
    """What each of the three says: is anything overdue?"""
    settings.LIVENESS_METRICS_TOKEN = TOKEN

    def ask() -> dict[str, bool]:
        text = client.get("/metrics", headers={"Authorization": f"Bearer {TOKEN}"}).text
        values = {family.name: family.samples for family in text_string_to_metric_families(text)}
        return {
            "metrics": values["liveness_oldest_due_seconds"][0].value > OVERDUE_AFTER_SECONDS,
            "readyz": "refresh" in client.get("/readyz").json()["not_ready"],
            "alert": "overdue" in [danger.kind for danger in alert_rules.active(timezone.now())],
        }

    return ask


OVERDUE = {
    "a first look": {},
    "a first look, although the token ran out before": {"ago": timedelta(hours=4)},
    "a first look, and a run holds it": {"lease_run": "alive"},
    "a first look, and a run that held it is gone": {"lease_run": "silent"},
    "a result that the app reported": {"unfinished_at": LONG, "reported_at": LONG},
    "files of an answer": {"outcome": Outcome.PASSED, "failure_count": 3},
}
NOT_OVERDUE = {
    "a first look, not for long": {"ago": timedelta(seconds=OVERDUE_AFTER_SECONDS) - MINUTE},
    "a check that was unfinished and has a small chance": {"unfinished_at": LONG},
    "a report that the vendor denied": {"unfinished_at": LONG, "reported_at": LONG + 3 * MINUTE},
    "a token that the vendor does not know": {"outcome": Outcome.INVALID},
    "nothing yet": {"ago": -MINUTE},
    "nothing, because it is complete": {"outcome": Outcome.PASSED, "next_poll_at": None},
}


@pytest.mark.parametrize("fields", OVERDUE.values(), ids=OVERDUE.keys())
def test_all_three_call_an_attempt_overdue_that_waits_for(verdicts, fields):
    living_run("alive")
    silent_run("silent")
    due(**{"ago": LONG} | fields)
    assert verdicts() == {"metrics": True, "readyz": True, "alert": True}


@pytest.mark.parametrize("fields", NOT_OVERDUE.values(), ids=NOT_OVERDUE.keys())
def test_none_of_the_three_calls_an_attempt_overdue_that_waits_for(verdicts, fields):
    due(**{"ago": LONG} | fields)
    assert verdicts() == {"metrics": False, "readyz": False, "alert": False}


@pytest.mark.parametrize(("seconds", "is_overdue"), [(-30, False), (30, True)])
def test_all_three_have_the_same_threshold(verdicts, seconds, is_overdue):
    due(timedelta(seconds=OVERDUE_AFTER_SECONDS + seconds))
    assert set(verdicts().values()) == {is_overdue}


def test_many_attempts_that_nobody_waits_for_hide_no_overdue_one(verdicts, monkeypatch):
    monkeypatch.setattr(gauges, "CAP", 3)
    for _ in range(5):
        due(2 * LONG, outcome=Outcome.INVALID)
    due(LONG)
    assert set(verdicts().values()) == {True}
