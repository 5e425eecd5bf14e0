"""The audit screen: what it tells, to whom, in which words, and what it costs."""

import json
import re
import uuid
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from html import unescape
from pathlib import Path

import pytest
import time_machine
from django.contrib.auth import get_user_model
from django.contrib.staticfiles import finders
from django.db import connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from liveness.access import AccessPolicy
from liveness.models import AuditCheck, AuditEvent, AuditHead, MediaKind, Outcome
from liveness.review.policy import APPROVE, REJECT
from liveness.review.services import actions
from liveness.review.trail import reading
from liveness.review.trail.reading import Wanted
from liveness.review.trail.rows import Row, rows, who
from liveness.review.trail.words import ACTS, DETAILS, GROUPS, details_of
from liveness.services import audit
from liveness.services.audit import Actor
from tests.builders import make_attempt, make_media
from tests.liveness.review.working import decide, in_step, make_review, make_supervisor, propose_again
from tests.people import make_user, signed_in

pytestmark = [pytest.mark.django_db, pytest.mark.postgres]
PAGE = "/review/audit/"
FIND, VERIFY = f"{PAGE}find/", f"{PAGE}verify/"
AUDITOR = ("view_auditevent", "view_review", "view_verificationattempt", "view_storedmedia", "view_decision")
SOMEBODY = Actor.system("tests")
PAYLOADS = ("<script>alert(1)</script>", "{{7*7}}", '"><svg onload=alert(1)>')


class OursOnly(AccessPolicy):
    """A host's policy that shows one merchant's attempts."""

    def visible_attempts(self, user):
        return super().visible_attempts(user).filter(subject_reference__startswith="ours")


@pytest.fixture
def auditor():
    return make_user(*AUDITOR)


@pytest.fixture
def client(auditor):
    return signed_in(auditor)


def record(action=audit.ATTEMPT_REFRESHED, *, actor=SOMEBODY, target=None, **details):
    with transaction.atomic():
        return audit.record(action, actor=actor, target=target, **details)


def numbers(response) -> list[int]:
    return [row.event.sequence for row in response.context["rows"]]


def found(client, text, **filters) -> str:
    """Where the search for this text leads; empty when it leads to the page itself."""
    return client.post(FIND, {"q": text, **filters})["Location"].removeprefix(PAGE)


def tamper(sql: str, *values) -> None:
    """Change the chain as somebody with rights on the database could."""
    with connection.cursor() as cursor:
        if connection.vendor == "sqlite":
            cursor.execute("DROP TRIGGER liveness_auditevent_refuse_update")
        else:
            cursor.execute("ALTER TABLE liveness_auditevent DISABLE TRIGGER USER")
        cursor.execute(sql, values)


class TestWords:
    def names(self) -> set[str]:
        constants = [*vars(audit).items(), *vars(actions).items()]
        return {value for name, value in constants if name.isupper() and str(value).startswith("liveness.")}

    def test_every_action_has_words_and_a_group(self):
        assert self.names() == set(ACTS)
        assert {act.group for act in ACTS.values()} == set(GROUPS)

    def test_no_two_actions_say_the_same(self):
        words = [str(act.words) for act in ACTS.values()]
        assert len(set(words)) == len(words)

    def test_every_symbol_is_drawn(self):
        sprite = Path(finders.find("liveness/icons.svg")).read_text()
        drawn = set(re.findall(r'<symbol id="([\w-]+)"', sprite))
        assert {act.icon for act in ACTS.values()} <= drawn
        assert {who(actor).icon for actor in ("anonymous", "system:x", "user:9")} <= drawn

    def test_an_action_of_the_host_stands_for_itself(self, client):
        record("merchant.export.made")
        assert "merchant.export.made" in client.get(PAGE).text

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


