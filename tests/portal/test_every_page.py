"""What is true of every answer: no cache keeps it, no address names a person, and it is in one language."""

import re
from html import unescape
from urllib.parse import quote, quote_plus, unquote_plus

import pytest
import time_machine
from django.core.management import call_command
from django.db import OperationalError
from django.test import Client
from django.urls import get_resolver

from kyc_portal.roles import STAFF_ROLES
from liveness import views
from liveness.models import VerificationAttempt
from liveness.worker import engine
from liveness.worker.run_report import RunReport
from tests.liveness.media.views.visiting import SEALS, seals
from tests.portal.bordered import OURS, address, make_person, make_side, routes

pytestmark = pytest.mark.django_db
NO_STORE = "private, no-store"
# Every character of it has another spelling in an address or in a page.
REFERENCE = "CUSTOMER/17 & Ünal+1"
LINKS = re.compile(r"""\s(?:href|src|action|formaction|hx-\w+|data-[\w-]+|poster|content)=["']([^"']*)["']""")
TITLE = re.compile(r"<title>(.*?)</title>", re.DOTALL)
NOW = "2026-11-22T10:00:00Z"


@pytest.fixture
def visitor(monkeypatch):
    """A superuser, and an attempt whose subject has a reference that can be looked for."""
    monkeypatch.setattr(engine, "run", lambda plan: RunReport())
    call_command("portal_roles")
    client = Client(raise_request_exception=False)
    client.force_login(make_person("superuser", STAFF_ROLES))
    with time_machine.travel(NOW, tick=False):
        client.side = make_side(OURS, REFERENCE, 101)
        VerificationAttempt.objects.update(subject_reference=REFERENCE)
        yield client


def pages(side) -> list[str]:
    return [address(route, side.records) for route in routes(get_resolver().url_patterns)]


class TestCaches:
    def test_no_cache_keeps_any_answer(self, visitor):
        leaving = {"/accounts/logout/", "/admin/logout/"}
        answers = {("GET", page): visitor.get(page) for page in pages(visitor.side)}
        answers |= {("POST", page): visitor.post(page) for page in pages(visitor.side) if page not in leaving}
        answers |= {("HTMX", page): visitor.get(page, headers={"HX-Request": "true"}) for page in pages(visitor.side)}
        answers |= {("anonymous", page): Client().get(page) for page in pages(visitor.side)}
        answers |= {("POST", page): visitor.post(page) for page in leaving}
        kept = {key: answer.get("Cache-Control") for key, answer in answers.items()}
        assert {key: told for key, told in kept.items() if told != NO_STORE} == {}
        assert {answer.status_code for answer in answers.values()} >= {200, 204, 302, 303, 401, 403, 404, 405, 409, 422}

    @pytest.mark.parametrize(
        ("path", "headers", "status"),
        [
            ("/nothing/here/", {}, 404),
            ("/static/nothing-here.css", {}, 404),
            ("/review", {}, 301),
            ("/", {"Host": "other.example"}, 400),
        ],
    )
    def test_what_django_itself_answers_is_kept_by_none_either(self, visitor, path, headers, status):
        answer = visitor.get(path, headers=headers)
        assert (answer.status_code, answer["Cache-Control"]) == (status, NO_STORE)

    @pytest.mark.parametrize("kind", ["text/plain; charset=utf-7", "application/x-www-form-urlencoded"])
    def test_nor_is_the_refusal_of_a_request_that_cannot_be_read(self, settings, kind):
        settings.DATA_UPLOAD_MAX_MEMORY_SIZE = 10
        answer = Client().generic("POST", "/accounts/login/", b"username=" + b"x" * 100, content_type=kind)
        assert (answer.status_code, answer["Cache-Control"]) == (400, NO_STORE)

    @pytest.mark.parametrize(("failure", "status"), [(ValueError(), 500), (OperationalError(), 503)])
    def test_nor_is_the_page_of_a_fault(self, visitor, monkeypatch, failure, status):
        def fails(user):
            raise failure

        monkeypatch.setattr(views, "_visible", fails)
        answer = visitor.get("/liveness/")
        assert (answer.status_code, answer["Cache-Control"]) == (status, NO_STORE)

    def test_nor_is_a_forged_form_or_a_redirect_to_https(self, visitor, settings):
        forged = Client(enforce_csrf_checks=True).post("/accounts/login/")
        assert (forged.status_code, forged["Cache-Control"]) == (403, NO_STORE)
        settings.SECURE_SSL_REDIRECT = True
        moved = Client().get("/review/")
        assert (moved.status_code, moved["Cache-Control"]) == (301, NO_STORE)

    def test_media_keep_their_own_seals(self, visitor):
        door = f"/liveness/media/{visitor.side.records['media']}/"
        for answer in (
            visitor.get(door),
            visitor.get(door, headers={"Range": "bytes=0-0"}),
            visitor.post(door + "download/"),
        ):
            assert seals(answer) == SEALS
        known = visitor.get(door, headers={"If-None-Match": visitor.get(door)["ETag"]})
        assert (known.status_code, known["Cache-Control"]) == (304, NO_STORE)

    def test_static_files_stay_public(self, settings):
        settings.WHITENOISE_USE_FINDERS = True
        answer = Client().get("/static/portal/portal.css")
        assert answer.status_code == 200
        assert "public" in answer["Cache-Control"] and "no-store" not in answer["Cache-Control"]


