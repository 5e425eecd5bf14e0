"""What people and the log see of an outage and of a refusal: one calm page, and one line."""

import logging
import sqlite3

import psycopg
import pytest
from django.db import OperationalError
from django.db.migrations.recorder import MigrationRecorder
from django.test import Client

from liveness import views
from liveness.models import AuditHead
from liveness.models.attempt import AttemptQuerySet
from liveness.review.models import Note
from tests.liveness.review.working import make_review, make_reviewer
from tests.people import make_user, signed_in

pytestmark = pytest.mark.django_db
SECRET = "host=db.internal password=hunter2"


def database_error(state: str | None) -> OperationalError:
    failure, cause = OperationalError(SECRET), psycopg.OperationalError(SECRET)
    cause.sqlstate = state
    failure.__cause__ = cause
    return failure


@pytest.fixture
def viewer():
    return signed_in(make_user("view_verificationattempt"), raise_request_exception=False)


@pytest.fixture
def lines(caplog):
    """What the log got, each record as it is written out."""

    def read() -> list[str]:
        return [logging.Formatter("%(levelname)s %(message)s").format(record) for record in caplog.records]

    caplog.set_level(logging.WARNING)
    return read


def fail(monkeypatch, failure: Exception) -> None:
    def visible(user):
        raise failure

    monkeypatch.setattr(views, "_visible", visible)


@pytest.mark.parametrize("state", [None, "57P01", "53300", "55P03"])
def test_what_passes_is_a_page_that_says_so_and_one_line(viewer, monkeypatch, lines, state):
    fail(monkeypatch, database_error(state))
    response = viewer.get("/liveness/?q=subject-1")
    assert (response.status_code, response["Retry-After"]) == (503, "10")
    assert "Back in a moment" in response.text
    (line,) = lines()
    assert line.startswith("ERROR GET /liveness/: The database")
    assert "\n" not in line
    assert "subject-1" not in line
    assert "hunter2" not in line + response.text


@pytest.mark.parametrize(
    ("state", "words"), [("25006", "read-only"), ("53100", "disk"), ("42501", "right"), ("XX001", "damaged")]
)
def test_what_does_not_pass_is_not_a_matter_of_moments(viewer, monkeypatch, state, words):
    fail(monkeypatch, database_error(state))
    response = viewer.get("/liveness/")
    assert response.status_code == 503
    assert "Retry-After" not in response
    assert "The portal has stopped" in response.text
    assert words in response.text
    assert "moment" not in response.text


def test_a_form_that_meets_a_broken_chain_says_that_nothing_was_saved(lines):
    attempt = make_review(has_media=False).attempt
    reviewer = signed_in(make_reviewer(), raise_request_exception=False)
    AuditHead.objects.update_or_create(id=1, defaults={"sequence": 99, "hash": "f" * 64})
    response = reviewer.post(f"/review/{attempt.public_id}/notes/", {"text": "seen"})
    assert response.status_code == 503
    assert "The portal has stopped" in response.text
    assert "Nothing that you just sent was saved" in response.text
    assert "the audit chain takes no event" in response.text.lower()
    assert [line for line in lines() if "liveness_verify_audit" in line]
    assert not [line for line in lines() if "Traceback" in line]
    assert not Note.objects.exists()


def test_a_fault_of_the_code_keeps_its_traceback(viewer, monkeypatch, lines):
    fail(monkeypatch, ValueError("a fault"))
    assert viewer.get("/liveness/").status_code == 500
    assert any("Traceback" in line for line in lines())


def test_an_outage_before_any_view_has_the_same_page(viewer, monkeypatch, lines):
    def session(self):
        raise database_error(None)

    monkeypatch.setattr("django.contrib.sessions.backends.db.SessionStore.load", session)
    response = viewer.get("/liveness/")
    assert (response.status_code, response["Retry-After"]) == (503, "10")
    (line,) = lines()
    assert "Traceback" not in line


def test_a_missing_table_is_looked_for_before_it_is_named(viewer, monkeypatch):
    def broken(self, *args, **kwargs):
        failure, cause = OperationalError(SECRET), sqlite3.OperationalError(SECRET)
        cause.sqlite_errorcode = sqlite3.SQLITE_ERROR
        raise failure from cause

    monkeypatch.setattr(AttemptQuerySet, "order_by", broken)
    # All tables are there, so it is a fault of the statement.
    assert viewer.get("/liveness/").status_code == 500
    MigrationRecorder.Migration.objects.filter(app="liveness", name__startswith="0002").delete()
    response = viewer.get("/liveness/")
    assert response.status_code == 503
    assert "Migrations are not applied." in response.text


class TestRefusals:
    def test_a_page_without_the_permission_is_one_line_with_the_persons_key(self, lines):
        person = make_user(first_name="Amara")
        assert signed_in(person).get("/review/?subject=subject-1").status_code == 403
        assert lines() == [f"WARNING Refused (403, PermissionDenied) GET /review/ for user:{person.pk}"]

    def test_a_form_from_elsewhere(self, lines):
        person = make_user("view_verificationattempt")
        client = signed_in(person, enforce_csrf_checks=True)
        headers = {"Referer": "https://evil.example/?q=subject-1"}
        assert client.post("/liveness/find/?q=subject-1", {"q": "x"}, headers=headers).status_code == 403
        assert lines() == [f"WARNING Refused (403, csrf) POST /liveness/find/ for user:{person.pk}"]

    def test_a_host_that_is_not_ours(self, lines):
        assert Client().get("/review/?q=subject-1", headers={"Host": "evil.example"}).status_code == 400
        (line,) = lines()
        assert line == "ERROR Refused (400, DisallowedHost) GET /review/ for anonymous"

    def test_a_path_cannot_make_a_second_line(self, lines):
        Client().get("/review/%0AERROR%20forged", headers={"Host": "evil.example"})
        (line,) = lines()
        assert "\n" not in line
