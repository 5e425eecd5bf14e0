"""Changing one's own password, and what is written down of log-ins: never a name that was typed, never a password."""

import logging

import pytest
import time_machine
from django.contrib.auth import get_user_model
from django.test import Client, RequestFactory

from kyc_portal import accounts
from liveness import audit
from liveness.exceptions import ChainError
from liveness.models import AuditEvent
from tests.people import make_user, signed_in

pytestmark = [pytest.mark.django_db, pytest.mark.postgres]
PAGE, LOG_IN = "/accounts/password/", "/accounts/login/"
OLD, NEW = "an-old-long-password", "a-new-long-password"
TYPED = {"old_password": OLD, "new_password1": NEW, "new_password2": NEW}


@pytest.fixture
def person():
    return make_user("view_review", "view_verificationattempt", password=OLD)


def events(action: str) -> list[tuple[str, str]]:
    return list(AuditEvent.objects.filter(action=action).order_by("sequence").values_list("actor", "object_id"))


def log_in(name: str, password: str, path=LOG_IN, **headers):
    return Client(headers=headers).post(path, {"username": name, "password": password})


class TestPassword:
    @pytest.mark.parametrize("page", [PAGE, "/admin/password_change/"])
    def test_a_person_changes_their_own_and_their_other_sessions_end(self, person, page):
        here, elsewhere = signed_in(person), signed_in(person)
        changed = here.post(page, TYPED, follow=True)
        assert changed.redirect_chain[0] == ("/", 302)
        assert "Your password is changed. Your other log-ins have ended." in changed.text
        person.refresh_from_db()
        assert person.check_password(NEW)
        assert here.get("/review/").status_code == 200
        assert elsewhere.get("/review/")["Location"].startswith(LOG_IN)
        assert events(audit.ACCOUNT_PASSWORD_CHANGED) == [(f"user:{person.pk}", str(person.pk))]

    @pytest.mark.parametrize(
        ("typed", "said"),
        [
            ({"old_password": "not-the-old-one"}, "old password was entered incorrectly"),
            ({"new_password2": "something-else-long"}, "password fields didn"),
            ({"new_password1": "short", "new_password2": "short"}, "at least 12 characters"),
        ],
    )
    def test_what_is_wrong_is_said_and_nothing_changes(self, person, typed, said):
        page = signed_in(person).post(PAGE, TYPED | typed)
        assert page.status_code == 200 and said in page.text
        assert not any(secret in page.text for secret in (OLD, NEW, "something-else-long"))
        person.refresh_from_db()
        assert person.check_password(OLD)
        assert events(audit.ACCOUNT_PASSWORD_CHANGED) == []

    def test_a_change_that_cannot_be_recorded_is_not_made(self, person, monkeypatch):
        def broken(*args, **kwargs):
            raise ChainError("broken")

        client = signed_in(person)
        monkeypatch.setattr(audit, "record", broken)
        page = client.post(PAGE, TYPED)
        assert page.status_code == 503 and "cannot be recorded now" in page.text
        person.refresh_from_db()
        assert person.check_password(OLD)
        assert client.get(PAGE).status_code == 200

    def test_the_header_leads_there(self, person):
        assert f'href="{PAGE}"' in signed_in(person).get("/review/").text


