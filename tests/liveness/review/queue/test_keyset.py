"""Pages of the queue: the same rows that counting would give, wherever they start and whatever has moved on."""

from datetime import UTC, datetime, timedelta
from functools import partial

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from liveness.review.models import Review
from liveness.review.queue import keyset
from liveness.review.queue.keyset import Page, Place
from tests.liveness.review.working import make_review

pytestmark = [pytest.mark.django_db, pytest.mark.postgres]
REVIEWS = 8
BASE = datetime(2026, 5, 1, tzinfo=UTC)
busy = partial(settings, max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture])


@pytest.fixture
def reviews(db):
    return [make_review(has_media=False) for _ in range(REVIEWS)]


def spread(reviews: list[Review], seconds: list[int], *, is_descending: bool) -> list[Review]:
    """Give the reviews these times, many of them equal; the order in which they belong."""
    for review, second in zip(reviews, seconds, strict=True):
        review.queue_at = BASE + timedelta(seconds=second)
        review.save(update_fields=["queue_at"])
    return sorted(reviews, key=lambda review: (review.queue_at, review.pk), reverse=is_descending)


def turn(is_descending: bool, size: int, **places: Place | None) -> Page:
    return keyset.page(Review.objects.all(), is_descending=is_descending, size=size, **places)


times = st.lists(st.integers(0, 3), min_size=REVIEWS, max_size=REVIEWS)


@given(times, st.booleans(), st.integers(1, REVIEWS + 1), st.integers(0, REVIEWS - 1))
@busy()
def test_a_page_is_the_slice_that_counting_would_give(reviews, seconds, is_descending, size, start):
    ordered = spread(reviews, seconds, is_descending=is_descending)
    first = turn(is_descending, size)
    assert (first.rows, first.before) == (ordered[:size], None)
    assert (first.after is not None) == (size < REVIEWS)

    after = turn(is_descending, size, after=Place.of(ordered[start]))
    assert after.rows == ordered[start + 1 : start + 1 + size]
    assert (after.after is not None) == (start + 1 + size < REVIEWS)

    before = turn(is_descending, size, before=Place.of(ordered[start]))
    assert before.rows == (ordered[start - size : start] if start >= size else ordered[:size])
    assert (before.before is not None) == (start > size)


@given(times, st.booleans(), st.integers(1, 4))
@busy()
def test_turning_pages_meets_every_review_once_and_leads_back(reviews, seconds, is_descending, size):
    ordered = spread(reviews, seconds, is_descending=is_descending)
    page, met, pages = turn(is_descending, size), [], 1
    met += page.rows
    while page.after:
        page, pages = turn(is_descending, size, after=page.after), pages + 1
        met += page.rows
    assert (met, pages) == (ordered, -(-REVIEWS // size))
    while page.before:
        page = turn(is_descending, size, before=page.before)
    assert page.rows == ordered[:size]


@given(times, st.booleans(), st.integers(0, REVIEWS - 1))
@busy()
def test_a_page_goes_on_from_where_a_review_was_that_has_left_meanwhile(reviews, seconds, is_descending, gone):
    ordered = spread(reviews, seconds, is_descending=is_descending)
    place, staying = Place.of(ordered[gone]), Review.objects.exclude(pk=ordered[gone].pk)
    after = keyset.page(staying, is_descending=is_descending, after=place)
    before = keyset.page(staying, is_descending=is_descending, before=place, size=max(gone, 1))
    assert after.rows == ordered[gone + 1 :]
    assert before.rows == (ordered[:gone] or ordered[1:2])


@given(times, st.booleans(), st.integers(0, REVIEWS - 1), st.integers(0, REVIEWS - 1))
@busy()
def test_between_two_places_lies_what_is_after_the_one_and_before_the_other(reviews, seconds, is_descending, one, two):
    ordered = spread(reviews, seconds, is_descending=is_descending)
    within = keyset.between(
        Review.objects.all(), is_descending=is_descending, after=Place.of(ordered[one]), before=Place.of(ordered[two])
    )
    assert set(within) == set(ordered[one + 1 : two])


def test_a_page_is_one_query_however_deep(reviews, django_assert_num_queries):
    ordered = spread(reviews, list(range(REVIEWS)), is_descending=False)
    for places in ({}, {"after": Place.of(ordered[-3])}, {"before": Place.of(ordered[-1])}):
        with django_assert_num_queries(1):
            turn(False, 3, **places)


moments = st.datetimes(min_value=datetime(1970, 1, 1), max_value=datetime(2286, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001


@given(moments, st.integers(0, 10**18 - 1))
def test_a_place_is_read_as_it_was_written(moment, key):
    place = Place(moment, key)
    assert Place.parse(str(place)) == place


@given(st.text() | st.from_regex(r"[0-9]{1,30}~[0-9]{1,30}", fullmatch=True))
def test_no_text_is_a_place_that_the_database_cannot_be_asked_about(text):
    place = Place.parse(text)
    if place:
        list(keyset.between(Review.objects.all(), is_descending=False, after=place)[:1])
        assert Place.parse(str(place)) == place


@pytest.mark.parametrize("text", ["", "1", "~", "1~", "-1~1", "1~x", "١~١", "1~1\n", "99999999999999999~1", "1~1~1"])
def test_what_is_no_place_is_none(text):
    assert Place.parse(text) is None
