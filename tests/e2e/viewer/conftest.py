"""What tests of the evidence viewer start from: a portal for each file, and its workspace."""

from contextlib import ExitStack

import pytest
from playwright.sync_api import Page

from tests.e2e.conftest import open_page
from tests.e2e.viewer.evidence import wait_for_evidence
from tests.served import Portal

FILL = "import django; django.setup(); from tests.seed import fill_queue; fill_queue(6)"


@pytest.fixture(scope="module")
def studio(tmp_path_factory):
    """A portal of its own, in which reviews are claimed and decided."""
    with Portal(tmp_path_factory.mktemp("viewer"), DJANGO_DEBUG="1", LIVENESS_REVIEW_SAMPLE="0") as portal:
        portal.python("-c", FILL)
        yield portal


@pytest.fixture
def open_as(studio, browser):
    """Pages of this portal; their windows are closed at the end of the test."""
    with ExitStack() as windows:

        def opened(role: str, path: str, *scripts: str, **options: object) -> Page:
            window = browser.new_context(base_url=studio.url, **options)
            windows.callback(window.close)
            for script in scripts:
                window.add_init_script(script)
            return open_page(studio, window, role, path)

        yield opened


@pytest.fixture
def look(studio, open_as):
    """The workspace of one attempt, once its picture and its video can be worked with."""

    def looked(name: str = "passed", role: str = "reviewer", *scripts: str, **options: object) -> Page:
        page = open_as(role, f"/review/{studio.seeded['attempts'][name]}/", *scripts, **options)
        wait_for_evidence(page)
        return page

    return looked