class TestAddresses:
    def test_no_address_and_no_title_names_a_subject(self, visitor):
        side, found = visitor.side, {}
        finds = [page for page in pages(side) if page.endswith("/find/")]
        answers = {page: visitor.get(page) for page in pages(side)}
        for find in finds:
            for text in (REFERENCE, "CUSTOMER/18 & Ünal+1"):
                answers[find, text] = visitor.post(find, {"q": text})
                answers[find, text, "then"] = visitor.get(answers[find, text]["Location"])
        asked = [
            f"/review/{tail}"
            for tail in ("?tab=decided", "audit/?single=1", f"audit/?subject={side.records['attempts']}")
        ]
        answers |= {page: visitor.get(page) for page in asked}
        for page, answer in answers.items():
            if names := [text for text in addresses(answer) if "CUSTOMER" in unquote_plus(unescape(text))]:
                found[page] = names
        assert found == {}
        assert REFERENCE in unescape(answers["/liveness/find/", REFERENCE, "then"].text)

    def test_the_search_for_references_knows_every_spelling(self):
        for spelt in (REFERENCE, quote(REFERENCE, safe=""), quote_plus(REFERENCE)):
            assert "CUSTOMER" in unquote_plus(unescape(spelt))
        assert LINKS.findall('<a href="/x?q=1"><form action=\'/y\'><div hx-get="/z">') == ["/x?q=1", "/y", "/z"]


def addresses(answer) -> list[str]:
    """Every address that the answer holds or sends its reader to, and its title."""
    names = (
        "Location",
        "HX-Push-Url",
        "HX-Replace-Url",
        "HX-Redirect",
        "HX-Location",
        "Link",
        "Refresh",
        "Content-Disposition",
    )
    sent = [answer.headers[name] for name in names if name in answer.headers]
    text = "" if answer.streaming else answer.text
    return [*sent, *LINKS.findall(text), *TITLE.findall(text)]


class TestLanguage:
    def texts(self, visitor) -> dict[str, tuple[int, str]]:
        answers = {page: visitor.get(page) for page in [*pages(visitor.side), "/nothing/", "/review/?tab=decided"]}
        form = {"username": "", "password": ""}
        answers["login"], answers["password"] = (
            Client().post("/accounts/login/", form),
            visitor.post("/accounts/password/"),
        )
        hide = re.compile(r'name="csrfmiddlewaretoken" value="\w+"|data-csrf="\w+"')
        return {
            page: (answer.status_code, hide.sub("", answer.text))
            for page, answer in answers.items()
            if not answer.streaming
        }

    def test_without_a_catalogue_every_page_is_wholly_in_english_and_says_so(self, visitor, settings):
        self.texts(visitor)
        english = self.texts(visitor)
        # One with a region, one with a script, and one that is written from right to left.
        for code in ("fr", "pt-br", "zh-hans", "ar"):
            settings.LANGUAGE_CODE = code
            shown = self.texts(visitor)
            assert {page: shown[page] for page in english if shown[page] != english[page]} == {}
            named = {page: re.findall(r"<html lang=\"([^\"]*)\"", text) for page, (_status, text) in shown.items()}
            assert {page: lang for page, lang in named.items() if lang not in ([], ["en"])} == {}
            assert sum(bool(lang) for lang in named.values()) > 40

    def test_a_variant_of_a_language_that_there_is_keeps_its_name(self, visitor, settings):
        settings.LANGUAGE_CODE = "en-gb"
        assert '<html lang="en-gb"' in visitor.get("/review/").text

    @pytest.mark.parametrize("path", ["/liveness/", "/review/", "/review/audit/", "/admin/liveness/storedmedia/"])
    def test_a_host_without_the_middleware_has_english_pages_of_the_app(self, visitor, settings, path):
        others = [name for name in settings.MIDDLEWARE if "PageLanguage" not in name]
        settings.MIDDLEWARE = [*others, "django.middleware.locale.LocaleMiddleware"]
        settings.LANGUAGE_CODE = "fr"
        page = visitor.get(path, headers={"Accept-Language": "de, fr;q=0.9"})
        assert page["Content-Language"] == "en"
        assert '<html lang="en"' in page.text
        assert not re.search("Accueil|Rechercher|Afficher|Suchen|Hinzuf", page.text)
