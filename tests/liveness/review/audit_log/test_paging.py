"""Turning the pages of the audit screen: every event comes once, and thumbnails share a line."""

import re
from datetime import UTC, datetime, timedelta
from html import unescape

import pytest
import time_machine
from django.utils import timezone

from liveness import audit
from liveness.audit import Actor
from liveness.models import MediaKind
from liveness.review.audit_log import queries
from liveness.review.audit_log.queries import Wanted
from tests.builders import make_attempt, make_media
from tests.liveness.review.audit_log.auditing import PAGE, found, numbers, record

pytestmark = [pytest.mark.django_db, pytest.mark.postgres]


class TestPaging:
    @pytest.fixture(autouse=True)
    def _short_pages(self, monkeypatch):
        monkeypatch.setattr(queries.page, "__kwdefaults__", queries.page.__kwdefaults__ | {"size": 4})

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
            page = queries.page(Wanted(), before=cursor, size=size, line_of=queries.together)
            pages.append([event.sequence for event in page.events])
            cursor = page.older
        assert [number for page in pages for number in page] == [7, 6, 5, 4, 3, 2, 1]
        page = queries.page(Wanted(), after=pages[-1][0], size=size, line_of=queries.together)
        shown = [event.sequence for event in page.events]
        assert shown == list(range(shown[0], pages[-1][0], -1))
        assert len({queries.together(event) for event in page.events}) == size

    def test_a_page_has_an_end_however_many_share_a_line(self, looks, monkeypatch):
        monkeypatch.setattr(queries, "MOST_EVENTS", 4)
        first = queries.page(Wanted(), line_of=queries.together)
        second = queries.page(Wanted(), before=first.older, line_of=queries.together)
        assert [event.sequence for event in (*first.events, *second.events)] == [7, 6, 5, 4, 3, 2, 1]
        assert second.older is None