class TestAccess:
    def test_strangers_are_asked_to_log_in(self):
        assert Client().get(PAGE).status_code == Client().post(FIND).status_code == 302

    def test_without_the_permission_it_is_refused(self):
        client = signed_in(make_user("view_review", "view_verificationattempt"))
        assert [client.get(PAGE).status_code, client.post(FIND).status_code] == [403, 403]
        assert client.post(VERIFY).status_code == 403
        assert not AuditCheck.objects.exists()

    def test_searching_and_verifying_are_posts_that_need_a_token_of_the_page(self, auditor):
        client = signed_in(auditor, enforce_csrf_checks=True)
        assert [client.get(FIND).status_code, client.get(VERIFY).status_code] == [405, 405]
        assert [client.post(FIND).status_code, client.post(VERIFY).status_code] == [403, 403]

    def test_what_the_policy_hides_is_neither_named_nor_found(self, client, settings):
        ours, theirs = make_attempt(subject_reference="ours"), make_attempt(subject_reference="theirs")
        file = make_media(theirs, MediaKind.VIDEO, b"video")
        for target in (ours, theirs, file):
            record(target=target)
        settings.LIVENESS_ACCESS_POLICY = f"{__name__}.OursOnly"
        page = client.get(PAGE)
        assert len(numbers(page)) == 3
        assert "theirs" not in page.text
        for text in ("theirs", theirs.sdk_token, str(theirs.public_id), str(file.public_id)):
            assert found(client, text) == ""
        page = client.get(f"{PAGE}?attempt={theirs.public_id}")
        assert numbers(page) == []
        assert "No such attempt" in page.text

    def test_nothing_is_told_of_what_happened_to_what_the_policy_hides(self, client, settings):
        ours, theirs = make_attempt(subject_reference="ours"), make_attempt(subject_reference="theirs")
        file = make_media(theirs, MediaKind.VIDEO, b"video")
        for target in (ours, theirs, file, None):
            record(target=target, reason="a reason")
        decide(make_review(subject_reference="theirs too"), make_supervisor(), REJECT)
        settings.LIVENESS_ACCESS_POLICY = f"{__name__}.OursOnly"
        page = client.get(PAGE)
        told = {row.event.sequence: row.details for row in page.context["rows"] if row.proof}
        assert told == {1: "a reason", 4: "a reason"}
        assert {row.details for row in page.context["rows"] if not row.proof} >= {"hidden"}
        assert "attack.print" not in page.text

    def test_a_file_that_may_not_be_seen_is_hidden_where_its_attempt_is_not(self):
        record(target=make_media(make_attempt(), MediaKind.VIDEO, b"video"), sha256="f" * 64)
        [row] = signed_in(make_user("view_auditevent", "view_verificationattempt")).get(PAGE).context["rows"]
        assert (row.details, row.proof) == ("hidden", "")

    def test_a_link_leads_to_the_review_only_where_there_is_one_to_see(self, client):
        attempt = make_attempt()
        record(target=attempt)
        link = f"/review/{attempt.public_id}/"
        assert link not in client.get(PAGE).text
        in_step(attempt)
        assert link in client.get(PAGE).text
        assert link not in signed_in(make_user("view_auditevent", "view_verificationattempt")).get(PAGE).text


class TestPaging:
    @pytest.fixture(autouse=True)
    def _short_pages(self, monkeypatch):
        monkeypatch.setattr(reading.page, "__kwdefaults__", reading.page.__kwdefaults__ | {"size": 4})

    @pytest.mark.parametrize("filters", ["", "?person=system%3Atests", "?action=attempts", "?attempt={attempt}"])
    def test_every_event_comes_once_the_newest_first(self, client, filters):
        attempt = make_attempt()
        for _ in range(10):
            record(target=attempt)
        address, seen = PAGE + filters.format(attempt=attempt.public_id), []
        while address:
            page = client.get(address)
            seen += numbers(page)
            address = page.context["older"]
        assert seen == list(range(10, 0, -1))

    def test_the_way_back_shows_the_same_pages(self, client):
        for _ in range(8):
            record()
        second = client.get(client.get(PAGE).context["older"])
        assert numbers(second) == [4, 3, 2, 1]
        assert second.context["older"] is None
        assert numbers(client.get(second.context["newer"])) == [8, 7, 6, 5]

    def test_a_short_page_towards_the_newest_is_the_newest(self, client):
        for _ in range(6):
            record()
        page = client.get(f"{PAGE}?after=5")
        assert numbers(page) == [6, 5, 4, 3]
        assert page.context["newer"] is None

    @pytest.mark.parametrize("cursor", ["x", "-1", "", "9" * 30, "٣", "1.5"])
    def test_a_cursor_that_is_none_gives_the_newest_page(self, client, cursor):
        record()
        assert numbers(client.get(PAGE, {"before": cursor})) == numbers(client.get(PAGE, {"after": cursor})) == [1]

    def test_links_keep_the_filters(self, client):
        for _ in range(5):
            record(audit.MEDIA_VIEWED)
        page = client.get(f"{PAGE}?action=looks&person=system%3Atests")
        assert page.context["older"] == f"{PAGE}?person=system%3Atests&action=looks&before=2"


