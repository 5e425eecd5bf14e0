"""The two pages that a load balancer and an alert look at."""

from datetime import timedelta

import pytest
from django.db import OperationalError
from django.db.migrations.recorder import MigrationRecorder
from django.utils import timezone

from kyc_portal import health
from liveness import conditions
from liveness.models import AuditHead
from tests.builders import make_attempt


def overdue(age: timedelta):
    then = timezone.now() - age
    return make_attempt(issued_at=then, next_poll_at=then)


def test_the_process_answers_without_a_database_or_a_login(client):
    answer = client.get("/healthz")
    assert (answer.status_code, answer.json()) == (200, {"status": "ok"})
    assert "no-store" in answer["Cache-Control"]


@pytest.mark.django_db
def test_it_is_ready_and_tells_the_age_of_the_oldest_due_attempt(client):
    # The first answer of a process waits for the import of all pages.
    client.get("/healthz")
    overdue(timedelta(minutes=5))
    make_attempt()
    answer = client.get("/readyz")
    assert answer.status_code == 200
    assert answer.json()["parts"]["refresh"] == "oldest due attempt: 300 s"
    assert "no-store" in answer["Cache-Control"]


@pytest.mark.django_db
def test_it_is_not_ready_when_nobody_refreshes(client):
    overdue(timedelta(seconds=health.OVERDUE_AFTER_SECONDS + 5))
    answer = client.get("/readyz")
    assert (answer.status_code, answer.json()["not_ready"]) == (503, ["refresh"])


@pytest.mark.django_db
def test_it_is_not_ready_when_evidence_cannot_be_written(client, settings, tmp_path):
    (tmp_path / "file").touch()
    settings.LIVENESS_MEDIA_ROOT = tmp_path / "file" / "evidence"
    answer = client.get("/readyz")
    assert (answer.status_code, answer.json()["not_ready"]) == (503, ["storage"])
    assert str(tmp_path) not in answer.text


@pytest.mark.django_db
def test_it_makes_nothing_and_leaves_nothing(client, settings, tmp_path):
    assert client.get("/readyz").status_code == 200
    assert not settings.LIVENESS_MEDIA_ROOT.exists()
    settings.LIVENESS_MEDIA_ROOT.mkdir()
    assert client.get("/readyz").status_code == 200
    assert list(tmp_path.iterdir()) == [settings.LIVENESS_MEDIA_ROOT]
    assert list(settings.LIVENESS_MEDIA_ROOT.iterdir()) == []


@pytest.mark.django_db
@pytest.mark.postgres
def test_it_is_not_ready_with_migrations_that_are_not_applied(client):
    MigrationRecorder.Migration.objects.filter(app="liveness", name__startswith="0002").delete()
    answer = client.get("/readyz")
    assert (answer.status_code, answer.json()["not_ready"]) == (503, ["database"])
    assert answer.json()["parts"]["database"] == "migrations are not applied"


@pytest.mark.django_db
@pytest.mark.postgres
def test_it_is_not_ready_when_the_audit_chain_takes_no_event(client):
    AuditHead.objects.update_or_create(id=1, defaults={"sequence": 99, "hash": "f" * 64})
    answer = client.get("/readyz")
    assert (answer.status_code, answer.json()["not_ready"]) == (503, ["audit"])


@pytest.mark.django_db
def test_it_is_not_ready_while_the_call_slots_are_away_and_does_not_tell_where_they_are(client, settings):
    settings.LIVENESS_REDIS_URL = "redis://:hunter2@127.0.0.1:9/0"
    answer = client.get("/readyz")
    assert (answer.status_code, answer.json()["not_ready"]) == (503, ["slots"])
    assert "127.0.0.1" not in answer.text


@pytest.mark.django_db
@pytest.mark.postgres
def test_it_is_not_ready_while_the_vendor_refuses_the_account(client):
    now = timezone.now()
    conditions.observe(conditions.ConditionKind.ACCOUNT_REFUSED, "", "The key AKID-canary is refused.", now)
    answer = client.get("/readyz")
    assert (answer.status_code, answer.json()["not_ready"]) == (503, ["vendor"])
    assert "canary" not in answer.text


def test_it_is_not_ready_without_a_database_and_does_not_tell_where_that_is(client, monkeypatch):
    def fail(now):
        raise OperationalError('connection to server at "10.0.0.9", user "portal" failed')

    monkeypatch.setattr(health, "oldest_due", fail)
    answer = client.get("/readyz")
    assert (answer.status_code, answer.json()["not_ready"]) == (503, ["database", "refresh"])
    assert "10.0.0.9" not in answer.text


@pytest.mark.django_db
@pytest.mark.parametrize("path", ["/healthz", "/readyz"])
def test_probes_come_over_plain_http_and_only_read(client, settings, path):
    settings.SECURE_SSL_REDIRECT = True
    assert client.get(path).status_code == 200
    assert client.head(path).content == b""
    assert client.post(path).status_code == 405
    assert client.get("/admin/").status_code == 301
