"""What the scripts of the workspace do over a day: what they claim was seen, what they leave behind, what they tell."""

import re
import time
from contextlib import ExitStack

import pytest
from playwright.sync_api import Page, Route, expect

from tests.e2e.conftest import open_page
from tests.e2e.test_working_day import decide_by_keyboard, subject, wait_for_evidence
from tests.served import Portal

pytestmark = pytest.mark.browser
FILL = "import django; django.setup(); from tests.seed import fill_queue; fill_queue(24)"
ITEMS = 8
# The page shown, the one just left, and one that the browser has not let go of yet.
MOST_ALIVE = 3
PATIENCE = 10.0
WORKSPACE = re.compile("/review/[0-9a-f-]{36}/")
# Every video that was ever on the page, held in a way that keeps none alive.
COUNT = """
window.videos = [];
new MutationObserver(() => {
    for (const video of document.querySelectorAll("video:not([data-counted])")) {
        video.dataset.counted = "";
        video.isCounted = true;
        window.videos.push(new WeakRef(video));
    }
}).observe(document, {childList: true, subtree: true});
"""
ALIVE = "window.videos.filter(video => video.deref()).length"
AGAIN = "Not sent. Your text is kept. Try again."
RELOAD = "Not sent: reload the page, your text is kept."


@pytest.fixture(scope="module")
def day(tmp_path_factory):
    with Portal(tmp_path_factory.mktemp("scripts"), DJANGO_DEBUG="1", LIVENESS_REVIEW_SAMPLE="0") as portal:
        portal.python("-c", FILL)
        yield portal


@pytest.fixture
def work(day, browser):
    """The next review of this person, claimed and open; the windows are closed at the end of the test."""
    with ExitStack() as windows:

        def worked(role: str = "reviewer", *scripts: str) -> Page:
            window = browser.new_context(base_url=day.url)
            windows.callback(window.close)
            # While Django debugs, this shows its own page for a fault.
            window.route("**/django-htmx.js", lambda route: route.abort())
            for script in scripts:
                window.add_init_script(script)
            page = open_page(day, window, role, "/review/")
            page.keyboard.press("n")
            page.wait_for_url(WORKSPACE)
            wait_for_evidence(page)
            expect(page.locator("[data-viewer][data-ready]")).to_be_visible()
            return page

        yield worked


def answer(route: Route, status: int) -> None:
    if status:
        route.fulfill(status=status, content_type="text/html", body="<h1>Fault</h1>")
    else:
        route.abort()


def alive(page: Page) -> int:
    """How many videos are left once the browser has thrown away what it can; it is given some time for that."""
    browser = page.context.new_cdp_session(page)
    deadline = time.monotonic() + PATIENCE
    while True:
        browser.send("HeapProfiler.collectGarbage")
        left = page.evaluate(ALIVE)
        if left <= MOST_ALIVE or time.monotonic() > deadline:
            return left
        page.wait_for_timeout(200)


def test_whoever_jumps_to_the_end_has_not_seen_the_middle(work):
    page = work()
    video = page.locator("video[data-video]")
    video.evaluate("video => video.play()")
    page.wait_for_function("() => document.querySelector('video[data-video]').currentTime > 0.1")
    video.evaluate("video => video.pause()")
    page.get_by_label("Place in the video").focus()
    page.keyboard.press("End")
    page.wait_for_function("() => document.querySelector('video[data-video]').ended")
    # The page writes on these events too; once they are over, it has written for the last time.
    page.wait_for_timeout(400)
    assert 0 < float(page.locator("#decision input[data-played]").input_value()) < 0.5


def test_pages_that_were_swapped_out_are_let_go_of(work):
    page = work("colleague", COUNT)
    for _ in range(ITEMS):
        before = subject(page)
        page.keyboard.press("+")
        decide_by_keyboard(page)
        expect(page.locator("h1")).not_to_have_text(before)
        expect(page.locator("[data-viewer][data-ready]")).to_be_visible()
    # Not every review has a video.
    assert page.evaluate("window.videos.length") >= ITEMS - 1
    assert alive(page) <= MOST_ALIVE


@pytest.mark.parametrize(("status", "sentence"), [(503, AGAIN), (500, AGAIN), (0, AGAIN), (403, RELOAD)])
def test_a_decision_that_does_not_arrive_says_so_and_can_be_sent_again(work, status, sentence):
    page = work("supervisor")
    before = subject(page)
    page.route("**/decide/**", lambda route: answer(route, status))
    page.get_by_label("Internal note").fill("Typed before the fault.")
    page.locator("[data-command=escalate]").check()
    page.get_by_label("In doubt").check()
    page.locator("#decide").click()
    told = page.locator("#panel [role=alert]")
    expect(told).to_have_text(sentence)
    expect(page.locator("#decide")).to_be_focused()
    page.keyboard.press("Enter")
    expect(told).to_have_count(1)
    expect(page.get_by_label("Internal note")).to_have_value("Typed before the fault.")
    page.unroute("**/decide/**")
    with page.expect_response("**/decide/**"):
        page.locator("#decide").click()
    expect(page.locator("h1")).not_to_have_text(before)
    expect(page.locator(".unsent")).to_have_count(0)


def test_what_was_told_is_taken_back_while_the_decision_is_sent_again(work):
    page = work("supervisor")
    page.route("**/decide/**", lambda route: answer(route, 503))
    page.locator("[data-command=escalate]").check()
    page.locator("#decide").click()
    expect(page.locator(".unsent")).to_have_count(1)
    page.unroute("**/decide/**")
    page.route("**/decide/**", lambda route: None)
    page.locator("#decide").click()
    expect(page.locator(".unsent")).to_have_count(0)
    expect(page.locator("#decide")).to_be_disabled()


def test_a_fault_does_not_take_the_focus_from_whoever_writes_elsewhere(work):
    page = work("supervisor")
    held = []
    page.route("**/decide/**", lambda route: held.append(route))
    page.locator("[data-command=escalate]").check()
    with page.expect_request("**/decide/**"):
        page.locator("#decide").click()
    page.get_by_label("New note").focus()
    page.wait_for_timeout(50)
    answer(held[0], 503)
    expect(page.locator(".unsent")).to_have_count(1)
    expect(page.get_by_label("New note")).to_be_focused()


def test_a_note_is_sent_once(work):
    page = work("supervisor")
    sent = []
    page.on("request", lambda request: "/notes/" in request.url and sent.append(request))
    # With this answer a browser stays where it is.
    page.route("**/notes/**", lambda route: answer(route, 204))
    page.get_by_label("New note").fill("Said once.")
    button = page.get_by_role("button", name="Add note")
    for _ in range(2):
        button.evaluate("button => button.click()")
        page.wait_for_timeout(200)
    assert len(sent) == 1
    expect(button).to_be_disabled()


@pytest.mark.parametrize("way", ["comes back", "stops the request"])
def test_the_next_review_can_be_asked_for_again_by_whoever(work, way):
    page = work("supervisor")
    page.goto("/review/")
    page.clock.install()
    page.route("**/next/**", lambda route: answer(route, 204))
    button = page.locator("[data-command=next]")
    button.click()
    expect(button).to_be_disabled()
    if way == "comes back":
        # As from the cache of pages that were left, which this browser has not under test.
        page.evaluate("window.dispatchEvent(new PageTransitionEvent('pageshow', {persisted: true}))")
    else:
        page.clock.fast_forward(11_000)
    expect(button).to_be_enabled()
