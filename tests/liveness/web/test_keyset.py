import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from liveness.models import VerificationAttempt
from liveness.web import keyset
from tests.builders import make_attempt

ATTEMPTS = 9


@pytest.fixture
def attempts(db):
    return [make_attempt(subject_reference=str(number)) for number in range(ATTEMPTS)][::-1]


@given(size=st.integers(1, 12), start=st.integers(0, ATTEMPTS - 1))
@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_page_is_the_slice_that_counting_would_give(attempts, size, start):
    queryset = VerificationAttempt.objects.all()
    older = keyset.page(queryset, before=str(attempts[start].public_id), size=size)
    assert older.rows == attempts[start + 1 : start + 1 + size]
    assert (older.older is not None) == (start + 1 + size < ATTEMPTS)

    newer = keyset.page(queryset, after=str(attempts[start].public_id), size=size)
    assert newer.rows == (attempts[start - size : start] if start > size else attempts[:size])
    assert (newer.newer is not None) == (start > size)


@pytest.mark.parametrize("size", [1, 2, 4, 9, 10])
def test_turning_pages_meets_every_attempt_once_and_leads_back(attempts, size):
    queryset, met, page = (
        VerificationAttempt.objects.all(),
        [],
        keyset.page(VerificationAttempt.objects.all(), size=size),
    )
    met += page.rows
    while page.older:
        page = keyset.page(queryset, before=page.older, size=size)
        met += page.rows
    assert met == attempts
    while page.newer:
        page = keyset.page(queryset, after=page.newer, size=size)
    assert page.rows == attempts[:size]


def test_a_page_costs_two_queries_however_deep(attempts, django_assert_num_queries):
    for cursor in (attempts[0], attempts[-2]):
        with django_assert_num_queries(2):
            keyset.page(VerificationAttempt.objects.all(), before=str(cursor.public_id), size=3)
