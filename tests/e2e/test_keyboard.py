"""Hands that never leave the keyboard: every key does what it says or says why not, and the focus is never lost."""

import re
from contextlib import ExitStack

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.conftest import open_page
from tests.e2e.test_working_day import decide_by_keyboard, subject, wait_for_evidence
from tests.served import Portal

pytestmark = pytest.mark.browser
FILL = "import django; django.setup(); from tests.seed import fill_queue; fill_queue(24)"
WORKSPACE = re.compile("/review/[0-9a-f-]{36}/")
WIDE = {"width": 1440, "height": 900}
PHONE = {"width": 375, "height": 800}
FOCUS = "document.activeElement"


@pytest.fixture(scope="module")
def desk(tmp_path_factory):
    """A portal of its own: what is decided here is decided."""
    with Portal(tmp_path_factory.mktemp("desk"), DJANGO_DEBUG="1", LIVENESS_REVIEW_SAMPLE="0") as portal:
        portal.python("-c", FILL)
        yield portal


@pytest.fixture
def open_as(desk, browser):
    """Pages of this portal; their windows are closed at the end of the test."""
    with ExitStack() as windows:

        def opened(role: str, path: str, **options: object) -> Page:
            window = browser.new_context(base_url=desk.url, **({"viewport": WIDE} | options))
            windows.callback(window.close)
            return open_page(desk, window, role, path)

        yield opened


@pytest.fixture
def work(open_as):
    """The next review of this person, claimed and open. Whoever leaves it open finds it again."""

    def worked(role: str = "reviewer", query: str = "outcome=passed", **options: object) -> Page:
        page = open_as(role, f"/review/?{query}", **options)
        page.locator("[data-command=next]").click()
        page.wait_for_url(WORKSPACE)
        ready(page)
        return page

    return worked


def ready(page: Page) -> None:
    wait_for_evidence(page)
    if page.locator("[data-viewer]").count():
        expect(page.locator("[data-viewer][data-ready]")).to_be_visible()


def told(page: Page):
    return page.locator("[data-told]")


def path_of(page: Page) -> str:
    return page.url.split("?")[0]


class TestNotes:
    def test_the_key_leads_to_the_note_of_the_chosen_decision_and_else_to_a_new_one(self, work):
        page = work()
        page.keyboard.press("w")
        expect(page.get_by_label("New note")).to_be_focused()
        page.keyboard.press("Escape")
        page.keyboard.press("e")
        page.keyboard.press("w")
        expect(page.get_by_label("Internal note")).to_be_focused()

    def test_a_field_is_left_for_where_its_person_came_from(self, work):
        page = work()
        page.keyboard.press("r")
        page.keyboard.press("w")
        page.keyboard.type("c n x")
        page.keyboard.press("Escape")
        expect(page.locator("[data-command=reject]")).to_be_focused()
        page.locator("h1").click()
        page.get_by_label("New note").click()
        page.keyboard.press("Escape")
        expect(page.locator(".pane--video [data-view]")).to_be_focused()
        expect(page.locator(".pane--video [data-view]")).to_be_in_viewport()
        page.keyboard.press(".")
        expect(page.locator("[data-time]")).to_have_text("0:00.040")
        expect(page.get_by_label("Internal note")).to_have_value("c n x")

    def test_a_new_note_is_kept_from_within_and_the_decision_is_not_sent(self, work):
        page = work()
        page.keyboard.press("w")
        page.keyboard.type("Kept by the keyboard.")
        page.keyboard.press("Control+Enter")
        expect(page.locator(".notes")).to_contain_text("Kept by the keyboard.")
        expect(page.locator("#decision")).to_be_visible()
        ready(page)
        page.keyboard.press("w")
        page.keyboard.press("Control+Enter")
        expect(page.locator("#notes [role=alert]")).to_be_focused()

    def test_the_search_of_the_queue_is_emptied_and_then_left(self, open_as):
        page = open_as("reviewer", "/review/")
        page.keyboard.press("/")
        page.keyboard.type("x")
        page.keyboard.press("Escape")
        expect(page.locator("#q")).to_be_focused()
        page.keyboard.press("Escape")
        expect(page.locator("#q")).not_to_be_focused()

    def test_the_list_of_keys_tells_it(self, work):
        page = work()
        page.keyboard.press("?")
        keys = page.get_by_role("dialog", name="Keys")
        for words in ("Note of the chosen decision, or a new one", "Undo what was decided", "Leave a text field"):
            expect(keys).to_contain_text(words)
        expect(keys).to_contain_text("Send the form you are in, or the decision")


@pytest.mark.parametrize("has_script", [True, False])
def test_a_refused_decision_is_seen_on_a_phone(work, has_script):
    page = work(viewport=PHONE, java_script_enabled=True)
    if not has_script:
        path, cookies = page.url, page.context.cookies()
        page = page.context.browser.new_context(viewport=PHONE, java_script_enabled=False).new_page()
        page.context.add_cookies(cookies)
        page.goto(path)
    page.locator("[data-command=reject]").check()
    page.locator("#decide").click()
    errors = page.locator("#problems")
    expect(errors).to_contain_text("Choose at least one reason.")
    expect(errors).to_be_focused()
    expect(errors).to_be_in_viewport(ratio=1)
    if not has_script:
        page.context.close()