class TestLogIns:
    @pytest.fixture(autouse=True)
    def _heard(self, caplog):
        caplog.set_level(logging.INFO, "kyc_portal.accounts")

    @pytest.mark.parametrize("path", [LOG_IN, "/admin/login/"])
    def test_a_log_in_leaves_a_line_and_an_event(self, caplog, path):
        person = make_user(password=OLD, is_staff=True)
        assert log_in(person.username, OLD, path).status_code == 302
        assert caplog.messages == [f"Log-in: user:{person.pk} from 127.0.0.1"]
        assert events(audit.ACCOUNT_LOGGED_IN) == [(f"user:{person.pk}", str(person.pk))]

    @pytest.mark.parametrize("path", [LOG_IN, "/admin/login/"])
    def test_a_refused_one_names_the_account_by_its_key(self, caplog, person, path):
        assert log_in(person.username, "wrong-secret", path).status_code == 200
        assert [text for text in caplog.messages if "Log-in" in text] == [
            f"Log-in refused: user:{person.pk} from 127.0.0.1"
        ]
        assert events(audit.ACCOUNT_REFUSED) == [("anonymous", str(person.pk))]

    def test_a_person_whom_the_admin_lets_not_in_is_a_refused_log_in_too(self, caplog, person):
        assert log_in(person.username, OLD, "/admin/login/").status_code == 200
        assert [text for text in caplog.messages if "Log-in" in text] == [
            f"Log-in refused: user:{person.pk} from 127.0.0.1"
        ]
        assert events(audit.ACCOUNT_REFUSED) == [("anonymous", str(person.pk))]
        assert events(audit.ACCOUNT_LOGGED_IN) == []

    def test_a_name_that_nobody_has_is_kept_as_a_keyed_digest(self, caplog, settings):
        for name in ("a password typed here", "a password typed here", "another", "with\x00nul"):
            log_in(name, "wrong-secret")
        said = [text.split()[2] for text in caplog.messages if "Log-in" in text]
        assert said[0] == said[1] != said[2]
        kept = caplog.text + str(list(AuditEvent.objects.values_list("object_id", "details")))
        assert not any(text in kept for text in ("typed", "another", "wrong-secret", "nul"))
        assert [object_id for _actor, object_id in events(audit.ACCOUNT_REFUSED)][:2] == [
            said[0].removeprefix("user:"),
            said[2].removeprefix("user:"),
        ]
        settings.SECRET_KEY = "another-key-of-the-tests-" + "y" * 50
        log_in("another", "wrong-secret")
        assert said[2] not in caplog.messages[-1]

    def test_each_refusal_has_a_line_and_each_name_one_event_a_minute(self, caplog, person):
        with time_machine.travel("2026-11-22T10:00:00Z", tick=False) as clock:
            for _ in range(3):
                log_in(person.username, "wrong-secret")
            assert len(events(audit.ACCOUNT_REFUSED)) == 1
            clock.shift(61)
            log_in(person.username, "wrong-secret")
        assert len(events(audit.ACCOUNT_REFUSED)) == 2
        assert sum("Log-in refused" in text for text in caplog.messages) == 4

    def test_nobody_floods_the_chain_with_random_names(self, monkeypatch, person):
        monkeypatch.setattr(accounts, "MOST_REFUSALS", 3)
        with time_machine.travel("2026-11-22T10:00:00Z", tick=False):
            for number in range(5):
                log_in(f"nobody-{number}", "wrong-secret")
            log_in(person.username, "wrong-secret")
        assert len(events(audit.ACCOUNT_REFUSED)) == 3

    @pytest.mark.parametrize(
        ("is_behind", "forwarded", "expected"),
        [
            (True, "203.0.113.9", "203.0.113.9"),
            (True, "6.6.6.6, 2001:db8::7", "2001:db8::7"),
            (True, "", "127.0.0.1"),
            (True, "203.0.113.9\nLog-in: user:1", "unknown"),
            (False, "203.0.113.9", "127.0.0.1"),
        ],
    )
    def test_the_address_is_the_one_that_the_proxy_saw(self, settings, is_behind, forwarded, expected):
        settings.BEHIND_PROXY = is_behind
        request = RequestFactory().post(LOG_IN, headers={"X-Forwarded-For": forwarded})
        assert accounts.remote_address(request) == expected

    def test_people_log_in_while_the_chain_takes_no_events(self, caplog, monkeypatch, person):
        def broken(*args, **kwargs):
            raise ChainError("broken")

        monkeypatch.setattr(audit, "record", broken)
        assert log_in(person.username, OLD).status_code == 302
        assert log_in(person.username, "wrong-secret").status_code == 200
        assert sum("not in the audit chain (ChainError)" in text for text in caplog.messages) == 2

    def test_a_session_that_a_program_makes_is_no_log_in(self, person):
        signed_in(person)
        assert not AuditEvent.objects.exists()

    def test_the_audit_page_shows_them_with_the_account(self, person):
        log_in(person.username, "wrong-secret")
        auditor = signed_in(get_user_model().objects.create_superuser("root"))
        page = auditor.get("/review/audit/", {"action": "accounts"})
        assert "Log-in refused" in page.text
