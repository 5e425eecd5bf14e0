"""The queue's page: its order, its tabs and what stands around its rows, for whom, and what it costs."""

import re
from urllib.parse import urlsplit

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from liveness.models import Outcome
from liveness.review.models import Notice, SavedView
from liveness.review.policy import APPROVE, REJECT
from tests.liveness.review.queueing import QUEUE, counts, due, hold, listed, put
from tests.liveness.review.working import REVIEWER, claimed, decide, make_review, make_reviewer, make_supervisor
from tests.people import make_user, signed_in

pytestmark = pytest.mark.django_db
OWN = ("liveness_review_review", "liveness_storedmedia", "liveness_review_savedview", "liveness_review_notice")


def own_queries(asked) -> list[str]:
    """The queries of the page itself, without those for session, person, permissions and keys."""
    return [query["sql"] for query in asked if any(f'FROM "{table}"' in query["sql"] for table in OWN)]


def test_strangers_are_asked_to_log_in():
    response = Client().get(QUEUE)
    assert (response.status_code, response["Location"]) == (302, f"/accounts/login/?next={QUEUE}")


def test_who_may_not_look_at_reviews_is_refused():
    assert signed_in(make_user("view_verificationattempt")).get(QUEUE).status_code == 403


def test_the_most_urgent_comes_first_and_pages_turn_both_ways(client, monkeypatch):
    monkeypatch.setattr("liveness.review.queue.views.PAGE_SIZE", 2)
    for minutes in (30, -10, 5, 60, 20):
        due(minutes, subject_reference=f"due-{minutes}")
    first = client.get(QUEUE)
    assert listed(first) == ["due--10", "due-5"]
    assert 'rel="prev"' not in first.text

    def turned(page, relation):
        [link] = re.findall(rf'rel="{relation}"\s+href="([^"]*)"', page.text)
        return client.get(QUEUE + link.replace("&amp;", "&"))

    second = turned(first, "next")
    third = turned(second, "next")
    assert (listed(second), listed(third)) == (["due-20", "due-30"], ["due-60"])
    assert 'rel="next"' not in third.text
    assert listed(turned(third, "prev")) == ["due-20", "due-30"]
    assert listed(turned(turned(third, "prev"), "prev")) == ["due--10", "due-5"]


def test_filters_stay_on_every_link_of_the_page(client, monkeypatch):
    monkeypatch.setattr("liveness.review.queue.views.PAGE_SIZE", 1)
    for minutes in (1, 2, 3):
        due(minutes, Outcome.FAILED)
    page = client.get(QUEUE, {"outcome": "failed", "holder": "free", "tab": "nonsense"})
    query = "?tab=open&amp;outcome=failed&amp;holder=free"
    [row] = page.context["rows"]
    assert f'href="/review/{row.attempt.public_id}/{query}"' in page.text
    assert re.search(rf'rel="next"\s+href="{re.escape(query)}&amp;after=', page.text)
    for name, value in (("tab", "open"), ("outcome", "failed"), ("holder", "free")):
        # Search, Review next, and saving a view.
        assert page.text.count(f'<input type="hidden" name="{name}" value="{value}">') >= 3


def test_what_is_settled_comes_newest_first(client, me):
    for name in ("first", "second"):
        decide(make_review(subject_reference=name), me, APPROVE)
    assert listed(client.get(QUEUE, {"tab": "decided"})) == ["second", "first"]


@pytest.mark.parametrize("place", ["nonsense", "1", "~", "9" * 40, "1~x", "1795387581328654~1~1", "%00"])
def test_a_place_that_is_none_gives_the_first_page(client, place):
    due(5, subject_reference="here")
    assert listed(client.get(QUEUE, {"after": place, "before": place})) == ["here"]


def test_the_tabs_carry_their_counts_and_the_chosen_one_is_marked(client, me):
    hold(due(5), me)
    due(6)
    make_review(Outcome.PENDING)
    page = client.get(QUEUE, {"tab": "waiting"})
    assert counts(page.text) == {
        "open": "2", "mine": "1", "proposed": "0", "escalated": "0", "waiting": "1", "lost": "0", "decided": "0"
    }  # fmt: skip
    assert re.findall(r'<a href="\?tab=(\w+)" aria-current="page">', page.text) == ["waiting"]


def test_more_than_can_be_counted_is_shown_as_more(client, monkeypatch):
    monkeypatch.setattr("liveness.review.queue.listing.MOST_COUNTED", 2)
    for _ in range(3):
        due(5)
    assert counts(client.get(QUEUE).text)["open"] == "2+"


