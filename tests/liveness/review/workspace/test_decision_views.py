"""Deciding, undoing and noting in a browser: what is accepted, what comes back, and that no typed word is lost."""

import json
import re

import pytest
from django.test import Client

from liveness.models import Outcome
from liveness.review.models import Claim, Decision, ReviewState, Stage
from liveness.review.policy import APPROVE, ESCALATE, REJECT, RETRY
from tests.liveness.review.pages import (
    HTMX,
    TYPED,
    address,
    claimed,
    form,
    has_form,
    looked,
    reviewer,
    send,
    supervisor,
    typed_in,
)
from tests.liveness.review.working import decide, fresh, make_review, make_reviewer
from tests.people import signed_in

pytestmark = [pytest.mark.django_db, pytest.mark.postgres]


class TestReasons:
    @pytest.mark.parametrize(
        ("vendor", "offered"), [(Outcome.PASSED, "escalate reject"), (Outcome.FAILED, "approve escalate")]
    )
    def test_the_vendor_is_contradicted_only_where_that_can_be_true(self, vendor, offered):
        boxes = claimed(reviewer()[1], make_review(vendor)).context["reasons"]
        [box] = [box for boxes in boxes.values() for box in boxes if box.code == "policy.vendor_wrong"]
        assert box.outcomes == offered

    def test_an_unknown_verdict_is_not_contradicted(self):
        assert "policy.vendor_wrong" not in claimed(reviewer()[1], make_review(Outcome.UNKNOWN)).text

    def test_the_server_says_the_same_as_the_page(self, review):
        _, client = reviewer()
        page = claimed(client, review)
        looked(client, review)
        answer = send(client, page, review, outcome=APPROVE, reasons=["policy.vendor_wrong"], internal_note="why")
        assert answer.status_code == 422 and "does not fit this decision" in answer.text
        assert not Decision.objects.exists()


class TestDeciding:
    def test_a_decision_is_kept_with_all_that_was_said_and_seen(self, review):
        person, client = reviewer()
        page = claimed(client, review)
        looked(client, review)
        marks = json.dumps([{"at": 1.25, "text": "an edge"}])
        response = send(client, page, review, **TYPED, played="0.8754", marks=marks)
        assert response.status_code == 303
        made = Decision.objects.get()
        assert (made.outcome, made.maker, made.reasons) == (ESCALATE, person, TYPED["reasons"])
        assert (made.internal_note, made.subject_text) == (TYPED["internal_note"], TYPED["subject_text"])
        assert (made.seen["played"], made.seen["marks"]) == (0.8754, [{"at": 1.25, "text": "an edge"}])
        assert all(file["opened_at"] for file in made.seen["files"])

    def test_the_next_of_the_same_view_follows_and_is_held(self, review):
        make_review(Outcome.FAILED)
        following = make_review(Outcome.PASSED)
        person, client = reviewer()
        page = claimed(client, review, "tab=open&outcome=passed")
        looked(client, review)
        response = send(client, page, review, query="tab=open&outcome=passed", outcome=APPROVE)
        assert response["Location"] == address(following, query="tab=open&outcome=passed")
        assert Claim.objects.active().get().holder == person
        assert has_form(client.get(response["Location"]), "decide/")

    def test_when_nothing_is_left_the_queue_follows(self, review):
        client = reviewer()[1]
        page = claimed(client, review)
        response = send(client, page, review, query="tab=open&signals=with", **TYPED)
        assert (response.status_code, response["Location"]) == (303, "/review/?tab=open&signals=with")

    def test_a_part_of_a_page_goes_to_the_queue_as_a_whole(self, review):
        client = reviewer()[1]
        page = claimed(client, review)
        fields = form(page, "decide/") | TYPED
        response = client.post(address(review, "decide/"), fields, headers=HTMX)
        assert (response.status_code, response["HX-Redirect"]) == (200, "/review/?tab=open")

    def test_a_correction_goes_on_with_what_is_to_review(self, review):
        decide(review, make_reviewer(), RETRY)
        following = make_review()
        client = reviewer()[1]
        page = claimed(client, review, "tab=decided")
        response = send(client, page, review, query="tab=decided", **TYPED)
        assert response["Location"] == address(following, query="tab=open")

    def test_the_same_form_sent_twice_is_one_decision_and_one_next_review(self, review):
        following, _another = make_review(), make_review()
        client = reviewer()[1]
        page = claimed(client, review)
        first, again = (send(client, page, review, **TYPED) for _ in range(2))
        assert Decision.objects.count() == 1
        assert first["Location"] == again["Location"] == address(following, query="tab=open")
        assert Claim.objects.active().count() == 1


