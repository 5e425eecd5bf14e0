"""Leaving, and the pages for what went wrong: designed, and telling nothing of the inside."""

import pytest
from django.contrib.auth.signals import user_logged_out
from django.db import InterfaceError, OperationalError
from django.test import Client

from liveness import views
from tests.people import make_user, signed_in

pytestmark = pytest.mark.django_db
SECRET = "host=db.internal password=hunter2"


@pytest.fixture
def viewer():
    return signed_in(make_user("view_verificationattempt"), raise_request_exception=False)


def fails_with(monkeypatch, failure: Exception) -> None:
    def visible(user):
        raise failure

    monkeypatch.setattr(views, "_visible", visible)


@pytest.mark.parametrize("failure", [OperationalError(SECRET), InterfaceError(SECRET)])
def test_a_database_that_is_away_is_a_matter_of_moments(viewer, monkeypatch, failure):
    fails_with(monkeypatch, failure)
    response = viewer.get("/liveness/")
    assert (response.status_code, response["Retry-After"]) == (503, "10")
    assert "Back in a moment" in response.text
    assert "hunter2" not in response.text


def test_any_other_fault_has_a_page_that_says_nothing_of_the_inside(viewer, monkeypatch):
    fails_with(monkeypatch, ValueError(SECRET))
    response = viewer.get("/liveness/")
    assert response.status_code == 500
    assert "Something went wrong" in response.text
    for inside in ("hunter2", "Traceback", "ValueError", "/liveness/views.py"):
        assert inside not in response.text


def test_the_page_for_a_fault_links_static_files_that_exist(viewer, monkeypatch, settings):
    fails_with(monkeypatch, ValueError())
    text = viewer.get("/liveness/").text
    for name in ("liveness/tokens.css", "liveness/pages.css", "portal/portal.css"):
        assert f'href="/{settings.STATIC_URL.strip("/")}/{name}"' in text


def test_a_form_from_elsewhere_gets_a_page_that_says_what_to_do():
    client = signed_in(make_user("view_verificationattempt"), enforce_csrf_checks=True)
    response = client.post("/liveness/find/", {"q": "x"})
    assert response.status_code == 403
    assert "The page has expired" in response.text


@pytest.mark.parametrize("path", ["/accounts/logout/", "/admin/logout/"])
def test_leaving_ends_the_session_and_clears_the_browser(path):
    left = []
    user_logged_out.connect(lambda user, **more: left.append(user), weak=False, dispatch_uid="test")
    client = signed_in(make_user("view_verificationattempt"))
    old = client.cookies["sessionid"].value
    response = client.post(path)
    user_logged_out.disconnect(dispatch_uid="test")
    assert response["Clear-Site-Data"] == '"cache", "storage"'
    assert len(left) == 1
    replayed = Client()
    replayed.cookies["sessionid"] = old
    assert replayed.get("/liveness/").status_code == 302


def test_nobody_can_have_a_browser_cleared_by_an_address():
    assert "Clear-Site-Data" not in signed_in(make_user()).get("/accounts/logout/")


@pytest.mark.parametrize("next_page", ["https://evil.example/", "//evil.example/", "javascript:alert(1)"])
def test_a_log_in_never_leads_to_another_site(next_page):
    user = make_user("view_verificationattempt")
    user.set_password("a-long-password")
    user.save()
    values = {"username": user.username, "password": "a-long-password", "next": next_page}
    assert Client().post("/accounts/login/", values)["Location"] == "/"


@pytest.mark.parametrize(
    ("permissions", "is_staff", "start"),
    [
        (["view_review", "view_verificationattempt"], False, "/review/"),
        (["view_verificationattempt"], True, "/liveness/"),
        ([], True, "/admin/"),
        ([], False, "/liveness/"),
    ],
)
def test_the_day_starts_at_the_first_page_that_a_person_may_open(permissions, is_staff, start):
    assert signed_in(make_user(*permissions, is_staff=is_staff)).get("/")["Location"] == start
