"""What tests of the audit screen start from: an auditor before it."""

import pytest

from tests.people import make_user, signed_in

AUDITOR = ("view_auditevent", "view_review", "view_verificationattempt", "view_storedmedia", "view_decision")


@pytest.fixture
def auditor():
    return make_user(*AUDITOR)


@pytest.fixture
def client(auditor):
    return signed_in(auditor)
