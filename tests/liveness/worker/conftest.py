"""What tests of the refresh start from."""

import pytest

from tests.liveness.worker.steps import registered


@pytest.fixture
def attempt(sandbox):
    return registered(sandbox)
