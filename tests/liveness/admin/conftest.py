"""What tests of the admin start from: a superuser's browser, and an attempt with both files."""

import pytest

from liveness.models import MediaKind, Outcome
from tests.builders import make_attempt, make_media
from tests.people import make_user, signed_in


@pytest.fixture
def root():
    return signed_in(make_user(is_staff=True, is_superuser=True))


@pytest.fixture
def attempt():
    attempt = make_attempt(outcome=Outcome.PASSED)
    make_media(attempt, MediaKind.BEST_FRAME, b"picture")
    make_media(attempt, MediaKind.VIDEO, b"video")
    return attempt
