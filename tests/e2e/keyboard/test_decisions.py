"""Decisions by keyboard: every key does what it says or says why not, also when others are faster."""

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.keyboard.desks import WIDE
from tests.e2e.test_working_day import decide_by_keyboard, subject, wait_for_evidence

pytestmark = pytest.mark.browser
PHONE = {"width": 375, "height": 800}


def told(page: Page):
    return page.locator("[data-told]")


def path_of(page: Page) -> str:
    return page.url.split("?")[0]


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
        wait_for_evidence(page)
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
        expect(page.locator("#decision")).to_be_visible()
        wait_for_evidence(page)
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
        wait_for_evidence(page)
        page.keyboard.press("u")
        expect(page.locator("#decision")).to_be_hidden()


class TestTakeovers:
    def test_the_holder_learns_of_it_within_seconds_and_keeps_what_he_typed(self, work, open_as):
        page = work("reviewer", "outcome=failed")
        page.clock.install()
        page.reload()
        wait_for_evidence(page)
        page.keyboard.press("r")
        page.keyboard.press("w")
        page.keyboard.type("Half a thought")
        chief = open_as("supervisor", path_of(page))
        chief.locator(".claim__takeover summary").click()
        chief.get_by_label("Reason; reviewer is told").fill("Shift over")
        chief.keyboard.press("Control+Enter")
        expect(chief.locator("#decision")).to_be_visible()
        wait_for_evidence(chief)
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
    wait_for_evidence(page)
    page.keyboard.press("c")
    expect(page.locator("[data-command=confirm]")).to_contain_text("(Y)")
    wait_for_evidence(page)
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
    wait_for_evidence(page)
    assert page.locator(".viewer__bar").bounding_box() == before
    expect(page.get_by_role("button", name="Undo")).to_contain_text("(B)")
    page.keyboard.press("b")
    expect(page.get_by_text("Undone. You hold the review again.")).to_be_visible()
    wait_for_evidence(page)
    assert subject(page) == first
    assert page.locator(".viewer__bar").bounding_box() == before
    assert before["y"] + before["height"] <= WIDE["height"]
    page.keyboard.press("n")
    expect(page.locator("h1")).to_have_text(second)