class TestFilters:
    def test_a_person_and_a_kind_of_events_narrow_it_together(self, client, auditor):
        record(audit.MEDIA_VIEWED, actor=Actor.user(auditor))
        record(audit.MEDIA_STORED, actor=Actor.user(auditor))
        record(audit.MEDIA_VIEWED)
        person = {"person": Actor.user(auditor).name}
        assert numbers(client.get(PAGE, person)) == [2, 1]
        assert numbers(client.get(PAGE, {"action": "looks"})) == [3, 1]
        assert numbers(client.get(PAGE, person | {"action": "looks"})) == [1]
        assert numbers(client.get(PAGE, person | {"action": "claims"})) == []

    def test_an_attempt_is_followed_through_its_files_and_its_review(self, client):
        attempt, other = make_attempt(outcome=Outcome.PASSED), make_attempt()
        file = make_media(attempt, MediaKind.VIDEO, b"video")
        record(audit.ATTEMPT_REGISTERED, target=attempt)
        record(audit.ATTEMPT_REGISTERED, target=other)
        record(audit.MEDIA_VIEWED, target=file)
        record(actions.REVIEW_CLAIMED, target=attempt)
        assert numbers(client.get(PAGE, {"attempt": attempt.public_id})) == [4, 3, 1]
        assert numbers(client.get(PAGE, {"attempt": attempt.public_id, "action": "looks"})) == [3]
        assert numbers(client.get(PAGE, {"attempt": attempt.public_id, "person": "system:nobody"})) == []

    def test_a_subject_is_followed_through_all_its_attempts(self, client):
        first, second = make_attempt(subject_reference="amara"), make_attempt(subject_reference="amara")
        for target in (first, make_attempt(subject_reference="mei"), second, make_media(first, MediaKind.VIDEO, b"v")):
            record(target=target)
        for attempt in (first, second):
            page = client.get(PAGE, {"subject": attempt.public_id})
            assert numbers(page) == [4, 3, 1]
            assert "more than" not in page.text

    def test_it_says_when_a_subject_has_too_many_attempts(self, client, monkeypatch):
        monkeypatch.setattr("liveness.review.trail.filters.MOST", 2)
        attempts = [make_attempt(subject_reference="amara") for _ in range(3)]
        for attempt in attempts:
            record(target=attempt)
        page = client.get(PAGE, {"subject": attempts[0].public_id})
        assert numbers(page) == [3, 2]
        assert "newest" in page.text and page.context["scope"].is_cut

    @pytest.mark.parametrize(
        "query",
        [
            "person=%00",
            "person=" + "x" * 999,
            "action=nonsense",
            "attempt=x",
            "subject=%00",
            "person=%0A",
            "before=%00",
        ],
    )
    def test_a_filter_that_makes_no_sense_is_ignored(self, client, query):
        record()
        assert numbers(client.get(f"{PAGE}?{query}")) == [1]

    def test_an_empty_page_says_why(self, client):
        assert "Nothing has happened yet" in client.get(PAGE).text
        record()
        assert "No event matches" in client.get(f"{PAGE}?action=claims").text
        assert "No such attempt" in client.get(f"{PAGE}?subject={uuid.uuid4()}").text