class TestRefusals:
    @pytest.mark.parametrize(
        ("changes", "sentence"),
        [
            ({"outcome": ""}, "Choose a decision."),
            ({"outcome": "withdrawn"}, "Choose a decision."),
            ({"outcome": REJECT, "reasons": []}, "Choose at least one reason."),
            ({"outcome": RETRY, "reasons": ["attack.print"]}, "One of the reasons does not fit this decision."),
            ({"outcome": RETRY, "reasons": ["made.up"]}, "One of the reasons does not fit this decision."),
            ({"outcome": RETRY, "subject_text": "  "}, "Write what the subject should do differently."),
            ({"outcome": ESCALATE, "internal_note": ""}, "Write an internal note"),
            ({"outcome": APPROVE, "reasons": []}, "Open the picture and the video before you approve."),
            ({"internal_note": "x" * 4001}, "under 4,000 characters"),
        ],
    )
    def test_what_the_rules_refuse_comes_back_with_everything_typed(self, review, changes, sentence):
        client = reviewer()[1]
        sent = TYPED | changes
        page = send(client, claimed(client, review), review, **sent)
        assert page.status_code == 422 and sentence in page.text
        assert re.search(r'role="alert"\s+tabindex="-1"\s+autofocus', page.text)
        back = typed_in(page)
        known = {box.code for boxes in page.context["reasons"].values() for box in boxes}
        assert (back["internal_note"], back["subject_text"]) == (sent["internal_note"], sent["subject_text"])
        assert back["reasons"] == sorted(known & set(sent["reasons"]))
        assert back["outcome"] == ("" if sent["outcome"] == "withdrawn" else sent["outcome"])
        assert not Decision.objects.exists()

    def test_in_a_part_of_a_page_the_errors_get_the_focus_and_nothing_scrolls_past_them(self, review):
        client = reviewer()[1]
        fields = form(claimed(client, review), "decide/") | {"outcome": ""}
        page = client.post(address(review, "decide/"), fields, headers=HTMX)
        assert (page.status_code, page["HX-Reswap"], page["HX-Push-Url"]) == (422, "outerHTML show:none", "false")
        assert page.text.count("autofocus>") == 2
        assert re.search(r'id="problems"[^>]+autofocus>', page.text)

    def test_what_was_measured_of_the_video_comes_back_too(self, review):
        client = reviewer()[1]
        marks = '[{"at": 2, "text": "\\"here\\""}]'
        page = send(client, claimed(client, review), review, outcome="", played="0.5", marks=marks)
        assert (form(page, "decide/")["played"], form(page, "decide/")["marks"]) == (["0.5"], [marks])

    def test_a_refusal_can_be_corrected_and_sent_again(self, review):
        client = reviewer()[1]
        page = send(client, claimed(client, review), review, **(TYPED | {"internal_note": ""}))
        assert send(client, page, review, internal_note="Now with a note.").status_code == 303
        assert sorted(Decision.objects.get().reasons) == sorted(TYPED["reasons"])

    def test_its_address_is_not_put_into_the_browser_s_history(self, review):
        client = reviewer()[1]
        assert send(client, claimed(client, review), review)["HX-Push-Url"] == "false"

    def test_an_unplayed_video_can_be_refused_by_the_settings(self, review, settings):
        settings.LIVENESS_REVIEW_MIN_PLAYED = 0.8
        client = reviewer()[1]
        page = claimed(client, review)
        looked(client, review)
        refused = send(client, page, review, outcome=APPROVE, played="0.5")
        assert "Play more of the video before you approve." in refused.text
        assert send(client, refused, review, played="0.8").status_code == 303


class TestSecondPerson:
    @pytest.fixture
    def proposed(self):
        review, maker = make_review(Outcome.PASSED), make_reviewer()
        decide(review, maker, REJECT)
        return fresh(review)

    def confirm(self, client, page, review):
        """Press the button of the proposal, whose form comes first on the page."""
        block = page.text[page.text.index('class="confirm"') :]
        fields = dict(re.findall(r'name="(\w+)"\s+value="([^"]*)"', block[: block.index("</form>")]))
        assert fields["outcome"] == REJECT
        return client.post(address(review, "decide/"), fields)

    def approve(self, review) -> Client:
        """A supervisor looks, and approves; his browser."""
        client = supervisor()[1]
        page = claimed(client, review)
        looked(client, review)
        assert send(client, page, review, outcome=APPROVE, reasons=[], internal_note="").status_code == 303
        return client

    def test_confirming_takes_one_button(self, proposed):
        chief, client = supervisor()
        page = claimed(client, proposed)
        assert self.confirm(client, page, proposed).status_code == 303
        after = fresh(proposed)
        second = Decision.objects.get(stage=Stage.SECOND)
        assert (after.state, after.decision, second.maker) == (ReviewState.DECIDED, proposed.proposal, chief)
        shown = client.get(address(proposed))
        assert "Confirmed" in shown.text and "agrees with the proposal" in shown.text
        assert f"Rejected, as proposed: {proposed.attempt.subject_reference}" in shown.text

    def test_deciding_otherwise_escalates(self, proposed):
        client = self.approve(proposed)
        assert fresh(proposed).state == ReviewState.ESCALATED
        page = client.get(address(proposed)).text
        assert f"Disagreement: escalated to a third person: {proposed.attempt.subject_reference}" in page
        assert re.search(r"Disagreement: escalated to a third person\s+</strong>\s+<span>chose: Approve</span>", page)
        assert "chose: Approve" in client.get(address(proposed, "subject/")).text

    def test_a_blind_second_decision_is_made_in_full(self, settings):
        settings.LIVENESS_REVIEW_SAMPLE = 1
        review = make_review(Outcome.PASSED)
        decide(review, make_reviewer(), APPROVE)
        client = self.approve(review)
        assert fresh(review).state == ReviewState.DECIDED
        assert "agrees with the proposal" in client.get(address(review)).text

    def test_the_maker_cannot_even_by_a_forged_form(self, proposed):
        maker = proposed.proposal.maker
        maker.user_permissions.add(*supervisor()[0].user_permissions.all())
        client = signed_in(maker)
        assert "You made this proposal" in claimed(client, proposed).text
        fields = {
            "claim": str(Claim.objects.get().public_id),
            "version": proposed.version,
            "evidence_digest": proposed.evidence_digest,
        }
        assert client.post(address(proposed, "decide/"), fields | TYPED).status_code == 409
        assert fresh(proposed).state == ReviewState.PROPOSED
