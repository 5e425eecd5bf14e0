"""The panes of the viewer: zoom, turns and light show what was asked for, and say so."""

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.viewer.evidence import said, video

pytestmark = pytest.mark.browser
# Where a pane stands: its scale, and its offset in shares of its size.
PLACE = """figure => {
    const box = figure.querySelector("[data-move]");
    const {a, e, f} = new DOMMatrix(getComputedStyle(box).transform);
    return {scale: a, x: e / a / box.clientWidth, y: f / a / box.clientHeight};
}"""
# Where the picture itself is painted, turned or not, as against its pane.
FITS = """picture => {
    const [inner, outer] = [picture, picture.closest("[data-view]")].map(one => one.getBoundingClientRect());
    return inner.left >= outer.left - 1 && inner.right <= outer.right + 1
        && inner.top >= outer.top - 1 && inner.bottom <= outer.bottom + 1;
}"""


def place(page: Page, kind: str) -> dict[str, float]:
    return page.locator(f".pane--{kind}").evaluate(PLACE)


def test_both_panes_zoom_and_move_together_until_they_are_parted(look):
    page = look()
    for _ in range(3):
        page.keyboard.press("+")
    expect(page.locator("[data-scale]").last).not_to_have_text("100 %")
    page.locator(".pane--best_frame [data-view]").focus()
    page.keyboard.press("ArrowRight")
    page.wait_for_function("() => document.querySelector('.pane--video [data-move]').style.transform.includes('-')")
    one, other = place(page, "best_frame"), place(page, "video")
    assert one["scale"] > 2 and one["x"] < 0
    assert other == pytest.approx(one, abs=0.01)
    page.keyboard.press("s")
    page.keyboard.press("0")
    expect(page.locator("[data-scale]").first).to_have_text("100 %")
    assert place(page, "best_frame")["scale"] == 1
    assert place(page, "video")["scale"] == pytest.approx(one["scale"])
    expect(page.locator("[data-tool=sync]")).to_have_attribute("aria-pressed", "false")


def test_the_wheel_zooms_at_the_pointer_and_a_drag_moves_no_further_than_the_edge(look):
    page = look()
    box = page.locator(".pane--best_frame [data-view]").bounding_box()
    left, top = box["x"] + box["width"] * 0.25, box["y"] + box["height"] * 0.25
    page.mouse.move(left, top)
    for _ in range(8):
        page.mouse.wheel(0, -100)
        page.wait_for_timeout(30)
    zoomed = place(page, "best_frame")
    assert zoomed["scale"] > 1.5
    # What is under the pointer stays there: a quarter from the edge is moved towards the middle.
    assert zoomed["x"] > 0 and zoomed["y"] > 0
    page.mouse.down()
    page.mouse.move(left - 40, top - 30, steps=4)
    page.wait_for_timeout(50)
    assert place(page, "best_frame")["x"] < zoomed["x"]
    page.mouse.move(left + 3000, top + 3000, steps=4)
    page.mouse.up()
    page.wait_for_timeout(50)
    moved = place(page, "best_frame")
    assert moved["x"] == pytest.approx((1 - 1 / moved["scale"]) / 2, abs=0.01)


def test_the_page_scrolls_over_a_picture_that_cannot_shrink_further(look):
    page = look()
    box = page.locator(".pane--best_frame [data-view]").bounding_box()
    page.mouse.move(box["x"] + 50, box["y"] + 50)
    page.mouse.wheel(0, 300)
    page.wait_for_function("() => scrollY > 100")
    assert place(page, "best_frame")["scale"] == 1


def test_a_double_click_zooms_in_and_out_again(look):
    page = look()
    for expected in ("250 %", "100 %"):
        page.locator(".pane--video [data-view]").dblclick(position={"x": 60, "y": 80})
        expect(page.locator(".pane--video [data-scale]")).to_have_text(expected)
    page.wait_for_timeout(400)
    assert video(page).evaluate("video => video.paused")


@pytest.mark.parametrize("kind", ["best_frame", "video"])
def test_a_turned_picture_fits_its_pane(look, kind):
    page = look()
    picture = page.locator(f".pane--{kind} [data-move] > :is(img, video)")
    for degrees in (90, 180, 270, 0):
        page.locator(f".pane--{kind} [data-tool=rotate]").click()
        expect(page.locator(f".pane--{kind} [data-move]")).to_have_attribute("data-turn", str(degrees))
        assert picture.evaluate(FITS)
    expect(said(page)).to_have_text("Turned by 0°")


def test_light_is_changed_on_both_panes_told_and_taken_back(look):
    page = look()
    page.keyboard.press("l")
    page.keyboard.press("ArrowRight")
    page.get_by_label("Gamma").fill("2")
    filter_of = "one => getComputedStyle(one).filter"
    filters = [page.locator(f".pane {kind}").evaluate(filter_of) for kind in ("img", "video")]
    assert filters[0] == filters[1]
    assert "brightness(1.05)" in filters[0] and "#viewer-gamma" in filters[0]
    assert page.locator("#viewer-gamma [exponent]").first.get_attribute("exponent") == "0.500"
    expect(page.get_by_text("Not as received")).to_be_visible()
    page.keyboard.press("Escape")
    page.keyboard.press("z")
    expect(page.get_by_text("Not as received")).to_be_hidden()
    assert page.locator(".pane img").evaluate("image => getComputedStyle(image).filter") == "none"
    expect(said(page)).to_have_text("Shown as received")