class TestThumbnails:
    """One look at the queue is one event for each picture in it, and one line of the screen."""

    @pytest.fixture
    def looks(self):
        """Events 1 to 7: five thumbnails of one person within a minute, one of another, and something else."""
        media = [make_media(make_attempt(subject_reference=f"s{n}"), MediaKind.BEST_FRAME, b"%d" % n) for n in range(6)]
        at = timezone.now().replace(second=10, microsecond=0)
        for file, who_ in zip(media, ("user:1", "user:1", "user:2", "user:1", "user:1", "user:1"), strict=True):
            with time_machine.travel(at, tick=False):
                record(audit.MEDIA_PREVIEWED, actor=Actor(who_), target=file)
            at += timedelta(seconds=5)
        record()

    def lines(self, response) -> list[list[int]]:
        return [[member.event.sequence for member in row.members] for row in response.context["rows"]]

    def test_those_of_one_person_within_a_minute_are_one_line(self, client, looks):
        page = client.get(PAGE)
        assert self.lines(page) == [[7], [6, 5, 4, 2, 1], [3]]
        assert "5 thumbnails shown" in page.text
        assert page.text.count("s0") == 1

    def test_another_minute_is_another_line(self, client):
        file = make_media(make_attempt(), MediaKind.BEST_FRAME, b"frame")
        for second in (59, 61):
            with time_machine.travel(datetime(2026, 11, 22, 14, 0, tzinfo=UTC) + timedelta(seconds=second), tick=False):
                record(audit.MEDIA_PREVIEWED, target=file)
        assert self.lines(client.get(PAGE)) == [[2], [1]]

    def test_each_can_be_seen_with_its_proof(self, client, looks):
        page = client.get(PAGE)
        [address] = re.findall(r'href="(\?single=1[^"]*)"', page.text)
        assert numbers(client.get(PAGE + unescape(address))) == [6, 5, 4, 2, 1]
        assert found(client, "4").startswith("?single=1") and not found(client, "7").startswith("?single")
        assert numbers(client.get(PAGE + found(client, "4"))) == [4, 3, 2, 1]

    @pytest.mark.parametrize("size", [1, 2])
    def test_turning_pages_loses_none_and_shows_none_twice(self, looks, size):
        pages, cursor = [], None
        while not pages or cursor:
            page = reading.page(Wanted(), before=cursor, size=size, line_of=reading.together)
            pages.append([event.sequence for event in page.events])
            cursor = page.older
        assert [number for page in pages for number in page] == [7, 6, 5, 4, 3, 2, 1]
        page = reading.page(Wanted(), after=pages[-1][0], size=size, line_of=reading.together)
        shown = [event.sequence for event in page.events]
        assert shown == list(range(shown[0], pages[-1][0], -1))
        assert len({reading.together(event) for event in page.events}) == size

    def test_a_page_has_an_end_however_many_share_a_line(self, looks, monkeypatch):
        monkeypatch.setattr(reading, "MOST_EVENTS", 4)
        first = reading.page(Wanted(), line_of=reading.together)
        second = reading.page(Wanted(), before=first.older, line_of=reading.together)
        assert [event.sequence for event in (*first.events, *second.events)] == [7, 6, 5, 4, 3, 2, 1]
        assert second.older is None