class TestRefusals:
    def test_a_key_that_cannot_work_says_why(self, work, open_as):
        holder = work("colleague")
        path = path_of(holder)
        page = open_as("reviewer", path)
        ready(page)
        expect(page.locator("[data-beat-others]")).to_have_text("Also here: colleague")
        for key in ("a", "c", "Control+Enter"):
            page.keyboard.press(key)
            expect(told(page)).to_contain_text("colleague works on this review.")
            page.keyboard.press("+")
            expect(told(page)).to_be_empty()
        holder.keyboard.press("c")
        expect(told(holder)).to_have_text("You hold this review already.")
        holder.keyboard.press("b")
        expect(told(holder)).to_have_text("There is nothing that you could undo now.")

    def test_a_correction_is_asked_for_before_it_is_claimed(self, open_as, desk):
        page = open_as("supervisor", f"/review/{desk.seeded['attempts']['flawed']}/")
        page.keyboard.press("c")
        page.locator("[data-command=reject]").check()
        page.get_by_label("Printed photo").check()
        page.keyboard.press("Control+Enter")
        page.wait_for_url(lambda url: desk.seeded["attempts"]["flawed"] not in url)
        page.goto(f"/review/{desk.seeded['attempts']['flawed']}/")
        page.keyboard.press("c")
        button = page.get_by_role("button", name="Correct this decision")
        expect(button).to_be_focused()
        expect(told(page)).to_have_text("Press Enter to claim this review for a correction.")
        page.keyboard.press("Enter")
        expect(page.locator("#decision")).to_be_visible()
        ready(page)
        page.keyboard.press("u")
        expect(page.locator("#decision")).to_be_hidden()


class TestTakeovers:
    def test_the_holder_learns_of_it_within_seconds_and_keeps_what_he_typed(self, work, open_as):
        page = work("reviewer", "outcome=failed")
        page.clock.install()
        page.reload()
        ready(page)
        page.keyboard.press("r")
        page.keyboard.press("w")
        page.keyboard.type("Half a thought")
        chief = open_as("supervisor", path_of(page))
        chief.locator(".claim__takeover summary").click()
        chief.get_by_label("Reason; reviewer is told").fill("Shift over")
        chief.keyboard.press("Control+Enter")
        expect(chief.locator("#decision")).to_be_visible()
        ready(chief)
        page.clock.fast_forward(8_000)
        news = page.locator("[data-beat-news]")
        expect(news).to_contain_text("supervisor holds this review now. What you typed is kept.")
        expect(page.get_by_text("You no longer hold this review")).to_be_visible()
        expect(page.locator("#decide")).to_be_disabled()
        expect(page.locator("[data-command=approve]")).to_be_disabled()
        expect(page.get_by_label("Internal note")).to_have_value("Half a thought")
        page.keyboard.press("Escape")
        page.keyboard.press("a")
        page.clock.run_for(100)
        expect(told(page)).to_contain_text("supervisor holds this review now.")
        news.get_by_role("link", name="Reload").click()
        expect(page.locator("[data-beat-others]")).to_have_text("Also here: supervisor")
        chief.keyboard.press("u")
        expect(chief.locator("#decision")).to_be_hidden()
        page.reload()
        page.keyboard.press("c")
        expect(page.get_by_label("Internal note")).to_have_value("Half a thought")


def test_a_second_approval_is_chosen_by_its_key_and_sent_by_another(work, open_as):
    maker = work("colleague")
    path = path_of(maker)
    maker.locator("[data-command=reject]").check()
    maker.get_by_label("Printed photo").check()
    maker.get_by_label("Internal note").fill("The light does not match.")
    maker.keyboard.press("Control+Enter")
    maker.wait_for_url(lambda url: path not in url)
    page = open_as("supervisor", path)
    ready(page)
    page.keyboard.press("c")
    expect(page.locator("[data-command=confirm]")).to_contain_text("(Y)")
    ready(page)
    page.keyboard.press("y")
    expect(page.locator("[data-command=confirm]")).to_be_focused()
    page.wait_for_timeout(300)
    assert path in page.url
    expect(told(page)).to_have_text("Press Enter, or Ctrl and Enter, to confirm.")
    page.keyboard.press("Control+Enter")
    page.wait_for_url(lambda url: path not in url)


def test_an_undo_by_its_key_moves_nothing_and_what_came_meanwhile_is_the_next(work):
    page = work()
    first, before = subject(page), page.locator(".viewer__bar").bounding_box()
    decide_by_keyboard(page)
    expect(page.locator("h1")).not_to_have_text(first)
    second = subject(page)
    ready(page)
    assert page.locator(".viewer__bar").bounding_box() == before
    expect(page.get_by_role("button", name="Undo")).to_contain_text("(B)")
    page.keyboard.press("b")
    expect(page.get_by_text("Undone. You hold the review again.")).to_be_visible()
    ready(page)
    assert subject(page) == first
    assert page.locator(".viewer__bar").bounding_box() == before
    assert before["y"] + before["height"] <= WIDE["height"]
    page.keyboard.press("n")
    expect(page.locator("h1")).to_have_text(second)


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
