"""The two pages that a load balancer and an alarm look at."""

from datetime import timedelta

import pytest
from django.db import OperationalError
from django.utils import timezone

from kyc_portal import health
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
    overdue(timedelta(minutes=5))
    make_attempt()
    answer = client.get("/readyz")
    assert answer.status_code == 200
    assert answer.json()["parts"]["refresh"] == "oldest due attempt: 300 s"
    assert "no-store" in answer["Cache-Control"]


@pytest.mark.django_db
def test_it_is_not_ready_when_nobody_refreshes(client):
    overdue(timedelta(seconds=health.OLDEST_DUE + 5))
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
def test_it_leaves_nothing_in_the_storage(client, settings):
    client.get("/readyz")
    assert list(settings.LIVENESS_MEDIA_ROOT.iterdir()) == []


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
