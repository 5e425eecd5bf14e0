"""Views of the queue: what an address names, what it leaves out, and that no filter reads through the table."""

from datetime import timedelta
from itertools import product

import pytest
from django.db import connection
from django.http import QueryDict
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st

from liveness.models import Outcome
from liveness.review.access import visible_reviews
from liveness.review.models import ReviewState
from liveness.review.policy import APPROVE, REJECT
from liveness.review.queue import listing
from liveness.review.queue.filters import TABS, View
from liveness.review.queue.keyset import Place
from tests.liveness.review.queueing import due, hold, put, view
from tests.liveness.review.working import REVIEWER, SUPERVISOR, decide, make_review, make_reviewer, make_supervisor
from tests.people import make_user

pytestmark = pytest.mark.django_db
REFERENCE = "attempt__subject_reference"


def every_view() -> list[str]:
    """A query string for each tab with each combination of its filters."""
    return [
        "&".join(
            [f"tab={tab.name}", *(f"{each.name}={value}" for each, value in zip(tab.filters, values, strict=True))]
        )
        for tab in TABS.values()
        for values in product(*(("", *each.choices) for each in tab.filters))
    ]


def plain_views(tab: str) -> list[str]:
    """The tab as it is, and with each of its filters alone."""
    chosen = [f"&{each.name}={value}" for each in TABS[tab].filters for value in each.choices]
    return [f"tab={tab}{query}" for query in ("", *chosen)]


def shown(query: str, person) -> set[str]:
    narrowed = view(query).narrow(visible_reviews(person), person, timezone.now())
    return set(narrowed.values_list(REFERENCE, flat=True))


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("", "tab=open"),
        ("tab=nonsense&outcome=failed", "tab=open&outcome=failed"),
        ("tab=open&outcome=expired", "tab=open"),
        ("tab=lost&outcome=expired&due=late&holder=free", "tab=lost&outcome=expired"),
        ("holder=held&outcome=failed&tab=open&x=1&due=&signals=%00", "tab=open&outcome=failed&holder=held"),
        ("tab=mine&tab=decided", "tab=decided"),
        ("tab=open&outcome=FAILED&due='", "tab=open"),
    ],
)
def test_an_address_names_one_view_and_what_it_does_not_know_is_ignored(query, expected):
    assert view(query).query == expected


def test_a_view_is_named_by_its_own_address():
    for query in every_view():
        asked = view(query)
        assert view(asked.query) == asked
        assert QueryDict(asked.query).dict() == dict(asked.fields())


@given(st.dictionaries(st.sampled_from(["tab", "outcome", "signals", "due", "holder"]), st.text()))
def test_no_address_is_an_error(values):
    asked = QueryDict(mutable=True)
    asked.update(values)
    assert View.parse(asked).query.startswith("tab=")


@pytest.mark.postgres
def test_each_filter_leaves_what_it_says():
    me = make_reviewer()
    late = due(-5, Outcome.FAILED, subject_reference="late")
    put(due(5, subject_reference="flagged"), is_flagged=True)
    held = due(6, subject_reference="held")
    lapsed = due(7, subject_reference="lapsed")
    hold(held, make_reviewer())
    hold(lapsed, me, left=timedelta(seconds=-1))
    make_review(Outcome.PENDING, subject_reference="waiting")
    assert shown("", me) == {"late", "flagged", "held", "lapsed"}
    assert shown("outcome=failed", me) == {"late"}
    assert shown("outcome=passed&holder=held", me) == {"held"}
    assert shown("signals=with", me) == {"flagged"}
    assert shown("signals=without", me) == {"late", "held", "lapsed"}
    assert shown("due=late", me) == {"late"}
    assert shown("holder=held", me) == {"held"}
    assert shown("holder=free", me) == {"late", "flagged", "lapsed"}
    assert shown("tab=waiting", me) == {"waiting"}
    assert shown("tab=mine", me) == {"lapsed"}
    assert shown("tab=mine&outcome=failed", me) == set()
    assert late.attempt.subject_reference == "late"


