"""A day's work in a real browser: the queue by keyboard, two people at once, the second approval, no JavaScript."""

import re
from contextlib import ExitStack

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.conftest import open_page
from tests.e2e.test_accessibility import violations
from tests.served import Portal

pytestmark = pytest.mark.browser
ITEMS = 10
WINDOWS = {"wide, light": (1440, "light"), "narrow, dark": (375, "dark")}
FILL = "import django; django.setup(); from tests.seed import fill_queue; fill_queue(30)"


@pytest.fixture(scope="module")
def day(tmp_path_factory):
    """A portal of its own: what is decided here is decided."""
    with Portal(tmp_path_factory.mktemp("day"), DJANGO_DEBUG="1", LIVENESS_REVIEW_SAMPLE="0") as portal:
        portal.python("-c", FILL)
        yield portal


@pytest.fixture
def open_as(day, browser):
    """Pages of this portal; their windows are closed at the end of the test."""
    with ExitStack() as windows:

        def opened(role, path, **options):
            window = browser.new_context(base_url=day.url, **options)
            windows.callback(window.close)
            return open_page(day, window, role, path)

        yield opened


def subject(page: Page) -> str:
    return page.locator("h1").inner_text()


def wait_for_evidence(page: Page) -> None:
    """Until what there is of picture and video is shown, and the keys work: only then has anybody seen anything."""
    page.wait_for_function(
        """() => {
            const viewer = document.querySelector("[data-viewer]");
            if (viewer && !("ready" in viewer.dataset)) return false;
            const image = document.querySelector(".pane--best_frame img");
            const video = document.querySelector(".pane--video video");
            return (!image || (image.complete && image.naturalWidth > 0)) && (!video || video.readyState >= 1);
        }"""
    )


def decide_by_keyboard(page: Page) -> None:
    """Follow the vendor, with keys alone: approve what passed, and reject the rest for the first reason offered."""
    wait_for_evidence(page)
    page.keyboard.press(".")
    has_passed = page.locator(".head .badge--passed, #workspace .badge--passed").first.is_visible()
    page.keyboard.press("a" if has_passed else "r")
    if not has_passed:
        page.keyboard.press("Tab")
        page.keyboard.press("Space")
    page.keyboard.press("Control+Enter")


def test_ten_items_are_worked_without_the_mouse(open_as):
    page = open_as("reviewer", "/review/")
    page.keyboard.press("n")
    seen = []
    for _ in range(ITEMS):
        page.wait_for_url(re.compile("/review/[0-9a-f-]{36}/"))
        expect(page.locator("#workspace")).to_be_visible()
        seen.append(subject(page))
        decide_by_keyboard(page)
        expect(page.locator("h1")).not_to_have_text(seen[-1])
    assert len(set(seen)) == ITEMS
    assert page.evaluate("window.blocked") == []
    page.goto("/review/?tab=decided")
    expect(page.locator("[data-row]")).to_have_count(ITEMS)


def test_two_reviewers_never_get_the_same_item(open_as):
    one, other = open_as("reviewer", "/review/"), open_as("colleague", "/review/")
    given = []
    for page in (one, other) * 2:
        before = page.url
        page.keyboard.press("n")
        page.wait_for_url(lambda url, before=before: url != before and re.search("/review/[0-9a-f-]{36}/", url))
        given.append(page.url.split("?")[0])
    assert len(set(given)) == len(given)
    other.goto("/review/")
    expect(other.locator("[data-row]", has_text="reviewer").first).to_be_visible()


def test_a_supervisor_approves_what_contradicts_the_vendor(open_as):
    maker = open_as("reviewer", "/review/?outcome=failed")
    maker.keyboard.press("n")
    maker.wait_for_url(re.compile("/review/[0-9a-f-]{36}/"))
    path = maker.url.split("?")[0]
    wait_for_evidence(maker)
    maker.locator("[data-command=approve]").check()
    maker.get_by_label("The evidence contradicts the vendor").check()
    maker.get_by_label("Internal note").fill("The person blinks and turns.")
    maker.keyboard.press("Control+Enter")
    maker.wait_for_url(lambda url: path not in url)

    supervisor = open_as("supervisor", "/review/?tab=proposed")
    supervisor.keyboard.press("n")
    supervisor.wait_for_url(lambda url: path in url)
    wait_for_evidence(supervisor)
    expect(supervisor.get_by_text("The person blinks and turns.").first).to_be_visible()
    supervisor.get_by_role("button", name=re.compile("^Confirm")).click()
    supervisor.wait_for_url(lambda url: path not in url)
    supervisor.goto(path)
    expect(supervisor.locator("#workspace")).to_contain_text("Approve")
    supervisor.goto("/review/dashboard/")
    expect(supervisor.locator("main")).to_contain_text("overturn", ignore_case=True)