class TestFind:
    def test_a_user_name_leads_to_what_this_person_did(self, client, auditor):
        assert found(client, auditor.username) == f"?person=user%3A{auditor.pk}"

    def test_a_part_of_the_system_is_found_by_its_name(self, client):
        record()
        assert found(client, "tests") == found(client, "system:tests") == "?person=system%3Atests"

    def test_every_id_of_an_attempt_leads_to_it(self, client):
        attempt = make_attempt(outcome=Outcome.PASSED, request_id="request-1")
        file = make_media(attempt, MediaKind.VIDEO, b"video")
        for text in (attempt.sdk_token, attempt.public_id, "request-1", file.public_id, f" {attempt.public_id} "):
            assert found(client, str(text)) == f"?attempt={attempt.public_id}"

    def test_a_subject_is_found_without_its_reference_in_any_address(self, client):
        attempt = make_attempt(subject_reference="amara@example.org")
        record(target=attempt)
        address = found(client, "amara@example.org")
        assert address == f"?subject={attempt.public_id}"
        page = client.get(PAGE + address)
        assert "amara@example.org" in page.text
        assert not re.findall(r'(?:href|src|action|value)="[^"]*amara', page.text)

    def test_an_event_is_found_by_its_number(self, client):
        for _ in range(3):
            record()
        assert numbers(client.get(PAGE + found(client, "2"))) == [2, 1]

    def test_it_keeps_the_other_filters(self, client, auditor):
        attempt = make_attempt()
        kept = {"action": "looks", "subject": str(uuid.uuid4())}
        assert found(client, str(attempt.public_id), **kept) == f"?action=looks&attempt={attempt.public_id}"
        assert found(client, auditor.username, action="looks") == f"?person=user%3A{auditor.pk}&action=looks"

    @pytest.mark.parametrize("text", ["", "   ", "nobody-at-all", "\x00", "9" * 40, "7", "user:7", "%", "é" * 300])
    def test_what_matches_nothing_is_said(self, client, text):
        record()
        page = client.post(FIND, {"q": text, "action": "looks"}, follow=True)
        assert page.redirect_chain == [(f"{PAGE}?action=looks", 303)]
        assert "Nothing matches that exactly" in page.text

    def test_a_token_reaches_no_address(self, client):
        token = make_attempt().sdk_token
        page = client.post(FIND, {"q": token}, follow=True)
        assert token not in page.text + str(page.redirect_chain)


class TestRows:
    def shown(self, client) -> Row:
        return client.get(PAGE).context["rows"][0]

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
    def test_nothing_in_an_event_becomes_markup(self, client, payload):
        person = make_user()
        get_user_model().objects.filter(pk=person.pk).update(username=payload)
        attempt = make_attempt(subject_reference=payload)
        record("host." + payload[:40], actor=Actor.user(person), target=attempt, reason=payload)
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


class TestBlindness:
    """A proposal that waits for a blind second look."""

    @pytest.fixture
    def proposed(self, settings):
        settings.LIVENESS_REVIEW_SAMPLE = 1
        maker = make_supervisor()
        review = make_review()
        decide(review, maker, APPROVE)
        return review, maker

    def details(self, person, review) -> Row:
        events = AuditEvent.objects.filter(action=actions.DECISION_PROPOSED)
        return rows(list(events), person)[0]

    def test_it_is_told_to_nobody_but_its_maker(self, client, auditor, proposed):
        review, maker = proposed
        row = self.details(auditor, review)
        assert (row.details, row.proof) == ("hidden until the second person has decided", "")
        assert "approve" in self.details(maker, review).proof
        page = client.get(f"{PAGE}?action=decisions").text
        assert "hidden until" in page and "&quot;outcome&quot;" not in page

    @pytest.mark.parametrize("is_undone", [True, False])
    def test_what_was_withdrawn_before_it_stays_hidden_too(self, client, settings, is_undone):
        settings.LIVENESS_REVIEW_SAMPLE, settings.LIVENESS_REVIEW_UNDO = 1, 30
        review = make_review()
        propose_again(review, make_supervisor(), REJECT, is_undone=is_undone)
        page = client.get(PAGE, {"action": "decisions"})
        assert [row.proof for row in page.context["rows"]] == ["", "", ""]
        assert "attack.print" not in page.text and "Printed photo" not in page.text
        decide(review, make_supervisor(), REJECT)
        assert client.get(PAGE, {"action": "decisions"}).text.count("attack.print") >= 3

    @pytest.mark.parametrize("is_blind", [True, False])
    def test_without_a_look_at_reviews_no_decision_is_told(self, settings, is_blind):
        settings.LIVENESS_REVIEW_SAMPLE = int(is_blind)
        decide(make_review(), make_supervisor(), REJECT)
        client = signed_in(make_user("view_auditevent", "view_verificationattempt", "view_storedmedia"))
        [row] = client.get(PAGE, {"action": "decisions"}).context["rows"]
        assert (row.details, row.proof) == ("hidden", "")
        assert all(row.proof for row in client.get(PAGE, {"action": "looks"}).context["rows"])

    def test_it_is_told_once_the_second_person_has_decided(self, auditor, proposed):
        review, _maker = proposed
        decide(review, make_supervisor(), REJECT)
        assert "approve" in self.details(auditor, review).proof


