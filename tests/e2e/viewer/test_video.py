"""The video of the viewer: its steps, loops and still frames, and what is told of it with the decision."""

import itertools
import json
import re

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.viewer.evidence import said, video, wait_for_evidence

pytestmark = pytest.mark.browser
FRAME = 1 / 25
PIXELS = """source => {
    const canvas = document.createElement("canvas");
    Object.assign(canvas, {width: 48, height: 64});
    canvas.getContext("2d").drawImage(source, 0, 0, 48, 64);
    return Array.from(canvas.getContext("2d").getImageData(0, 0, 48, 64).data).join();
}"""
# The times of all frames that the video shows while it plays for so many milliseconds.
SHOWN = """(video, ms) => new Promise(done => {
    const times = [];
    const note = (now, frame) => { times.push(frame.mediaTime); video.requestVideoFrameCallback(note); };
    video.requestVideoFrameCallback(note);
    video.play();
    setTimeout(() => { video.pause(); done(times); }, ms);
})"""


def now(page: Page) -> float:
    """The time that the page shows, in seconds."""
    minutes, seconds = page.locator("[data-time]").inner_text().split(":")
    return int(minutes) * 60 + float(seconds)


def step(page: Page, key: str, expected: float) -> None:
    page.keyboard.press(key)
    expect(page.locator("[data-time]")).to_have_text(f"0:{expected:06.3f}")


def field(page: Page, name: str) -> str:
    return page.locator(f"#decision input[data-{name}]").input_value()


def test_a_step_is_exactly_one_frame_in_both_directions(look):
    page = look()
    seen = {}
    for number in (1, 2, 3, 4):
        step(page, ".", number * FRAME)
        seen[number] = video(page).evaluate(PIXELS)
    assert len(set(seen.values())) == 4
    for number in (3, 2, 1):
        step(page, ",", number * FRAME)
        assert video(page).evaluate(PIXELS) == seen[number]
    expect(page.locator("[data-step]")).to_have_attribute("title", "Measured: 40.0 ms for each frame")
    expect(said(page)).to_have_text("Frame at 0:00.040")
    assert video(page).evaluate("video => video.paused")


def test_quick_steps_are_all_made(look):
    page = look()
    for _ in range(3):
        page.keyboard.press(".")
    expect(page.locator("[data-time]")).to_have_text("0:00.120")
    page.wait_for_timeout(300)
    assert now(page) == 0.12


def test_a_step_ends_at_the_last_frame_and_at_the_first(look):
    page = look()
    video(page).evaluate("video => { video.currentTime = video.duration - 0.06; }")
    expect(page.locator("[data-time]")).to_have_text("0:03.520")
    step(page, ".", 3.56)
    page.keyboard.press(".")
    page.wait_for_timeout(300)
    assert now(page) == 3.56
    video(page).evaluate("video => { video.currentTime = 0.05; }")
    step(page, ",", 0)
    page.keyboard.press(",")
    page.wait_for_timeout(300)
    assert now(page) == 0


def test_a_browser_that_tells_no_frames_apart_steps_by_time_and_says_so(look):
    page = look("passed", "reviewer", "delete HTMLVideoElement.prototype.requestVideoFrameCallback;")
    expect(page.locator("[data-step]")).to_have_text("1/25 s")
    page.keyboard.press(".")
    page.wait_for_function("() => Math.abs(document.querySelector('.pane--video video').currentTime - 0.04) < 0.002")


def test_a_loop_stays_inside_its_range(look):
    page = look()
    for target, key in ((0.5, "i"), (0.9, "o")):
        video(page).evaluate("(video, to) => { video.currentTime = to; }", target + 0.001)
        expect(page.locator("[data-time]")).to_have_text(f"0:{int(target / FRAME) * FRAME:06.3f}")
        page.keyboard.press(key)
    expect(said(page)).to_have_text("Loop from 0:00.480 to 0:00.880")
    expect(page.locator("[data-loop]")).to_be_visible()
    # Slowly, so that a busy machine has the time to turn back where it should.
    page.keyboard.press("[")
    times = video(page).evaluate(SHOWN, 3500)
    assert min(times) >= 0.48 - 0.001 and max(times) <= 0.88 + 2 * FRAME + 0.001
    assert sum(one > other for one, other in itertools.pairwise(times)) >= 2
    page.keyboard.press("x")
    expect(page.locator("[data-loop]")).to_be_hidden()
    assert max(video(page).evaluate(SHOWN, 1500)) > 1


def test_speeds_are_those_offered_and_no_others(look):
    page = look()
    for key, speeds in (("[", ["0.5×", "0.25×", "0.25×"]), ("]", ["0.5×", "1×", "1.5×", "2×", "2×"])):
        for expected in speeds:
            page.keyboard.press(key)
            expect(page.locator("[data-speed]")).to_have_text(expected)
    assert video(page).evaluate("video => video.playbackRate") == 2


