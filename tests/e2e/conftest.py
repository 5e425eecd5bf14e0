"""A real Chromium before a served portal. Nothing here touches the database from the test's own process."""

import shutil
from collections.abc import Callable

import pytest
from playwright.sync_api import BrowserContext, Page

from tests.conftest import missing
from tests.served import Portal

BROWSERS = ("chromium", "chromium-browser", "google-chrome")
QUIET = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--disable-background-networking",
    "--no-first-run",
    "--disable-component-update",
    "--disable-sync",
)
# Before any of the page's own code: note what the policy blocked and what moved without being asked to.
WATCH = """
window.blocked = [];
document.addEventListener("securitypolicyviolation", e => window.blocked.push(e.violatedDirective + e.blockedURI));
window.shifted = 0;
new PerformanceObserver(list => list.getEntries().forEach(e => { if (!e.hadRecentInput) window.shifted += e.value; }))
  .observe({type: "layout-shift", buffered: true});
"""


@pytest.fixture(scope="session")
def browser_type_launch_args(browser_type_launch_args):
    program = next(filter(None, map(shutil.which, BROWSERS)), None)
    if not program:
        missing("Chromium is not installed")
    return browser_type_launch_args | {"executable_path": program, "args": list(QUIET)}


@pytest.fixture(scope="session")
def portal(tmp_path_factory):
    with Portal(tmp_path_factory.mktemp("portal"), DJANGO_DEBUG="1") as portal:
        yield portal


@pytest.fixture(scope="session")
def base_url(portal) -> str:
    return portal.url


def open_page(portal: Portal, context: BrowserContext, role: str | None, path: str) -> Page:
    """A page of the portal in this context, opened by a person of this role; None is nobody."""
    context.add_init_script(WATCH)
    if role:
        session = {"name": "sessionid", "value": portal.seeded["sessions"][role], "url": portal.url}
        context.add_cookies([session])
    page = context.new_page()
    page.goto(path, wait_until="load")
    return page


@pytest.fixture
def open_as(portal, new_context) -> Callable[..., Page]:
    def opened(role: str | None, path: str, **options: object) -> Page:
        return open_page(portal, new_context(**options), role, path)

    return opened
