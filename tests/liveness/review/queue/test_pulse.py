"""What keeps the queue's page current: counts, holders, ages and news, while its rows stay where they are."""

import re
from urllib.parse import parse_qs, urlsplit

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from liveness.review.models import Notice
from liveness.review.policy import APPROVE
from tests.liveness.review.queueing import QUEUE, counts, due, hold, listed, put
from tests.liveness.review.working import decide, make_review, make_reviewer
from tests.people import make_user, signed_in

pytestmark = pytest.mark.django_db


def pulse_of(page) -> str:
    """The address that the page asks again and again."""
    [address] = re.findall(r'hx-get="([^"]*)"', page.text)
    return address.replace("&amp;", "&")


def fragments(response) -> dict[str, str]:
    """What is put where, tags and white space taken out."""
    assert response.status_code == 200
    parts = re.findall(
        r'<(div|span) id="([\w-]+)" hx-swap-oob="innerHTML">(.*?)</\1>\s*(?=<(?:div|span) id=|$)',
        response.text,
        re.DOTALL,
    )
    return {name: re.sub(r"\s+", " ", re.sub(r"<[^>]*>", "", inner)).strip() for _, name, inner in parts}


def test_whoever_is_no_longer_logged_in_is_told_by_the_status_alone():
    response = Client().get(f"{QUEUE}pulse/")
    assert (response.status_code, response.content) == (401, b"")


def test_who_may_not_look_at_reviews_is_refused():
    assert signed_in(make_user()).get(f"{QUEUE}pulse/").status_code == 403


def test_a_page_on_which_nothing_happened_is_given_back_what_it_shows(client, me):
    hold(due(5, subject_reference="one"), me)
    page = client.get(QUEUE)
    told = client.get(pulse_of(page))
    [row] = page.context["rows"]
    parts = fragments(told)
    assert counts(told.text) == counts(page.text)
    assert parts["arrived"] == ""
    assert parts[f"holder-{row.attempt.public_id.hex}"] == "You"
    assert "no-store" in told["Cache-Control"]
    # Every place that it fills is on the page.
    assert all(f'id="{name}"' in page.text for name in parts)


def test_a_row_that_was_claimed_or_decided_meanwhile_says_so_in_its_place(client):
    other = make_reviewer()
    taken, settled = due(5), due(6, has_media=True)
    page = client.get(QUEUE)
    hold(taken, other)
    decide(settled, other, APPROVE)
    parts = fragments(client.get(pulse_of(page)))
    assert parts[f"holder-{taken.attempt.public_id.hex}"] == f"{other.get_username()} here"
    assert parts[f"holder-{settled.attempt.public_id.hex}"] == "Now: Decided"
    assert parts[f"age-{settled.attempt.public_id.hex}"] == "1 min ago"
    assert (parts["count-open"], parts["count-decided"]) == ("1", "1")


def test_what_came_in_is_counted_where_it_would_stand_on_this_page(client, monkeypatch):
    monkeypatch.setattr("liveness.review.queue.views.PAGE_SIZE", 2)
    for minutes in (10, 20, 30, 40, 50):
        due(minutes)
    first = client.get(QUEUE)
    [following] = re.findall(r'rel="next"\s+href="([^"]*)"', first.text)
    second = client.get(QUEUE + following.replace("&amp;", "&"))
    third = client.get(f"{QUEUE}?tab=open&after={second.context['page'].after}")

    def news() -> list[str]:
        return [fragments(client.get(pulse_of(page)))["arrived"] for page in (first, second, third)]

    assert news() == ["", "", ""]
    due(5)
    due(15)
    assert news() == ["2 new · Show", "", ""]
    due(35)
    due(60)
    assert news() == ["2 new · Show", "1 new · Show", "1 new · Show"]


def test_a_row_that_left_makes_no_news_of_the_one_that_moved_up(client, monkeypatch):
    monkeypatch.setattr("liveness.review.queue.views.PAGE_SIZE", 2)
    reviews = [due(minutes) for minutes in (10, 20, 30)]
    page = client.get(QUEUE)
    put(reviews[0], state="escalated")
    assert fragments(client.get(pulse_of(page)))["arrived"] == ""


def test_the_news_lead_to_the_same_page(client, monkeypatch):
    monkeypatch.setattr("liveness.review.queue.views.PAGE_SIZE", 1)
    due(10)
    due(30, subject_reference="there")
    page = client.get(f"{QUEUE}?tab=open&holder=free&after={client.get(QUEUE).context['page'].after}")
    assert listed(page) == ["there"]
    due(20)
    [link] = re.findall(r'class="arrived"\s+href="([^"]*)"', client.get(pulse_of(page)).text)
    assert link.replace("&amp;", "&") == page.request["PATH_INFO"] + "?" + page.request["QUERY_STRING"]


def test_an_empty_page_hears_of_the_first_review(client):
    page = client.get(QUEUE, {"signals": "without"})
    due(5)
    assert fragments(client.get(pulse_of(page)))["arrived"] == "1 new · Show"


def test_a_notice_that_the_page_does_not_show_is_counted(client, me):
    review = due(5)
    notice = {"person": me, "review": review, "kind": Notice.Kind.DISAGREED, "created_at": timezone.now()}
    Notice.objects.create(**notice)
    page = client.get(QUEUE)
    assert fragments(client.get(pulse_of(page)))["arrived"] == ""
    Notice.objects.create(**notice)
    assert fragments(client.get(pulse_of(page)))["arrived"] == "1 notice"


@pytest.mark.parametrize(
    "query", ["", "shown=.", "shown=x.y&told=x&top=x&end=~&tab=x", "told=99999999999999999999", "told=²", "shown=%00"]
)
def test_no_address_is_an_error(client, query):
    due(5)
    assert client.get(f"{QUEUE}pulse/?{query}").status_code == 200


def test_rows_that_a_person_may_not_see_are_told_to_nobody(client):
    review = due(5)
    stranger = signed_in(make_user("view_review"))
    assert review.attempt.public_id.hex not in stranger.get(pulse_of(client.get(QUEUE))).text


def test_a_full_page_can_be_asked_about_by_any_server(client):
    for _ in range(50):
        due(5)
    address = pulse_of(client.get(QUEUE, {"outcome": "passed", "signals": "without", "holder": "free"}))
    assert len(parse_qs(urlsplit(address).query)["shown"][0].split(".")) == 50
    # The shortest line that common servers accept is 4,094 bytes.
    assert len(address) < 3000


@pytest.mark.postgres
def test_it_costs_three_queries_however_much_happened(client, me):
    for _ in range(3):
        hold(due(5, has_media=True), make_reviewer())
    make_review()
    page = client.get(QUEUE)
    due(6)
    client.get(pulse_of(page))
    with CaptureQueriesContext(connection) as asked:
        client.get(pulse_of(page))
    # With session, person and two look-ups of permissions.
    assert len(asked) == 7
