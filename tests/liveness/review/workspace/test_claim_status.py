"""Who has a review and who looks at it, as its page says and as an open page learns."""

from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from liveness.review.claims import claims
from liveness.review.models import Claim, Presence
from tests.liveness.review.pages import address, claimed, form, reviewer, supervisor
from tests.liveness.review.queueing import LEASE, hold
from tests.liveness.review.working import in_step

pytestmark = pytest.mark.django_db
NOBODY = "Nobody else has this page open."


class TestPresence:
    def test_a_holder_with_the_page_open_is_here(self, review):
        holder, first = reviewer()
        claimed(first, review)
        page = reviewer()[1].get(address(review))
        assert page.context["hold"].others == [holder.get_username()]
        assert f"Also here: {holder.get_username()}" in page.text
        assert NOBODY not in page.text.partition("data-some")[2]

    def test_a_holder_without_signs_of_life_is_away(self, review):
        holder, _ = reviewer()
        hold(review, holder, seen=LEASE * 0.8)
        page = reviewer()[1].get(address(review))
        assert page.context["hold"].is_away
        assert f"{holder.get_username()} is away at the moment." in page.text
        assert NOBODY not in page.text.partition("data-some")[2]

    def test_to_the_holder_he_is_nobody_else(self, review):
        page = claimed(reviewer()[1], review)
        assert page.context["hold"].others == [] and not page.context["hold"].is_away
        assert NOBODY in page.text.partition("data-some")[2]

    def test_whoever_looked_before_he_claimed_is_named_once(self, review):
        holder, first = reviewer()
        first.get(address(review))
        claimed(first, review)
        assert Presence.objects.filter(person=holder).exists()
        assert reviewer()[1].get(address(review)).context["hold"].others == [holder.get_username()]

    def test_a_beat_tells_the_same(self, review):
        (holder, first), (_, second) = reviewer(), reviewer()
        claimed(first, review)
        shown = form(second.get(address(review)), "beat/")
        answer = second.post(address(review, "beat/"), shown).json()
        assert (answer["holder"], answer["others"]) == (holder.get_username(), [holder.get_username()])
        Claim.objects.update(seen_at=timezone.now() - LEASE * 0.8)
        assert second.post(address(review, "beat/"), shown).json()["others"] == []


class TestGlances:
    @pytest.fixture
    def opened(self, review):
        client = reviewer()[1]
        page = claimed(client, review)
        return client, form(page, "beat/") | {"glance": "1"}

    def glance(self, client, review, shown):
        return client.post(address(review, "beat/"), shown)

    def test_as_long_as_nothing_changes_one_query_says_so(self, review, opened, django_assert_num_queries):
        client, shown = opened
        # The session and the person, as for every request; and the claim.
        with django_assert_num_queries(3):
            response = self.glance(client, review, shown)
        assert (response.status_code, response.content) == (204, b"")

    def test_it_is_no_sign_of_life(self, review, opened):
        client, shown = opened
        Claim.objects.update(expires_at=timezone.now() + timedelta(seconds=9))
        before = Claim.objects.get().expires_at
        self.glance(client, review, shown)
        assert Claim.objects.get().expires_at == before

    def test_a_takeover_is_told(self, review, opened):
        client, shown = opened
        chief, other = supervisor()
        other.post(address(review, "take-over/"), {"reason": "urgent"})
        answer = self.glance(client, review, shown).json()
        assert (answer["held"], answer["holder"]) == (False, chief.get_username())

    def test_a_claim_that_was_given_up_and_taken_again_is_another(self, review, opened):
        client, shown = opened
        client.post(address(review, "release/"))
        assert self.glance(client, review, shown).json()["held"] is False
        claimed(client, review)
        assert self.glance(client, review, shown).json()["held"] is True

    def test_new_evidence_is_told(self, review, opened):
        client, shown = opened
        review.attempt.media.update(damaged_at=timezone.now())
        in_step(review.attempt)
        assert self.glance(client, review, shown).json()["changed"] is True

    def test_somebody_else_s_claim_is_no_answer_to_him(self, review, opened):
        _, shown = opened
        answer = self.glance(reviewer()[1], review, shown)
        assert answer.status_code == 200 and answer.json()["held"] is False

    @pytest.mark.parametrize("claim", ["", "nonsense"])
    def test_without_a_claim_the_whole_answer_is_given(self, review, opened, claim):
        client, shown = opened
        assert self.glance(client, review, shown | {"claim": claim}).json()["held"] is True

    def test_without_a_session_it_answers_401(self, review, opened):
        assert self.glance(Client(), review, opened[1]).status_code == 401


def test_a_page_that_only_looks_is_told_when_the_holder_changes(review):
    holder, first = reviewer()
    claimed(first, review)
    page = reviewer()[1].get(address(review))
    assert f'data-beat-holder="{holder.get_username()}"' in page.text
    claims.release(review, person=holder, now=timezone.now())
    assert 'data-beat-holder=""' in reviewer()[1].get(address(review)).text
