"""The evidence by keyboard: the contact sheet, the marks, and whose controls the video has."""

import re

import pytest
from playwright.sync_api import expect

from tests.e2e.keyboard.desks import WIDE

pytestmark = pytest.mark.browser
FOCUS = "document.activeElement"


class TestContactSheet:
    def test_it_is_walked_with_arrows_and_a_frame_is_chosen_with_enter(self, work):
        page = work()
        page.keyboard.press("g")
        frames = page.locator("[data-sheet] [data-jump]")
        expect(frames.first).to_be_focused()
        expect(page.locator("[data-progress]")).to_have_text(re.compile("^12 frames"), timeout=20_000)
        for key, index in (("ArrowRight", 1), ("ArrowDown", 5), ("ArrowLeft", 4), ("ArrowUp", 0), ("ArrowUp", 0)):
            page.keyboard.press(key)
            expect(frames.nth(index)).to_be_focused()
        page.keyboard.press("Tab")
        expect(frames.nth(1)).to_be_focused()
        page.keyboard.press("Enter")
        expect(page.locator("[data-sheet]")).to_be_hidden()
        expect(page.locator(".pane--video [data-view]")).to_be_focused()
        page.wait_for_function("() => Math.abs(document.querySelector('.pane--video video').currentTime - 0.45) < 0.01")

    def test_escape_leaves_it_for_where_its_person_came_from(self, work):
        page = work()
        page.keyboard.press("r")
        page.keyboard.press("g")
        expect(page.locator("[data-sheet] [data-jump]").first).to_be_focused()
        page.keyboard.press("Escape")
        expect(page.locator("[data-sheet]")).to_be_hidden()
        expect(page.locator("[data-command=reject]")).to_be_focused()


class TestMarks:
    @pytest.mark.parametrize("size", [WIDE, {"width": 1280, "height": 720}])
    def test_they_are_in_sight_and_nothing_moves_when_they_come(self, work, size):
        page = work(viewport=size)
        before = page.locator(".viewer").bounding_box()
        for _ in range(4):
            time = page.locator("[data-time]").inner_text()
            page.keyboard.press(".")
            expect(page.locator("[data-time]")).not_to_have_text(time)
            page.keyboard.press("m")
        lines = page.locator("[data-marks-list] li")
        expect(lines).to_have_count(4)
        for line in (lines.nth(3), lines.nth(2)):
            expect(line).to_be_in_viewport(ratio=0.9)
        assert page.locator(".viewer").bounding_box() == before
        assert page.evaluate("scrollY") == 0

    def test_a_remark_is_one_key_away_and_so_is_the_video(self, work):
        page = work()
        page.keyboard.press(".")
        expect(page.locator("[data-time]")).to_have_text("0:00.040")
        page.keyboard.press("m")
        assert page.evaluate(f"{FOCUS} === document.body")
        page.keyboard.press("d")
        expect(page.get_by_label("Remark", exact=True)).to_be_focused()
        page.keyboard.type("an edge")
        page.keyboard.press("Enter")
        expect(page.locator(".pane--video [data-view]")).to_be_focused()
        assert '"text":"an edge"' in page.locator("#decision input[data-marks]").input_value()


def test_the_browser_s_own_controls_wait_and_come_if_ours_do_not(open_as, desk):
    path = f"/review/{desk.seeded['attempts']['passed']}/"
    page = open_as("auditor", "/review/")
    page.route("**/start.js", lambda route: route.abort())
    page.goto(path)
    pane = page.locator(".pane--video [data-view]")
    page.wait_for_function("() => document.querySelector('.pane--video video').readyState >= 2")
    without = pane.screenshot()
    page.wait_for_timeout(5000)
    assert pane.screenshot() != without
    expect(page.locator("video[controls]")).to_have_count(1)