class TestMark:
    def test_a_chain_that_nobody_verified_says_so(self, client):
        record()
        text = client.get(PAGE).text
        assert "Not verified yet" in text and "1 event is not verified" in text

    def test_it_says_how_far_it_was_verified_and_what_came_since(self, client):
        record()
        audit.keep(audit.verify(), now=timezone.now())
        assert "no event since" in client.get(PAGE).text
        record()
        record()
        text = client.get(PAGE).text
        assert "Verified up to event 1<" in text and "2 events since" in text

    def test_large_numbers_are_grouped(self, client, monkeypatch):
        check = AuditCheck(checked_at=timezone.now(), sequence=1234567, hash="f" * 64)
        monkeypatch.setattr(reading, "mark", lambda: reading.Mark(check, newest=1240000, since=5433))
        text = client.get(PAGE).text
        assert "Verified up to event 1,234,567" in text and "5,433 events since" in text

    def test_a_broken_chain_is_named_with_its_place_and_the_reason(self, client):
        for _ in range(3):
            record()
        tamper("UPDATE liveness_auditevent SET actor = 'user:1' WHERE sequence = 2")
        audit.keep(audit.verify(), now=timezone.now())
        page = client.get(PAGE)
        assert "The chain is broken at event 2:" in page.text
        assert "its content does not match its hash" in page.text
        assert numbers(client.get(page.context["broken_page"])) == [2, 1]

    def test_a_chain_that_was_rewritten_since_is_broken_before_anybody_verifies(self, client):
        record()
        audit.keep(audit.verify(), now=timezone.now())
        tamper("UPDATE liveness_auditevent SET hash = %s", "0" * 64)
        assert "The chain is broken at event 1:" in client.get(PAGE).text

    def test_a_break_found_earlier_is_not_forgotten(self, client):
        record()
        sound = audit.verify()
        audit.keep(replace(sound, broken_at=1, reason=audit.DIFFERS), now=timezone.now())
        audit.keep(sound, now=timezone.now())
        text = client.get(PAGE).text
        assert "Verified up to event 1" in text
        assert f"broken at event 1: {audit.DIFFERS}" in text


class TestVerify:
    def test_an_auditor_verifies_a_short_chain_and_that_is_an_event(self, client, auditor):
        record()
        response = client.post(VERIFY)
        assert (response.status_code, response["Location"]) == (303, PAGE)
        event = AuditEvent.objects.get(sequence=2)
        assert (event.action, event.actor) == (audit.CHECK_REQUESTED, Actor.user(auditor).name)
        check = AuditCheck.objects.get()
        assert (check.sequence, check.hash, check.broken_at) == (2, event.hash, None)

    def test_what_is_broken_is_found_even_where_nothing_can_be_recorded(self, client):
        record()
        AuditHead.objects.all().delete()
        assert "The chain is broken at event 1:" in client.post(VERIFY, follow=True).text
        assert AuditCheck.objects.get().broken_at == 1
        assert AuditEvent.objects.count() == 1

    def test_a_long_chain_is_left_to_the_command(self, client, monkeypatch):
        monkeypatch.setattr(reading, "SHORT", 1)
        record()
        assert VERIFY in client.get(PAGE).text
        record()
        page = client.get(PAGE)
        assert VERIFY not in page.text and reading.COMMAND in page.text
        assert f"Run: {reading.COMMAND}" in client.post(VERIFY, follow=True).text
        assert not AuditCheck.objects.exists() and AuditEvent.objects.count() == 2


