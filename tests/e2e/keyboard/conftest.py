"""What tests of the keyboard start from: a portal for each file, and reviews claimed on it."""

import re
from contextlib import ExitStack

import pytest
from playwright.sync_api import Page

from tests.e2e.conftest import open_page
from tests.e2e.keyboard.desks import WIDE
from tests.e2e.test_working_day import wait_for_evidence
from tests.served import Portal

FILL = "import django; django.setup(); from tests.seed import fill_queue; fill_queue(24)"
WORKSPACE = re.compile("/review/[0-9a-f-]{36}/")


@pytest.fixture(scope="module")
def desk(tmp_path_factory):
    """A portal of its own: what is decided here is decided."""
    with Portal(tmp_path_factory.mktemp("desk"), DJANGO_DEBUG="1", LIVENESS_REVIEW_SAMPLE="0") as portal:
        portal.python("-c", FILL)
        yield portal


@pytest.fixture
def open_as(desk, browser):
    """Pages of this portal; their windows are closed at the end of the test."""
    with ExitStack() as windows:

        def opened(role: str, path: str, **options: object) -> Page:
            window = browser.new_context(base_url=desk.url, **({"viewport": WIDE} | options))
            windows.callback(window.close)
            return open_page(desk, window, role, path)

        yield opened


@pytest.fixture
def work(open_as):
    """The next review of this person, claimed and open. Whoever leaves it open finds it again."""

    def worked(role: str = "reviewer", query: str = "outcome=passed", **options: object) -> Page:
        page = open_as(role, f"/review/?{query}", **options)
        page.locator("[data-command=next]").click()
        page.wait_for_url(WORKSPACE)
        wait_for_evidence(page)
        return page

    return worked
