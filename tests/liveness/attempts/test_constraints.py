"""What the database refuses, whatever the code does."""

from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone

from liveness.models import MediaState, Outcome
from tests.builders import make_attempt, make_media

pytestmark = [pytest.mark.django_db, pytest.mark.postgres]


class TestConstraints:
    @pytest.mark.parametrize(
        "fields",
        [
            {"outcome": "approved", "finished_at": timezone.now()},
            {"outcome": Outcome.PASSED, "result_code": ""},
            {"outcome": Outcome.PASSED, "finished_at": None},
            {"next_poll_at": None},
            {"expires_at": timezone.now() - timedelta(days=1)},
        ],
    )
    def test_the_database_refuses_an_attempt_that_cannot_be(self, fields):
        with pytest.raises(IntegrityError), transaction.atomic():
            make_attempt(**fields)

    @pytest.mark.parametrize(
        "fields", [{"md5": "0" * 32}, {"size": 1}, {"sha256": ""}, {"stored_at": None}, {"state": MediaState.LOST}]
    )
    def test_the_database_refuses_media_that_cannot_be(self, fields):
        with pytest.raises(IntegrityError), transaction.atomic():
            make_media(make_attempt(), "video", b"video", **fields)

    def test_one_file_is_one_row(self):
        attempt = make_attempt()
        make_media(attempt, "video", b"video")
        with pytest.raises(IntegrityError), transaction.atomic():
            make_media(attempt, "video", b"video")
