"""Notes, and sessions that end while somebody types."""

import pytest
from django.test import Client
from django.utils import timezone

from liveness.review.claims import claims
from liveness.review.models import Decision, Note
from liveness.review.workspace.forms import LONGEST_KEPT
from tests.liveness.review.pages import (
    HTMX,
    TYPED,
    address,
    claimed,
    form,
    has_kept,
    reviewer,
    send,
    supervisor,
    typed_in,
)

pytestmark = pytest.mark.django_db


class TestNotes:
    def test_a_note_is_added_for_good(self, review):
        person, client = reviewer()
        response = client.post(address(review, "notes/", "tab=lost"), {"note": " Look at the\r\near. "})
        assert response["Location"] == address(review, query="tab=lost") + "#notes"
        note = Note.objects.get()
        assert (note.author, note.text) == (person, "Look at the\near.")
        assert "Look at the\near." in client.get(address(review)).text

    @pytest.mark.parametrize("text", ["", "   ", "x" * 4001])
    def test_what_cannot_be_a_note_comes_back(self, review, text):
        page = reviewer()[1].post(address(review, "notes/"), {"note": text})
        assert page.status_code == 422 and not Note.objects.exists()
        assert form(page, "notes/")["note"] == [text]

    def test_a_nul_does_not_reach_the_database(self, review):
        reviewer()[1].post(address(review, "notes/"), {"note": "a\x00b"})
        assert Note.objects.get().text == "ab"


def test_what_the_browser_keeps_of_one_form_outlives_the_other(review):
    client = reviewer()[1]
    page = claimed(client, review)
    before = page.context["decided_before"], page.context["noted_before"]
    client.post(address(review, "notes/"), {"note": "Said."})
    page = client.get(address(review))
    assert (before, (page.context["decided_before"], page.context["noted_before"])) == ((0, 0), (0, 1))
    send(client, page, review, **TYPED)
    page = client.get(address(review))
    assert (page.context["decided_before"], page.context["noted_before"]) == (1, 1)


class TestEndedSessions:
    """The session ends while somebody types; he sends the form, logs in, and finds his text again."""

    @pytest.fixture
    def typist(self):
        person, client = reviewer()
        person.set_password("look-closely-please")
        person.save()
        client.force_login(person)
        return person, client

    def log_in(self, client, location, person, expected=200):
        fields = {"username": person.get_username(), "password": "look-closely-please"}
        page = client.post(location, fields, follow=True)
        assert page.status_code == expected
        return page

    def test_a_decision_is_there_again_after_the_log_in(self, review, typist):
        person, client = typist
        page = claimed(client, review, "tab=open&outcome=passed")
        client.session.flush()
        response = send(client, page, review, query="tab=open&outcome=passed", **TYPED, played="0.5", marks="[]")
        assert response.status_code == 302 and not Decision.objects.exists()
        back = self.log_in(client, response["Location"], person)
        assert back.redirect_chain[-1][0] == address(review, query="tab=open&outcome=passed")
        assert has_kept(back) and "What you typed is back." in back.text
        assert form(back, "decide/")["played"] == ["0.5"]
        assert send(client, back, review).status_code == 303

    def test_it_is_put_back_only_once(self, review, typist):
        person, client = typist
        page = claimed(client, review)
        client.session.flush()
        response = send(client, page, review, **TYPED)
        self.log_in(client, response["Location"], person)
        assert typed_in(client.get(address(review)))["internal_note"] == ""

    def test_a_note_is_there_again_too(self, review, typist):
        person, client = typist
        fields = form(client.get(address(review)), "notes/")
        client.session.flush()
        response = client.post(address(review, "notes/"), fields | {"note": "half a thought"})
        assert not Note.objects.exists()
        back = self.log_in(client, response["Location"], person)
        assert form(back, "notes/")["note"] == ["half a thought"]

    def test_nobody_else_is_shown_it(self, review, typist):
        _person, client = typist
        other, _ = reviewer()
        other.set_password("look-closely-please")
        other.save()
        page = claimed(client, review)
        client.session.flush()
        response = send(client, page, review, **TYPED)
        back = self.log_in(client, response["Location"], other)
        assert "Line one" not in back.text and "liveness_review_draft" not in client.session

    def test_if_the_claim_was_lost_meanwhile_the_text_waits_beside_it(self, review, typist):
        person, client = typist
        page = claimed(client, review)
        client.session.flush()
        response = send(client, page, review, **TYPED)
        chief = supervisor()[0]
        claims.take_over(review, person=chief, reason="urgent", now=timezone.now())
        back = self.log_in(client, response["Location"], person)
        assert "Line one\nline &lt;two&gt;" in back.text and "What you typed is kept." in back.text
        claims.release(review, person=chief, now=timezone.now())
        assert has_kept(claimed(client, review))

    def test_htmx_is_sent_to_the_log_in_as_a_whole_page(self, review, typist):
        _person, client = typist
        page = claimed(client, review)
        client.session.flush()
        response = client.post(address(review, "decide/"), form(page, "decide/") | TYPED, headers=HTMX)
        assert response["HX-Redirect"].startswith("/accounts/login/?next=/review/")
        assert "liveness_review_draft" in client.session

    @pytest.mark.parametrize("author", [None, "1@made-up:signature", ""])
    def test_a_stranger_cannot_fill_the_sessions_table(self, review, author):
        client = Client()
        client.post(address(review, "decide/"), TYPED | ({"author": author} if author is not None else {}))
        assert not client.session.keys()

    def test_an_endless_text_is_cut_before_it_is_kept(self, review, typist):
        _person, client = typist
        page = claimed(client, review)
        client.session.flush()
        send(client, page, review, internal_note="x" * (LONGEST_KEPT + 1), reasons=["r" * 100] * 900)
        kept = client.session["liveness_review_draft"]["typed"]
        assert len(kept["internal_note"]) == LONGEST_KEPT
        assert (len(kept["reasons"]), len(kept["reasons"][0])) == (50, 64)

    def test_the_token_of_the_form_is_asked_for_all_the_same(self, review):
        assert Client(enforce_csrf_checks=True).post(address(review, "decide/"), TYPED).status_code == 403