@pytest.mark.parametrize("tab", ["open", "mine", "proposed", "escalated", "waiting", "lost", "decided"])
def test_an_empty_tab_says_what_would_come_here(client, tab):
    page = client.get(QUEUE, {"tab": tab})
    assert 'class="empty' in page.text
    assert "<table" not in page.text
    filtered = client.get(QUEUE, {"tab": tab, "signals": "with"})
    assert "Nothing matches these filters" in filtered.text
    assert f'href="?tab={tab}">Clear the filters' in filtered.text


def test_a_page_that_everything_has_left_leads_to_the_first(client):
    due(5)
    page = client.get(QUEUE, {"after": "9999999999999999~1"})
    assert "Nothing is left on this page" in page.text
    assert 'href="?tab=open">Show the first page' in page.text


def test_only_who_may_claim_is_offered_the_next_review():
    def offer(*permissions, tab="open"):
        return 'data-command="next"' in signed_in(make_user(*permissions)).get(QUEUE, {"tab": tab}).text

    assert offer(*REVIEWER)
    assert offer(*REVIEWER, tab="decided")
    assert not offer("view_verificationattempt", "view_storedmedia", "view_review")


def test_commands_are_marked_for_the_keys(client):
    due(5)
    text = client.get(QUEUE).text
    assert len(re.findall(r"<tr data-row>", text)) == 1
    assert len(re.findall(r'data-command="search"', text)) == 1


def test_a_notice_is_told_until_it_is_put_away(client, me):
    review = due(5, subject_reference="taken")
    values = {"review": review, "created_at": timezone.now(), "kind": Notice.Kind.TAKEN_OVER}
    Notice.objects.create(person=me, text="You are <b>away</b>.", **values)
    Notice.objects.create(person=make_reviewer(), text="for somebody else", **values)
    page = client.get(QUEUE, {"tab": "lost"})
    assert "Your claim was taken over" in page.text
    assert "You are &lt;b&gt;away&lt;/b&gt;." in page.text
    assert f'href="/review/{review.attempt.public_id}/"' in page.text
    assert "for somebody else" not in page.text


def test_saved_views_of_ones_own_and_shared_ones_are_offered(client, me):
    other = make_supervisor()
    own = SavedView.objects.create(owner=me, name="Mine alone", query="tab=open&due=late")
    shared = SavedView.objects.create(owner=other, name="For all", query="tab=lost", is_shared=True)
    SavedView.objects.create(owner=other, name="Private", query="tab=lost")
    text = client.get(QUEUE).text
    assert f'href="{QUEUE}?tab=open&amp;due=late"' in text
    assert "For all" in text
    assert "Private" not in text
    assert f"/review/views/{own.pk}/delete/" in text
    assert f"/review/views/{shared.pk}/delete/" not in text
    assert 'name="shared"' not in text


@pytest.mark.postgres
@pytest.mark.parametrize("tab", ["open", "mine", "proposed", "escalated", "waiting", "lost", "decided"])
def test_a_page_costs_four_queries_however_many_rows_it_has(me, client, tab):
    make = {
        "open": lambda: due(5, has_media=True),
        "mine": lambda: hold(due(5, has_media=True), me),
        "proposed": lambda: decide(make_review(), me, REJECT),
        "escalated": lambda: put(make_review(), state="escalated"),
        "waiting": lambda: make_review(Outcome.PENDING),
        "lost": lambda: make_review(Outcome.EXPIRED, result_code=""),
        "decided": lambda: decide(make_review(), me, APPROVE),
    }[tab]
    client.get(QUEUE)
    found = []
    for count in (1, 4):
        for _ in range(count):
            make()
        with CaptureQueriesContext(connection) as asked:
            response = client.get(QUEUE, {"tab": tab})
        found.append(len(asked))
        assert len(response.context["rows"]) == (1 if count == 1 else 5)
        # Rows, media, counts and saved views.
        assert len(own_queries(asked.captured_queries)) == 4
    # With session, person and two look-ups of permissions.
    assert found == [8, 8]


def test_no_page_holds_inline_code_or_an_outside_address(client, me):
    hold(due(5, subject_reference="<script>alert(1)</script>", has_media=True), me)
    SavedView.objects.create(owner=me, name="<img src=x>", query="tab=open")
    text = client.get(QUEUE).text
    assert not re.search(r"<style|\sstyle=|<script(?![^>]*\s(src|type)=)|\son[a-z]+=", text)
    assert "<script>alert" not in text
    assert "<img src=x" not in text
    for address in re.findall(r'(?:href|src|action|hx-get)="([^"]*)"', text):
        assert urlsplit(address).netloc == ""


def test_neither_token_nor_internal_reference_is_on_the_page(client, me):
    review = make_review(subject_reference="plain")
    claimed(review, me)
    page = client.get(QUEUE)
    assert "no-store" in page["Cache-Control"]
    assert review.attempt.sdk_token not in page.text
