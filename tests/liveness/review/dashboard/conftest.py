"""What tests of the dashboard start from: somebody who may see it."""

import pytest

from tests.people import make_user, signed_in


@pytest.fixture
def client():
    return signed_in(make_user("view_figures"))
