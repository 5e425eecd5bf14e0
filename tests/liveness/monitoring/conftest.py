"""What tests of alerts and dangers start from."""

import pytest
from django.core import mail
from django.utils import timezone


@pytest.fixture
def now():
    return timezone.now()


@pytest.fixture
def emails(settings):
    settings.LIVENESS_ALERT_EMAILS = ["operator@example.com", "on-call@example.com"]
    return mail.outbox


@pytest.fixture(autouse=True)
def _portal(settings):
    settings.LIVENESS_PORTAL_NAME = "KYC Berlin"
