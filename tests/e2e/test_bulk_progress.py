"""The page of a bulk action in a browser: it follows the work by itself, and does not move or lose the focus."""

import pytest
from playwright.sync_api import expect

pytestmark = pytest.mark.browser
PAGE = "/admin/liveness/bulkaction/1/change/"
FINISH = """
import django; django.setup()
from django.utils import timezone
from liveness.models import BulkAction
from liveness.worker import bulk_actions
[key] = bulk_actions.take(1, run="e2e", now=timezone.now())
bulk_actions.finish(key, "gone <b>wrong</b>", now=timezone.now())
action = BulkAction.objects.get()
print(f"{action.worked} of {action.total} records")
"""


def test_the_progress_follows_the_work_without_a_new_page(portal, open_as):
    page = open_as("operator", PAGE, viewport={"width": 1000, "height": 300})
    page.evaluate("window.isSame = true")
    cancel = page.get_by_role("button", name="Cancel what is pending")
    cancel.focus()
    page.evaluate("scrollTo(0, 120)")
    place = page.evaluate("scrollY")
    words = portal.python("-c", FINISH).strip()
    expect(page.get_by_text(words)).to_be_visible(timeout=20_000)
    expect(page.get_by_text("gone <b>wrong</b>")).to_be_visible()
    assert page.evaluate("window.isSame") is True
    assert page.evaluate("scrollY") == place
    assert page.evaluate("window.shifted") < 0.05
    expect(cancel).to_be_focused()


def test_the_page_says_the_same_without_scripts(open_as):
    page = open_as("operator", PAGE, java_script_enabled=False)
    expect(page.get_by_role("progressbar")).to_be_visible()
    expect(page.get_by_text(" of 5 records")).to_be_visible()
    assert page.locator("meta[http-equiv=refresh]").get_attribute("content", timeout=5_000) == "10"
