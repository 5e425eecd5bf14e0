"""The keys in a real browser: when they work, where they are listed, and how they are chosen."""

import pytest
from playwright.sync_api import expect

pytestmark = pytest.mark.browser


def test_no_key_works_while_somebody_types_or_holds_a_modifier(look):
    page = look()
    page.locator("textarea[data-command=note]").focus()
    page.keyboard.type("c n ? r")
    expect(page.locator("textarea[data-command=note]")).to_have_value("c n ? r")
    page.locator("h1").click()
    for key in ("Control+Shift+c", "Alt+c", "Meta+c"):
        page.keyboard.press(key)
    page.wait_for_timeout(300)
    expect(page.locator("[data-command=claim]")).to_be_visible()
    expect(page.locator("#keys-help")).to_be_hidden()
    page.keyboard.press("w")
    expect(page.locator("textarea[data-command=note]")).to_be_focused()


def test_the_keys_are_listed_and_the_focus_comes_back(look):
    page = look()
    page.get_by_role("link", name="Queue").focus()
    page.keyboard.press("?")
    expect(page.get_by_role("dialog", name="Keys")).to_be_visible()
    page.keyboard.press("n")
    page.keyboard.press("+")
    expect(page.get_by_role("dialog")).to_contain_text("One frame forward")
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_have_count(0)
    expect(page.get_by_role("link", name="Queue")).to_be_focused()
    expect(page.locator("[data-scale]").first).to_have_text("100 %")


def test_a_chosen_key_works_and_the_default_no_longer_does(look, open_as):
    page = open_as("auditor", "/review/keys/")
    page.get_by_label("Zoom in").press("p")
    page.get_by_label("One frame forward").press("Space")
    page.get_by_label("Play or pause").press("Backspace")
    page.get_by_label("Play or pause").fill("")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("Your keys are saved.")).to_be_visible()
    page = look(role="auditor")
    page.keyboard.press("+")
    page.keyboard.press("Space")
    expect(page.locator("[data-time]")).to_have_text("0:00.040")
    page.keyboard.press("p")
    expect(page.locator("[data-scale]").first).to_have_text("135 %")
    expect(page.locator("[data-tool=zoom-in]").first).to_have_attribute("title", "Zoom in (P)")


def test_single_keys_that_are_off_do_nothing_but_a_focused_pane_still_zooms(look, open_as):
    page = open_as("supervisor", "/review/keys/")
    page.get_by_label("Single keys start commands").uncheck()
    page.get_by_role("button", name="Save").click()
    page = look(role="supervisor")
    page.keyboard.press("+")
    page.keyboard.press("?")
    page.wait_for_timeout(200)
    expect(page.locator("[data-scale]").first).to_have_text("100 %")
    expect(page.locator("#keys-help")).to_be_hidden()
    page.locator(".pane--best_frame [data-view]").focus()
    page.keyboard.press("+")
    expect(page.locator("[data-scale]").first).to_have_text("135 %")


def test_rows_of_the_queue_are_walked_by_key(open_as):
    page = open_as("colleague", "/review/")
    links = page.locator("[data-row] a")
    for key, index in (("j", 0), ("j", 1), ("k", 0), ("k", 0)):
        page.keyboard.press(key)
        row = page.locator("[data-row]").nth(index)
        expect(row.locator("a").first).to_be_focused()
    page.keyboard.press("/")
    expect(page.locator("[data-command=search]")).to_be_focused()
    assert links.count() > 1