def test_a_review_is_decided_without_javascript(open_as):
    page = open_as("colleague", "/review/?outcome=passed", java_script_enabled=False)
    page.locator("button[data-command=next]").first.click()
    page.wait_for_url(re.compile("/review/[0-9a-f-]{36}/"))
    path = page.url.split("?")[0]
    expect(page.locator(".pane--best_frame img")).to_be_visible()
    expect(page.locator(".pane--video video[controls]")).to_be_visible()
    page.wait_for_load_state("networkidle")
    page.locator("[data-command=approve]").check()
    page.locator("[data-command=decide]").click()
    page.wait_for_url(lambda url: path not in url)
    page.goto(path)
    expect(page.locator("#workspace")).to_contain_text("Approve")


def test_what_was_typed_survives_the_end_of_the_session(open_as, day):
    page = open_as("supervisor", "/review/")
    page.keyboard.press("n")
    page.wait_for_url(re.compile("/review/[0-9a-f-]{36}/"))
    page.get_by_label("Internal note").fill("Typed before the session ended.")
    page.context.clear_cookies(name="sessionid")
    page.locator("[data-command=escalate]").check()
    page.locator("[data-command=decide]").click()
    page.get_by_label("User name").fill("supervisor")
    page.get_by_label("Password").fill(day.seeded["password"])
    page.get_by_role("button", name="Log in").click()
    expect(page.get_by_label("Internal note")).to_have_value("Typed before the session ended.")


@pytest.mark.parametrize("size", [(720, 450), (375, 800)])
def test_the_workspace_works_at_twice_the_size_and_on_a_phone(open_as, size):
    page = open_as("reviewer", "/review/", viewport={"width": size[0], "height": size[1]}, device_scale_factor=2)
    page.locator("button[data-command=next]").first.click()
    page.wait_for_url(re.compile("/review/[0-9a-f-]{36}/"))
    wait_for_evidence(page)
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    page.locator("[data-command=approve]").scroll_into_view_if_needed()
    expect(page.locator("[data-command=approve]")).to_be_in_viewport()
    page.locator("[data-command=decide]").scroll_into_view_if_needed()
    expect(page.locator("[data-command=decide]")).to_be_in_viewport()


def test_nothing_moves_for_people_who_asked_for_no_motion(open_as):
    page = open_as("reviewer", "/review/", reduced_motion="reduce")
    page.keyboard.press("n")
    page.wait_for_url(re.compile("/review/[0-9a-f-]{36}/"))
    moving = page.evaluate(
        """() => [...document.querySelectorAll("*")].filter(element => {
            const style = getComputedStyle(element);
            const times = `${style.transitionDuration},${style.animationDuration}`.split(",");
            return times.some(time => parseFloat(time) > 0.001);
        }).map(element => element.outerHTML.slice(0, 80))"""
    )
    assert moving == []


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_the_decision_with_its_errors_and_the_list_of_keys_are_accessible(open_as, theme):
    page = open_as("colleague", "/review/", color_scheme=theme)
    page.keyboard.press("n")
    page.wait_for_url(re.compile("/review/[0-9a-f-]{36}/"))
    wait_for_evidence(page)
    assert violations(page) == []
    page.keyboard.press("?")
    expect(page.locator("dialog[open]")).to_be_visible()
    assert violations(page) == []
    page.keyboard.press("Escape")
    page.locator("[data-command=reject]").check()
    page.keyboard.press("Control+Enter")
    expect(page.get_by_role("alert")).to_contain_text("reason")
    assert violations(page) == []


@pytest.mark.parametrize("window", WINDOWS)
def test_a_decision_on_a_review_that_was_given_back_is_answered_by_a_page_as_good_as_any(open_as, window):
    width, theme = WINDOWS[window]
    page = open_as("reviewer", "/review/", viewport={"width": width, "height": 800}, color_scheme=theme)
    page.keyboard.press("n")
    page.wait_for_url(re.compile("/review/[0-9a-f-]{36}/"))
    wait_for_evidence(page)
    page.locator("textarea[name=internal_note]").fill("What was typed stays.")
    elsewhere = open_as("reviewer", page.url)
    elsewhere.get_by_role("button", name="Release").click()
    page.locator("input[name=outcome][value=retry]").check(force=True)
    page.locator("input[name=reasons]:visible").first.check(force=True)
    with page.expect_response(lambda answer: answer.request.method == "POST" and "decide" in answer.url) as sent:
        page.keyboard.press("Control+Enter")
    assert sent.value.status == 409
    expect(page.get_by_text("What was typed stays.").first).to_be_visible()
    page.wait_for_load_state("networkidle")
    assert violations(page) == []
    assert page.evaluate("window.blocked") == []
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