@pytest.mark.postgres
def test_every_view_of_every_tab_can_be_asked_for():
    me, now = make_supervisor(), timezone.now()
    for query in [query for tab in TABS for query in plain_views(tab)]:
        page = listing.page(view(query), me, after=None, before=None, size=3, now=now)
        assert page.rows == []


def test_what_a_person_may_not_see_is_in_no_view():
    due(5)
    nobody = make_user("view_review")
    assert shown("", nobody) == set()
    assert listing.counts(nobody)[ReviewState.OPEN] == 0


@pytest.mark.parametrize(
    ("permissions", "query", "expected"),
    [
        (REVIEWER, "tab=open&due=late", "tab=open&due=late"),
        (REVIEWER, "tab=open&outcome=failed&holder=held", "tab=open&outcome=failed"),
        (REVIEWER, "tab=open&holder=free", "tab=open&holder=free"),
        (REVIEWER, "tab=lost", "tab=lost"),
        (REVIEWER, "tab=mine&outcome=failed", "tab=open"),
        (REVIEWER, "tab=decided", "tab=open"),
        (REVIEWER, "tab=waiting", "tab=open"),
        (REVIEWER, "tab=escalated", "tab=open"),
        (REVIEWER, "tab=proposed", "tab=open"),
        (SUPERVISOR, "tab=escalated", "tab=escalated"),
        (SUPERVISOR, "tab=proposed&signals=with", "tab=proposed&signals=with"),
        (("view_review", "second_review"), "tab=proposed", "tab=proposed"),
        (("view_review", "second_review"), "tab=open", None),
        (("view_review",), "tab=open", None),
    ],
)
def test_the_next_review_comes_from_the_view_where_the_person_may_claim_there(permissions, query, expected):
    found = view(query).to_claim_from(make_user(*permissions))
    assert (found and found.query) == expected


def test_a_thousand_and_more_are_counted_no_further(monkeypatch):
    me = make_supervisor()
    monkeypatch.setattr(listing, "MOST_COUNTED", 2)
    for _ in range(4):
        due(5)
    assert listing.counts(me)[ReviewState.OPEN] == 3


@pytest.mark.postgres
def test_all_counts_are_one_query(settings, django_assert_num_queries):
    settings.LIVENESS_REVIEW_SAMPLE = 0
    me, other = make_supervisor(), make_reviewer()
    make_review(Outcome.PENDING)
    make_review(Outcome.EXPIRED, result_code="")
    hold(due(5), me)
    hold(due(5), other)
    decide(make_review(), other, APPROVE)
    decide(make_review(), other, REJECT)
    listing.counts(me)
    with django_assert_num_queries(1):
        found = listing.counts(me)
    assert found == {
        "open": 2, "mine": 1, "proposed": 1, "escalated": 0, "waiting": 1, "lost": 1, "decided": 1, "notices": 0
    }  # fmt: skip


def steps_of(sql: str) -> list[str]:
    """How SQLite would go about it, without reading the few active claims and what is made for the query itself."""
    with connection.cursor() as cursor:
        cursor.execute(f"EXPLAIN QUERY PLAN {sql}")
        steps = [step[3] for step in cursor.fetchall()]
    few = ("SCAN CONSTANT ROW", "SCAN counted")
    return [step for step in steps if step not in few and "liveness_claim_mine" not in step]


@pytest.mark.parametrize("tab", TABS)
def test_no_query_of_a_page_reads_through_a_table(tab):
    me, now, place = make_supervisor(), timezone.now(), Place(timezone.now(), 1)
    with CaptureQueriesContext(connection) as asked:
        for query in plain_views(tab):
            for after, before in ((None, None), (place, None), (None, place)):
                listing.page(view(query), me, after=after, before=before, size=3, now=now)
            listing.arrivals(view(query), me, set(), top=place, end=place, now=now)
        listing.counts(me)
    queries = [query["sql"] for query in asked]
    assert len(queries) > 4 * len(plain_views(tab))
    for sql in queries:
        assert [step for step in steps_of(sql) if step.startswith("SCAN")] == []
