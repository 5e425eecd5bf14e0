"""The page of one review: who sees it, what it shows, and the commands that give it to one person."""

import uuid
from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from liveness.audit import Actor
from liveness.models import AuditEvent
from liveness.review import actions
from liveness.review.claims import claims
from liveness.review.models import Claim, ClaimEnding, Notice
from tests.liveness.review.pages import address, claimed, form, has_form, reviewer, supervisor
from tests.liveness.review.working import fresh, in_step, make_review
from tests.people import make_user, signed_in

pytestmark = pytest.mark.django_db
NOBODY = uuid.UUID(int=0)
COMMANDS = ("claim/", "release/", "take-over/", "decide/", "undo/", "notes/")


class TestDoors:
    def test_strangers_are_asked_to_log_in_and_come_back(self, review):
        response = Client().get(address(review))
        assert (response.status_code, response["Location"]) == (302, f"/accounts/login/?next={address(review)}")

    @pytest.mark.parametrize("command", COMMANDS)
    def test_a_stranger_s_command_leads_to_the_page_after_the_log_in(self, review, command):
        response = Client().post(address(review, command))
        assert response.status_code == 302
        assert response["Location"].startswith("/accounts/login/?next=/review/")
        assert "%3Ftab%3Dopen" in response["Location"] and command not in response["Location"]
        assert not Claim.objects.exists()

    def test_a_person_without_the_permission_is_refused(self, review):
        client = signed_in(make_user("view_verificationattempt"))
        assert client.get(address(review)).status_code == 403
        assert client.post(address(review, "beat/")).status_code == 403

    @pytest.mark.parametrize("command", COMMANDS)
    def test_who_may_only_look_is_refused_every_command(self, review, command):
        client = signed_in(make_user("view_verificationattempt", "view_review"))
        assert client.get(address(review)).status_code == 200
        assert client.post(address(review, command)).status_code == 403

    @pytest.mark.parametrize("command", ["", *COMMANDS, "beat/"])
    def test_a_review_that_he_may_not_see_does_not_exist_for_him(self, review, command):
        client = signed_in(make_user("view_review", "claim_review", "take_over_review", "add_note"))
        for public_id in (review.attempt.public_id, NOBODY):
            path = f"/review/{public_id}/{command}"
            response = client.post(path) if command else client.get(path)
            assert response.status_code == 404

    @pytest.mark.parametrize("command", [*COMMANDS, "beat/"])
    def test_commands_need_a_post_and_its_token(self, review, command):
        person, client = supervisor()
        strict = Client(enforce_csrf_checks=True)
        strict.force_login(person)
        assert client.get(address(review, command)).status_code == 405
        assert strict.post(address(review, command)).status_code == 403

    def test_the_page_is_not_kept_by_caches(self, review):
        assert "no-store" in reviewer()[1].get(address(review))["Cache-Control"]


class TestLooking:
    def test_it_is_recorded_once_within_the_grant(self, review, settings):
        person, client = reviewer()
        looks = AuditEvent.objects.filter(
            action=actions.REVIEW_OPENED,
            object_id=str(review.attempt.public_id),
            actor=Actor.user(person).name,
        )
        client.get(address(review))
        client.get(address(review))
        assert looks.count() == 1
        settings.LIVENESS_VIEW_GRANT = 0
        client.get(address(review))
        assert looks.count() == 2

    def test_it_does_not_claim(self, review):
        page = reviewer()[1].get(address(review))
        assert not Claim.objects.exists()
        assert has_form(page, "claim/") and not has_form(page, "decide/")

    def test_it_notes_who_is_here(self, review):
        (first, first_client), (_visitor, second_client) = reviewer(), reviewer()
        first_client.get(address(review))
        page = second_client.get(address(review))
        assert page.context["hold"].others == [first.get_username()]
        assert first.get_username() in page.text

    def test_it_leads_back_to_the_view_it_came_from(self, review):
        page = reviewer()[1].get(address(review, query="tab=escalated&signals=with&evil=%22%3E"))
        assert 'href="/review/?tab=escalated&amp;signals=with"' in page.text
        assert "evil" not in page.text

    def test_it_shows_what_a_reviewer_needs(self, review):
        page = reviewer()[1].get(address(review))
        for text in (review.attempt.subject_reference, "Passed", "Due in", "Custody", "Answers of the vendor"):
            assert text in page.text
        assert review.attempt.sdk_token not in page.text

    def test_nothing_in_it_needs_an_inline_script_or_style(self, review):
        page = claimed(reviewer()[1], review)
        assert " style=" not in page.text and " onclick=" not in page.text and "javascript:" not in page.text

    def test_its_cost_does_not_grow_with_history(self, review, django_assert_max_num_queries):
        person, client = reviewer()
        for number in range(12):
            review.notes.create(author=person, written_at=timezone.now(), text=f"note {number}")
            make_review(subject_reference=review.attempt.subject_reference)
        client.get(address(review))
        with django_assert_max_num_queries(30):
            client.get(address(review))


