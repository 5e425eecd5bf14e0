"""Every page against the rules of WCAG 2.2, levels A and AA, in both themes."""

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page

from tests.e2e.test_portal import PAGES, path_of

pytestmark = pytest.mark.browser
RULES = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22a", "wcag22aa"]}


@pytest.mark.parametrize("name", PAGES)
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_a_page_has_no_accessibility_violation(portal, open_as, name, theme):
    role, path = PAGES[name]
    page = open_as(role, path_of(portal, path), viewport={"width": 1440, "height": 900}, color_scheme=theme)
    page.wait_for_load_state("networkidle")
    assert violations(page) == []


def violations(page: Page) -> list[tuple[str, list[str]]]:
    """The rules that the page breaks, and where."""
    found = Axe().run(page, options=RULES).response["violations"]
    return [(rule["id"], [node["target"] for node in rule["nodes"]]) for rule in found]
