"""Where a person goes on: what he holds already comes before anything new, and never the page that he comes from."""

import pytest
from django.utils import timezone

from liveness.models import Outcome
from liveness.review.models import Claim, Decision
from liveness.review.policy import ESCALATE, REJECT
from tests.liveness.review.pages import TYPED, address, claimed, form, has_form, send
from tests.liveness.review.queueing import QUEUE, due, hold, put, take
from tests.liveness.review.working import decide, make_reviewer, make_supervisor
from tests.people import make_user, signed_in

pytestmark = [pytest.mark.django_db, pytest.mark.postgres]


def go(client, **fields) -> str:
    return client.post(f"{QUEUE}next/", fields)["Location"]


def held(person) -> int:
    return Claim.objects.active().filter(holder=person).count()


class TestFromTheQueue:
    def test_what_one_holds_already_comes_back_and_nothing_new_is_claimed(self, client, me):
        due(-10)
        mine = due(5)
        hold(mine, me)
        assert [go(client), go(client)] == [address(mine, query="tab=open")] * 2
        assert held(me) == 1

    def test_the_most_urgent_of_them_comes_first(self, client, me):
        later, sooner = due(9), due(5)
        for review in (later, sooner):
            hold(review, me)
        assert go(client) == address(sooner, query="tab=open")

    def test_the_lease_starts_anew(self, client, me):
        mine = hold(due(5), me)
        go(client)
        assert Claim.objects.get(pk=mine.pk).expires_at > mine.expires_at

    def test_one_that_somebody_took_when_its_lease_had_run_out_does_not(self, client, me):
        lost, free = due(-10), due(5)
        Claim.objects.filter(pk=take(lost, me).pk).update(ended_at=lost.queue_at, ending="expired")
        # By the clock, not as the module was loaded: the lease of whoever took it must still run.
        take(lost, make_reviewer(), timezone.now())
        assert go(client) == address(free, query="tab=open")

    def test_of_another_view_it_does_not_come_back(self, client, me):
        hold(due(-10), me)
        failed = due(5, Outcome.FAILED)
        assert go(client, tab="open", outcome="failed") == address(failed, query="tab=open&outcome=failed")

    def test_a_view_of_what_is_free_still_brings_back_what_one_holds(self, client, me):
        mine = due(5)
        due(-10)
        hold(mine, me)
        assert go(client, tab="open", holder="free") == address(mine, query="tab=open&holder=free")

    def test_what_one_holds_to_correct_it_waits_for_nobody(self, client, me):
        decided, free = due(-10, Outcome.FAILED), due(5)
        decide(decided, make_reviewer(), REJECT)
        hold(decided, me)
        assert go(client) == address(free, query="tab=open")

    def test_from_ones_own_list_anything_that_one_holds_comes_back(self):
        chief = make_supervisor()
        escalated = put(due(5), state="escalated")
        due(-10)
        hold(escalated, chief)
        assert go(signed_in(chief), tab="mine") == address(escalated, query="tab=mine")


class TestFromAReview:
    def test_its_page_offers_the_next_one_and_names_itself(self, client):
        page = claimed(client, due(5), "tab=open&outcome=passed")
        fields = form(page, "next/")
        assert fields["from"] == [str(page.context["attempt"].public_id)]
        assert (fields["tab"], fields["outcome"]) == (["open"], ["passed"])

    def test_it_is_never_the_answer(self, client, me):
        mine, other = due(-10), due(5)
        hold(mine, me)
        assert go(client, **{"from": str(mine.attempt.public_id)}) == address(other, query="tab=open")
        assert go(client, **{"from": str(other.attempt.public_id)}) == address(mine, query="tab=open")
        assert held(me) == 2

    def test_not_even_when_nobody_holds_it_and_nothing_else_is_left(self, client, me):
        review = due(5)
        assert go(client, **{"from": str(review.attempt.public_id)}) == f"{QUEUE}?tab=open"
        assert held(me) == 0

    def test_nonsense_leaves_nothing(self, client):
        review = due(5)
        assert go(client, **{"from": "nonsense"}) == address(review, query="tab=open")

    def test_the_look_ahead_sees_the_same(self, client, me):
        mine, other, here = due(9), due(-10), due(5)
        for review in (mine, here):
            hold(review, me)
        asked = {"tab": "open", "from": str(here.attempt.public_id)}
        assert client.get(f"{QUEUE}peek/", asked).json()["id"] == str(mine.attempt.public_id)
        Claim.objects.filter(review=mine).delete()
        assert client.get(f"{QUEUE}peek/", asked).json()["id"] == str(other.attempt.public_id)

    def test_who_may_not_claim_is_not_offered_it(self, client):
        review = due(5)
        assert has_form(client.get(address(review)), "next/")
        client = signed_in(make_user("view_verificationattempt", "view_review"))
        assert not has_form(client.get(address(review)), "next/")


class TestAfterADecision:
    def test_an_undo_leaves_nothing_behind(self, client, me):
        """The one that was claimed meanwhile is the next, and after it nothing is held."""
        first, second = due(-10, has_media=False), due(5, has_media=False)
        page = claimed(client, first)
        assert send(client, page, first, **TYPED)["Location"] == address(second, query="tab=open")
        made = Decision.objects.get()
        page = client.post(address(first, "undo/"), {"decision": str(made.public_id)}, follow=True)
        assert held(me) == 2
        due(-20)
        assert send(client, page, first, **TYPED)["Location"] == address(second, query="tab=open")
        assert held(me) == 1

    def test_what_a_supervisor_escalates_does_not_come_straight_back(self):
        chief = make_supervisor()
        client = signed_in(chief)
        review = put(due(5, has_media=False), state="escalated")
        page = claimed(client, review, "tab=escalated")
        response = send(client, page, review, query="tab=escalated", **(TYPED | {"outcome": ESCALATE}))
        assert response["Location"] == f"{QUEUE}?tab=escalated"
