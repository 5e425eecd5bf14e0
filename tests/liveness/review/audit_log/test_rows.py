"""The rows of the audit screen: what happened, by whom and to what, in plain words."""

import re
from pathlib import Path

import pytest
from django.contrib.auth import get_user_model
from django.contrib.staticfiles import finders
from django.db import connection
from django.test.utils import CaptureQueriesContext

from liveness import audit
from liveness.audit import Actor, registry
from liveness.audit.actions import ACTIONS
from liveness.audit.registry import ActionGroup, AuditAction
from liveness.review import actions
from liveness.review.audit_log.labels import DETAILS, details_of
from liveness.review.audit_log.rows import Row, who
from tests.builders import make_attempt
from tests.liveness.review.audit_log.auditing import PAGE, record, tamper
from tests.liveness.review.working import make_review
from tests.people import make_user

pytestmark = [pytest.mark.django_db, pytest.mark.postgres]
PAYLOADS = ("<script>alert(1)</script>", "{{7*7}}", '"><svg onload=alert(1)>')


class TestWords:
    def names(self) -> set[str]:
        constants = [*vars(audit).items(), *vars(actions).items()]
        return {value for name, value in constants if name.isupper() and str(value).startswith("liveness.")}

    def test_every_action_has_words_and_a_group(self):
        ours = [*ACTIONS, *actions.ACTIONS]
        assert {action.name for action in ours} == self.names()
        assert {action.group for action in ours} == set(ActionGroup.values)

    def test_no_two_actions_say_the_same(self):
        words = [str(action.label) for action in registry.all_actions()]
        assert len(set(words)) == len(words)

    def test_every_symbol_is_drawn(self):
        sprite = Path(finders.find("liveness/icons.svg")).read_text()
        drawn = set(re.findall(r'<symbol id="([\w-]+)"', sprite))
        assert {action.icon for action in registry.all_actions()} <= drawn
        assert {who(actor).icon for actor in ("anonymous", "system:x", "user:9")} <= drawn

    def test_an_action_of_the_host_has_the_words_that_the_host_gave_it(self, client):
        record("merchant.export.made")
        assert "Export made by the merchant" in client.get(PAGE).text

    def test_an_action_of_an_app_that_is_gone_stands_for_itself(self, client, monkeypatch):
        monkeypatch.setitem(registry._actions, "gone.thing.done", AuditAction("gone.thing.done", "", "", ""))
        record("gone.thing.done")
        monkeypatch.delitem(registry._actions, "gone.thing.done")
        assert "gone.thing.done" in client.get(PAGE).text

    @pytest.mark.parametrize(
        ("details", "words"),
        [
            ({"kind": "video", "size": 2048, "md5": "f" * 32}, "Video · 2.0\xa0KB"),
            ({"outcome": "passed", "result_code": "0"}, "Passed · code 0: The person was found to be live"),
            ({"holder": "user:7", "reason": "on leave"}, "from amara · on leave"),
            ({"holder": "user:8"}, "from user:8"),
            (
                {"outcome": "reject", "vendor_outcome": "passed", "reasons": ["attack.mask", "own"]},
                "Reject · the vendor said: passed · Mask, own",
            ),
            ({"needs_second": ["override"]}, "a second person is needed because it contradicts the vendor"),
            ({"needs_second": []}, ""),
            ({"margin": 5400, "is_complete": True}, "1 h 30 min before its window closed"),
            ({"margin": -60, "is_complete": False}, "1 min after its window closed · evidence incomplete"),
            ({"content": "f" * 64}, ""),
        ],
    )
    def test_details_are_said_in_plain_words(self, details, words):
        assert details_of(details, {"user:7": "amara"}) == words

    @pytest.mark.parametrize("value", [None, 3, "x", [], {}, [{}], 1e400])
    def test_details_that_make_no_sense_are_said_somehow(self, value):
        for name in DETAILS:
            assert isinstance(details_of({name: value}, {}), str)


