"""The evidence viewer and the keys in a real browser: it shows what was asked for, and says truly what that is."""

import itertools
import json
import re
from contextlib import ExitStack

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from tests.e2e.conftest import open_page
from tests.served import Portal

pytestmark = pytest.mark.browser
FILL = "import django; django.setup(); from tests.seed import fill_queue; fill_queue(6)"
FRAME = 1 / 25
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


@pytest.fixture(scope="module")
def studio(tmp_path_factory):
    """A portal of its own, in which reviews are claimed and decided."""
    with Portal(tmp_path_factory.mktemp("viewer"), DJANGO_DEBUG="1", LIVENESS_REVIEW_SAMPLE="0") as portal:
        portal.python("-c", FILL)
        yield portal


@pytest.fixture
def open_as(studio, browser):
    """Pages of this portal; their windows are closed at the end of the test."""
    with ExitStack() as windows:

        def opened(role: str, path: str, *scripts: str, **options: object) -> Page:
            window = browser.new_context(base_url=studio.url, **options)
            windows.callback(window.close)
            for script in scripts:
                window.add_init_script(script)
            return open_page(studio, window, role, path)

        yield opened


@pytest.fixture
def look(studio, open_as):
    """The workspace of one attempt, once its picture and its video can be worked with."""

    def looked(name: str = "passed", role: str = "reviewer", *scripts: str, **options: object) -> Page:
        page = open_as(role, f"/review/{studio.seeded['attempts'][name]}/", *scripts, **options)
        wait_for_evidence(page)
        return page

    return looked


def wait_for_evidence(page: Page) -> None:
    page.wait_for_function(
        """() => {
            const image = document.querySelector(".pane--best_frame img");
            const video = document.querySelector(".pane--video video");
            return document.querySelector("[data-viewer][data-ready]") && image?.complete && video?.readyState >= 2;
        }"""
    )


def place(page: Page, kind: str) -> dict[str, float]:
    return page.locator(f".pane--{kind}").evaluate(PLACE)


def video(page: Page):
    return page.locator(".pane--video video")


def said(page: Page):
    return page.locator("[data-said]")


def now(page: Page) -> float:
    """The time that the page shows, in seconds."""
    minutes, seconds = page.locator("[data-time]").inner_text().split(":")
    return int(minutes) * 60 + float(seconds)


def step(page: Page, key: str, expected: float) -> None:
    page.keyboard.press(key)
    expect(page.locator("[data-time]")).to_have_text(f"0:{expected:06.3f}")


def field(page: Page, name: str) -> str:
    return page.locator(f"#decision input[data-{name}]").input_value()


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


def test_a_file_that_cannot_be_shown_leaves_a_word(look, studio, open_as):
    path = f"/review/{studio.seeded['attempts']['passed']}/"
    page = open_as("reviewer", path)
    page.route("**/liveness/media/**", lambda route: route.abort())
    page.goto(path)
    expect(page.locator("[data-fault]:visible")).to_have_count(2)


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