class TestClaims:
    def test_claiming_opens_the_decision(self, review):
        person, client = reviewer()
        page = claimed(client, review, "tab=open&signals=with")
        assert page.redirect_chain == [(address(review, query="tab=open&signals=with"), 303)]
        assert has_form(page, "decide/") and "You hold this review" in page.text
        claim = Claim.objects.get()
        assert (claim.holder, form(page, "decide/")["claim"]) == (person, [str(claim.public_id)])

    def test_a_colleague_is_told_who_holds_it(self, review):
        holder, first = reviewer()
        claimed(first, review)
        page = claimed(reviewer()[1], review)
        assert f"{holder.get_username()} works on this review." in page.text
        assert not has_form(page, "decide/") and not has_form(page, "claim/")
        assert Claim.objects.get().holder == holder

    def test_a_claim_that_ran_out_keeps_nobody_out(self, review):
        claims.claim(review, person=reviewer()[0], now=timezone.now() - timedelta(hours=1))
        person, client = reviewer()
        assert has_form(client.get(address(review)), "claim/")
        claimed(client, review)
        assert Claim.objects.active().get().holder == person

    def test_releasing_gives_it_back(self, review):
        client = reviewer()[1]
        claimed(client, review)
        page = client.post(address(review, "release/"), follow=True)
        assert "Released" in page.text and has_form(page, "claim/")
        assert Claim.objects.get().ending == ClaimEnding.RELEASED

    def test_releasing_what_one_does_not_hold_changes_nothing(self, review):
        holder, first = reviewer()
        claimed(first, review)
        page = reviewer()[1].post(address(review, "release/"), follow=True)
        assert "Released" not in page.text
        assert Claim.objects.active().get().holder == holder

    def test_a_supervisor_takes_over_with_a_reason_and_the_holder_is_told(self, review):
        holder, first = reviewer()
        claimed(first, review)
        chief, client = supervisor()
        assert has_form(client.get(address(review)), "take-over/")
        page = client.post(address(review, "take-over/"), {"reason": "Shift\x00 over"}, follow=True)
        assert has_form(page, "decide/") and Claim.objects.active().get().holder == chief
        assert Notice.objects.get(person=holder).text == "Shift over"

    def test_a_takeover_without_a_reason_is_refused(self, review):
        holder, first = reviewer()
        claimed(first, review)
        page = supervisor()[1].post(address(review, "take-over/"), {"reason": " "}, follow=True)
        assert "Say why you take this review over." in page.text
        assert Claim.objects.active().get().holder == holder

    def test_a_reviewer_is_offered_no_takeover(self, review):
        claimed(reviewer()[1], review)
        page = reviewer()[1].get(address(review))
        assert not has_form(page, "take-over/") and "works on this review" in page.text

    def test_names_and_texts_of_others_are_never_markup(self, review):
        evil = "<b>x</b>"
        holder, first = reviewer(first_name=evil)
        holder.username = evil
        holder.save()
        claimed(first, review)
        page = supervisor()[1].get(address(review))
        assert evil not in page.text and "&lt;b&gt;x&lt;/b&gt;" in page.text


class TestBeats:
    def beat(self, client, review, **changes):
        review = fresh(review)
        shown = {"version": review.version, "evidence_digest": review.evidence_digest}
        return client.post(address(review, "beat/"), shown | changes)

    def test_the_holder_s_lease_starts_anew(self, review):
        person, client = reviewer()
        claims.claim(review, person=person, now=timezone.now() - timedelta(seconds=200))
        before = Claim.objects.get().expires_at
        answer = self.beat(client, review).json()
        after = Claim.objects.get().expires_at
        assert after > before
        assert answer == {
            "held": True,
            "until": after.isoformat(),
            "holder": person.get_username(),
            "changed": False,
            "others": [],
        }

    def test_whoever_only_looks_is_present_and_hears_who_holds_it(self, review):
        (holder, first), (visitor, second) = reviewer(), reviewer()
        claimed(first, review)
        answer = self.beat(second, review).json()
        assert (answer["held"], answer["holder"]) == (False, holder.get_username())
        assert self.beat(first, review).json()["others"] == [visitor.get_username()]

    def test_it_tells_when_the_claim_is_gone(self, review):
        claimed(reviewer_client := reviewer()[1], review)
        chief, client = supervisor()
        client.post(address(review, "take-over/"), {"reason": "urgent"})
        answer = self.beat(reviewer_client, review).json()
        assert (answer["held"], answer["holder"]) == (False, chief.get_username())

    @pytest.mark.parametrize("shown", [{"version": 0}, {"evidence_digest": "0" * 64}, {"version": "x"}])
    def test_it_tells_when_the_page_is_out_of_date(self, review, shown):
        assert self.beat(reviewer()[1], review, **shown).json()["changed"] is True

    def test_it_notices_new_evidence(self, review):
        client = reviewer()[1]
        page = claimed(client, review)
        shown = form(page, "beat/")
        review.attempt.media.update(damaged_at=timezone.now())
        in_step(review.attempt)
        assert client.post(address(review, "beat/"), shown).json()["changed"] is True

    def test_without_a_session_it_answers_401(self, review):
        response = Client().post(address(review, "beat/"))
        assert (response.status_code, response.json()) == (401, {})
