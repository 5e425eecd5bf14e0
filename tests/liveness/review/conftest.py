"""What tests of the review app start from: settings that leave nothing to chance, one review, and people before it."""

import pytest

from tests.liveness.review.queueing import LEASE
from tests.liveness.review.working import make_review, make_reviewer, make_supervisor
from tests.people import signed_in


@pytest.fixture(autouse=True)
def _rules(settings):
    """No decision is drawn for a second one by chance, and a claim stands as long as the tests say."""
    settings.LIVENESS_REVIEW_SAMPLE = 0
    settings.LIVENESS_REVIEW_LEASE = LEASE.total_seconds()


@pytest.fixture
def blind(settings):
    """Every decision is drawn."""
    settings.LIVENESS_REVIEW_SAMPLE = 1


@pytest.fixture
def review():
    return make_review()


@pytest.fixture
def person():
    return make_reviewer()


@pytest.fixture
def colleague():
    return make_reviewer()


@pytest.fixture
def maker():
    """A supervisor, so that he may decide first and may be asked to decide second."""
    return make_supervisor()


@pytest.fixture
def second():
    return make_supervisor()


@pytest.fixture
def me():
    return make_reviewer()


@pytest.fixture
def client(me):
    """My browser; a stranger's is `Client()`."""
    return signed_in(me)