def test_the_controls_are_complete_without_the_browsers_own(look):
    page = look()
    assert video(page).evaluate("video => !video.controls && video.paused && !video.autoplay")
    page.get_by_label("Place in the video").focus()
    page.keyboard.press("End")
    page.wait_for_function("() => document.querySelector('.pane--video video').currentTime > 3.5")
    page.keyboard.press("Home")
    page.wait_for_function("() => document.querySelector('.pane--video video').currentTime === 0")
    page.keyboard.press("ArrowRight")
    expect(page.get_by_label("Place in the video")).to_have_attribute("aria-valuetext", "0:00.040 of 0:03.600")
    page.get_by_label("Volume").fill("0.5")
    page.keyboard.press("q")
    assert video(page).evaluate("video => [video.muted, video.volume]") == [True, 0.5]
    page.locator("[data-tool=play]:visible").first.click()
    page.wait_for_function("() => !document.querySelector('.pane--video video').paused")
    page.keyboard.press("Space")
    page.wait_for_function("() => document.querySelector('.pane--video video').paused")


def test_what_was_played_and_marked_goes_with_the_decision(look):
    page = look("hostile")
    page.keyboard.press("c")
    expect(page.locator("#decision")).to_be_visible()
    wait_for_evidence(page)
    assert (field(page, "played"), field(page, "marks")) == ("0.000", "[]")
    # To seek is not to see.
    page.get_by_label("Place in the video").focus()
    page.keyboard.press("End")
    page.wait_for_function("() => document.querySelector('.pane--video video').currentTime > 3")
    page.keyboard.press("Home")
    step(page, ".", FRAME)
    assert float(field(page, "played")) < 0.02
    page.keyboard.press("m")
    remark = page.get_by_label("Remark", exact=True)
    remark.fill("eyes, n and c typed here start nothing")
    expect(page.locator("[data-marks-list] li")).to_have_count(1)
    marks = json.loads(field(page, "marks"))
    assert marks == [{"at": 0.04, "text": "eyes, n and c typed here start nothing"}]
    page.locator(".pane--video [data-view]").focus()
    page.keyboard.press("]")
    page.keyboard.press("]")
    page.keyboard.press("Space")
    page.wait_for_function("() => document.querySelector('.pane--video video').ended")
    assert float(field(page, "played")) > 0.97
    page.keyboard.press("m")
    expect(page.locator("[data-marks-list] li")).to_have_count(2)
    page.locator("[data-marks-list] [data-jump]").first.click()
    expect(page.locator("[data-time]")).to_have_text("0:00.040")
    page.locator("[data-marks-list] [data-remove]").last.click()
    assert json.loads(field(page, "marks")) == marks
    page.keyboard.press("u")
    expect(page.locator("#decision")).to_be_hidden()


def test_what_was_seen_before_the_claim_counts_after_it(look):
    page = look("hostile")
    page.keyboard.press("]")
    page.keyboard.press("]")
    page.keyboard.press("Space")
    page.wait_for_function("() => document.querySelector('.pane--video video').currentTime > 1")
    page.keyboard.press("Space")
    page.keyboard.press("m")
    page.keyboard.press("c")
    expect(page.locator("#decision")).to_be_visible()
    wait_for_evidence(page)
    assert 0.25 < float(field(page, "played")) < 0.9
    assert len(json.loads(field(page, "marks"))) == 1
    expect(page.locator("[data-marks-list] li")).to_have_count(1)
    page.keyboard.press("u")
    expect(page.locator("#decision")).to_be_hidden()


def test_a_contact_sheet_shows_twelve_frames_and_leads_to_each(look):
    page = look()
    page.keyboard.press("g")
    frames = page.locator("[data-sheet] canvas")
    expect(frames).to_have_count(12)
    heights = frames.evaluate_all("all => all.map(one => one.getBoundingClientRect().height)")
    expect(page.locator("[data-progress]")).to_have_text(re.compile("^12 frames"), timeout=20_000)
    assert len({frames.nth(index).evaluate(PIXELS) for index in range(12)}) == 12
    assert frames.evaluate_all("all => all.map(one => one.getBoundingClientRect().height)") == heights
    page.locator("[data-sheet] [data-jump]").nth(6).click()
    expect(page.locator("[data-sheet]")).to_be_hidden()
    page.wait_for_function("() => Math.abs(document.querySelector('.pane--video video').currentTime - 1.95) < 0.01")
    assert page.evaluate("window.shifted") < 0.01
    assert page.evaluate("window.blocked") == []


def test_a_contact_sheet_can_be_cancelled_and_begun_again(look):
    page = look()
    page.route("**/liveness/media/**", lambda route: None)
    page.keyboard.press("g")
    expect(page.locator("[data-progress]")).to_have_text("Drawing frame 0 of 12")
    page.get_by_role("button", name="Cancel").click()
    expect(page.locator("[data-sheet]")).to_be_hidden()
    expect(said(page)).to_have_text("Contact sheet cancelled")
    page.unroute("**/liveness/media/**")
    page.keyboard.press("g")
    expect(page.locator("[data-progress]")).to_have_text(re.compile("^12 frames"), timeout=20_000)
