"""The workspace as tests sit before it."""

from playwright.sync_api import Page, expect

from tests.e2e.test_working_day import wait_for_evidence

WIDE = {"width": 1440, "height": 900}


def ready(page: Page) -> None:
    wait_for_evidence(page)
    if page.locator("[data-viewer]").count():
        expect(page.locator("[data-viewer][data-ready]")).to_be_visible()
