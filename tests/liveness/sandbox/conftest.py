from collections.abc import Iterator

import pytest

from liveness.sandbox import Sandbox


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    with Sandbox(rate_limit=None) as running:
        yield running


@pytest.fixture
def token(sandbox: Sandbox) -> str:
    """A token whose person has passed."""
    return sandbox.issue("pass_amara", finishes_after=0)