class TestRows:
    def shown(self, client) -> Row:
        return client.get(PAGE).context["rows"][0]

    def test_an_account_is_named_instead_of_its_key(self, client):
        person = make_user()
        record(audit.ACCOUNT_LOGGED_IN, actor=Actor.user(person), target=person)
        assert self.shown(client).account == person.username
        key = person.pk
        person.delete()
        assert self.shown(client).account == f"account {key}"
        record(audit.ATTEMPT_REFRESHED, target=make_attempt())
        assert self.shown(client).account == ""

    def test_people_are_named_as_today_the_deactivated_too(self, client):
        person = make_user()
        record(actor=Actor.user(person))
        assert (self.shown(client).who.name, self.shown(client).who.remark) == (person.username, "")
        get_user_model().objects.filter(pk=person.pk).update(username="renamed", is_active=False)
        assert (self.shown(client).who.name, self.shown(client).who.remark) == ("renamed", "deactivated")

    @pytest.mark.parametrize(
        ("actor", "name", "remark"),
        [
            (Actor.system("liveness_refresh"), "liveness_refresh", "system"),
            (Actor("anonymous"), "Nobody logged in", ""),
            (Actor("user:999999"), "user:999999", "no such account"),
            (Actor("user:sha256:" + "f" * 64), "user:sha256:" + "f" * 64, "no such account"),
            (Actor("user:" + "9" * 30), "user:" + "9" * 30, "no such account"),
        ],
    )
    def test_actors_without_an_account_are_shown_as_they_are(self, client, actor, name, remark):
        record(actor=actor)
        assert (self.shown(client).who.name, self.shown(client).who.remark) == (name, remark)

    def test_a_take_over_names_whom_it_was_taken_from(self, client):
        holder = make_user()
        record(actions.REVIEW_TAKEN_OVER, holder=Actor.user(holder).name, reason="on leave")
        assert f"from {holder.username} · on leave" in client.get(PAGE).text

    def test_a_file_leads_to_its_attempt(self, client):
        review = make_review()
        record(audit.MEDIA_VIEWED, target=review.attempt.media.first(), kind="best_frame")
        about = self.shown(client).about
        assert (about.public_id, about.subject) == (review.attempt.public_id, review.attempt.subject_reference)
        assert about.has_page

    def test_the_proof_is_there_on_demand(self, client):
        event = record(audit.MEDIA_VIEWED, sha256="f" * 64)
        text = client.get(PAGE).text
        for part in (event.hash, event.previous_hash, event.action, event.actor, "f" * 64):
            assert part in text

    @pytest.mark.parametrize("payload", PAYLOADS)
    def test_nothing_in_an_event_becomes_markup(self, client, payload, monkeypatch):
        person = make_user()
        get_user_model().objects.filter(pk=person.pk).update(username=payload)
        attempt = make_attempt(subject_reference=payload)
        name = "host." + payload[:40]
        monkeypatch.setitem(registry._actions, name, AuditAction(name, "", "history", name))
        record(name, actor=Actor.user(person), target=attempt, reason=payload)
        for page in (client.get(PAGE), client.get(f"{PAGE}?subject={attempt.public_id}")):
            assert payload not in page.text or payload == "{{7*7}}"
            assert "49" not in page.context["rows"][0].details

    @pytest.mark.parametrize("details", ["no json", "[1]", "", '{"margin": "x", "reasons": 3, "holder": []}'])
    def test_the_page_opens_on_a_chain_that_was_tampered_with(self, client, details):
        record(target=make_attempt())
        tamper("UPDATE liveness_auditevent SET details = %s, object_id = 'nothing'", details)
        assert client.get(PAGE).status_code == 200

    def test_it_asks_as_many_questions_for_fifty_rows_as_for_one(self, client):
        def questions() -> int:
            with CaptureQueriesContext(connection) as queries:
                client.get(PAGE)
            return len(queries)

        def happen() -> None:
            review = make_review()
            record(target=review.attempt, actor=Actor.user(make_user()))
            record(target=review.attempt.media.first())

        happen()
        questions()
        few = questions()
        for _ in range(20):
            happen()
        assert questions() == few <= 12
