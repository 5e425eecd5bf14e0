"""A person presses "Refresh now" in the admin, and the engine's threads do it."""

from datetime import timedelta

import pytest
from django.db import connection, transaction
from django.urls import reverse
from django.utils import timezone

from liveness import audit
from liveness.audit import Actor
from liveness.models import AuditEvent, Outcome
from liveness.worker import on_demand
from tests.builders import make_attempt
from tests.people import make_user, signed_in

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.postgres]


@pytest.fixture
def attempt(sandbox):
    token = sandbox.issue("pass_amara", finishes_after=0, issued_ago=60)
    return make_attempt(sdk_token=token, issued_at=timezone.now() - timedelta(minutes=1))


@pytest.mark.parametrize("is_atomic", [False, True], ids=["plain requests", "a transaction for each request"])
def test_the_button_fetches_the_result(attempt, monkeypatch, is_atomic):
    monkeypatch.setitem(connection.settings_dict, "ATOMIC_REQUESTS", is_atomic)
    person = make_user("view_verificationattempt", "refresh_verificationattempt", is_staff=True)
    url = reverse("admin:liveness_verificationattempt_act", args=[attempt.id, "refresh_now"])
    assert signed_in(person).post(url).status_code == 302
    attempt.refresh_from_db()
    assert attempt.outcome == Outcome.PASSED
    asked = AuditEvent.objects.get(action=audit.ATTEMPT_REFRESHED)
    assert asked.actor == Actor.user(person).name


def test_it_refuses_to_wait_for_its_own_transaction(attempt):
    with transaction.atomic(), pytest.raises(RuntimeError, match="durable"):
        on_demand.refresh([attempt], actor=Actor.system("tests"))
