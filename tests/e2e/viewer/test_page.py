"""The evidence viewer in a real browser: what it does unasked, what it does without, and whom it works for."""

import re

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect

from tests.e2e.viewer.evidence import video, wait_for_evidence

pytestmark = pytest.mark.browser


def test_a_file_that_cannot_be_shown_leaves_a_word(look, studio, open_as):
    path = f"/review/{studio.seeded['attempts']['passed']}/"
    page = open_as("reviewer", path)
    page.route("**/liveness/media/**", lambda route: route.abort())
    page.goto(path)
    expect(page.locator("[data-fault]:visible")).to_have_count(2)


def test_nothing_plays_by_itself_and_still_frames_come_first_where_motion_is_unwelcome(look):
    page = look(reduced_motion="reduce")
    expect(page.get_by_text("may flash").first).to_be_visible()
    page.wait_for_timeout(500)
    assert video(page).evaluate("video => video.paused && video.played.length") == 0
    gate = page.locator("[data-gate]")
    expect(gate.get_by_role("button").first).to_have_text("Show still frames")
    gate.get_by_role("button").first.click()
    expect(page.locator("[data-sheet]")).to_be_visible()
    page.keyboard.press("g")
    gate.get_by_role("button", name="Play").click()
    expect(gate).to_have_count(0)


def test_without_javascript_there_are_a_picture_and_a_video_and_no_dead_buttons(studio, open_as):
    path = f"/review/{studio.seeded['attempts']['passed']}/"
    page = open_as("reviewer", path, java_script_enabled=False)
    expect(page.locator(".pane--best_frame img")).to_be_visible()
    expect(page.locator(".pane--video video[controls][preload=metadata]")).to_be_visible()
    expect(page.get_by_text("may flash").first).to_be_visible()
    for tool in page.locator(".viewer button, .viewer input, .viewer summary").all():
        expect(tool).to_be_hidden()


def test_the_next_picture_is_there_before_it_is_asked_for(open_as):
    page = open_as("colleague", "/review/?outcome=passed")
    with page.expect_request(lambda request: request.headers.get("purpose") == "prefetch") as ahead:
        page.keyboard.press("n")
        page.wait_for_url(re.compile("/review/[0-9a-f-]{36}/"))
    wait_for_evidence(page)
    first, picture = page.url, ahead.value.url
    assert ahead.value.response().status == 200
    held = []
    page.route(picture, lambda route: held.append(route))
    page.wait_for_timeout(300)
    page.keyboard.press("a")
    page.keyboard.press("Control+Enter")
    expect(page.locator("canvas.pane__ahead")).to_have_count(1)
    assert page.url != first
    assert page.locator("canvas.pane__ahead").evaluate("one => one.width") == 480
    assert [route.request.headers.get("purpose") for route in held] == [None]
    held[0].continue_()
    expect(page.locator("canvas.pane__ahead")).to_have_count(0)
    wait_for_evidence(page)
    assert page.evaluate("window.blocked") == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_viewer_in_use_is_accessible(look, scheme):
    page = look(color_scheme=scheme)
    for key in ("+", "m", "i", "g"):
        page.keyboard.press(key)
    expect(page.locator("[data-progress]")).to_have_text(re.compile("^12 frames"), timeout=20_000)
    page.keyboard.press("l")
    page.keyboard.press("ArrowRight")
    found = Axe().run(page, context=".viewer", options={"runOnly": ["wcag2a", "wcag2aa", "wcag21aa", "wcag22aa"]})
    assert found.response["violations"] == []
    page.keyboard.press("Escape")
    page.keyboard.press("?")
    found = Axe().run(page, context="#keys-help", options={"runOnly": ["wcag2a", "wcag2aa", "wcag21aa", "wcag22aa"]})
    assert found.response["violations"] == []


@pytest.mark.parametrize("size", [(1440, 900), (375, 800)])
def test_the_viewer_stands_still_and_obeys_the_policy(look, size):
    page = look(viewport={"width": size[0], "height": size[1]})
    page.wait_for_load_state("networkidle")
    assert page.evaluate("window.shifted") < 0.01
    for key in ("+", "v", ".", "m", "i", "l"):
        page.keyboard.press(key)
    page.wait_for_timeout(300)
    assert page.evaluate("window.blocked") == []
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
