"""Text fields by keyboard: how they are reached, sent and left, and that the focus is never lost."""

import pytest
from playwright.sync_api import expect

from tests.e2e.test_working_day import wait_for_evidence

pytestmark = pytest.mark.browser


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
        wait_for_evidence(page)
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
