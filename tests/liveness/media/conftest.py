"""What tests of stored files start from: attempts whose files the vendor still has, or no longer has."""

from datetime import timedelta

import pytest
from django.utils import timezone

from liveness.models import MediaKind, Outcome
from tests.builders import make_attempt, make_media

CONTENT = b"video" * 1000


@pytest.fixture
def attempt():
    """Answered just now, so the vendor still has its files."""
    return make_attempt(outcome=Outcome.PASSED)


@pytest.fixture
def video(attempt):
    return make_media(attempt, MediaKind.VIDEO, CONTENT)


@pytest.fixture
def old_video():
    """A file that the vendor no longer has."""
    then = timezone.now() - timedelta(days=3)
    return make_media(
        make_attempt(outcome=Outcome.PASSED, issued_at=then),
        MediaKind.VIDEO,
        b"old " + CONTENT,
        stored_at=then,
        verified_at=then,
    )