@dataclass
class Long:
    """A chain in which some actions and people occur only at the very beginning."""

    count: int = 12_000
    old: int = 500

    def fill(self) -> None:
        events = [self.event(number) for number in range(1, self.count + 1)]
        AuditEvent.objects.bulk_create(events, batch_size=5000)
        with connection.cursor() as cursor:
            cursor.execute("ANALYZE")

    def event(self, number: int) -> AuditEvent:
        is_old = number <= self.old
        return AuditEvent(
            sequence=number,
            at=timezone.now(),
            action=actions.REVIEW_CLAIMED if is_old else audit.MEDIA_VIEWED,
            actor="user:1" if is_old else f"user:{2 + number % 5}",
            object_type="tests",
            object_id=f"{number // 6}",
            previous_hash="0" * 64,
            hash="0" * 64,
        )


class TestCost:
    """No question may read through the chain, whatever it asks for and wherever that lies."""

    def walked(self, wanted, **cursor) -> list[str]:
        """The steps of the plans that look at more of the chain than they return."""
        with CaptureQueriesContext(connection) as queries:
            reading.page(wanted, **cursor)
        found = []
        for query in [query["sql"] for query in queries]:
            with connection.cursor() as cursor:
                if connection.vendor == "sqlite":
                    cursor.execute(f"EXPLAIN QUERY PLAN {query}")
                    found += [row[3] for row in cursor.fetchall() if row[3].startswith("SCAN liveness_auditevent")]
                else:
                    cursor.execute(f"EXPLAIN (ANALYZE, FORMAT JSON) {query}")
                    plan = cursor.fetchone()[0]
                    found += list(self.wasteful((json.loads(plan) if isinstance(plan, str) else plan)[0]["Plan"]))
        return found

    def wasteful(self, node):
        if node.get("Rows Removed by Filter", 0) > 100 or node["Node Type"] == "Seq Scan":
            yield f"{node['Node Type']} {node.get('Index Name', '')} {node.get('Filter', '')}"
        for child in node.get("Plans", ()):
            yield from self.wasteful(child)

    def test_every_question_is_answered_by_an_index(self):
        Long().fill()
        few = tuple(str(number) for number in range(5))
        questions = [
            Wanted(actor="user:1"),
            Wanted(actor="user:3"),
            Wanted(actor="user:99"),
            Wanted(group="claims"),
            Wanted(group="looks"),
            Wanted(group="decisions"),
            Wanted(actor="user:1", group="claims"),
            Wanted(actor="user:3", group="claims"),
            Wanted(actor="user:3", group="looks"),
            Wanted(objects=few),
            Wanted(objects=few, actor="user:1"),
            Wanted(objects=few, group="claims"),
            Wanted(objects=()),
        ]
        cursors = [{}, {"before": 9_000}, {"after": 10}]
        walks = {(wanted, *cursor.items()): self.walked(wanted, **cursor) for wanted in questions for cursor in cursors}
        assert {question: steps for question, steps in walks.items() if steps} == {}

    def test_it_finds_the_same_events_as_a_plain_question(self):
        Long(count=400, old=120).fill()
        for wanted in (Wanted(actor="user:1"), Wanted(group="claims"), Wanted(actor="user:1", group="claims")):
            for cursor in ({}, {"before": 100}, {"after": 20}):
                events = AuditEvent.objects.filter(actor="user:1") if wanted.actor else AuditEvent.objects
                page = reading.page(wanted, size=30, **cursor).events
                assert page == self.plain(events.filter(action=actions.REVIEW_CLAIMED), **cursor)

    def plain(self, events, before=None, after=None):
        if after:
            return list(reversed(events.filter(sequence__gt=after).order_by("sequence")[:30]))
        return list(events.filter(sequence__lt=before or 10**9).order_by("-sequence")[:30])
