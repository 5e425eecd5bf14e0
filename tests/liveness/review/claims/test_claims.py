"""Claims: one at a time, for a while, and never behind anybody's back."""

import uuid
from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction

from liveness.attempts import life_cycle
from liveness.audit import Actor
from liveness.exceptions import ChainError
from liveness.models import AuditEvent, AuditHead, Outcome
from liveness.review import actions
from liveness.review.claims import claims
from liveness.review.exceptions import HeldError
from liveness.review.models import Claim, ClaimEnding, Notice, Presence, ReviewState
from liveness.review.policy import ESCALATE, REJECT
from tests.liveness.review.queueing import LATER, LEASE, NOW, take
from tests.liveness.review.working import decide, fresh, make_review, make_supervisor, reopen
from tests.people import make_user

pytestmark = [pytest.mark.django_db, pytest.mark.postgres]


@pytest.fixture
def review():
    return make_review(has_media=False)


@pytest.fixture
def supervisor():
    return make_supervisor()


def events(review) -> list[tuple[str, str]]:
    """What the chain tells of people's work on the review."""
    found = AuditEvent.objects.filter(object_id=str(review.attempt.public_id)).order_by("sequence")
    return [(event.action, event.actor) for event in found if event.action != actions.REVIEW_QUEUED]


def name(person) -> str:
    return Actor.user(person).name


class TestDatabase:
    def test_it_allows_one_active_claim(self, review, person, colleague):
        take(review, person)
        with pytest.raises(IntegrityError), transaction.atomic():
            Claim.objects.create(review=review, holder=colleague, claimed_at=NOW, seen_at=NOW, expires_at=LATER)

    def test_it_allows_any_number_that_ended(self, review, person):
        for _ in range(3):
            claims.end(take(review, person), ClaimEnding.RELEASED, NOW)
        assert review.claims.count() == 3

    @pytest.mark.parametrize(
        "change", [{"ended_at": NOW}, {"ending": ClaimEnding.RELEASED}, {"expires_at": NOW}, {"expires_at": None}]
    )
    def test_it_refuses_what_is_no_claim(self, review, person, change):
        claim = take(review, person)
        with pytest.raises(IntegrityError), transaction.atomic():
            Claim.objects.filter(pk=claim.pk).update(**change)


class TestClaim:
    def test_it_holds_the_review_for_a_lease_and_is_recorded(self, review, person):
        claim = take(review, person)
        assert (claim.holder, claim.claimed_at, claim.expires_at) == (person, NOW, NOW + LEASE)
        assert events(review) == [(actions.REVIEW_CLAIMED, name(person))]

    def test_nobody_else_gets_it_and_is_told_who_has_it(self, review, person, colleague):
        take(review, person)
        with pytest.raises(HeldError, match=person.username):
            take(review, colleague)
        assert Claim.objects.get().holder == person

    def test_ones_own_claim_is_renewed(self, review, person):
        first = take(review, person)
        again = take(review, person, NOW + timedelta(seconds=100))
        assert (again.pk, again.expires_at) == (first.pk, NOW + timedelta(seconds=400))
        assert events(review) == [(actions.REVIEW_CLAIMED, name(person))]

    def test_ones_own_claim_is_renewed_even_after_its_lease(self, review, person):
        first = take(review, person)
        assert take(review, person, LATER).pk == first.pk

    def test_one_whose_lease_ran_out_gives_way(self, review, person, colleague):
        first = take(review, person)
        second = take(review, colleague, LATER)
        first.refresh_from_db()
        assert (first.ending, first.ended_at, second.holder) == (ClaimEnding.EXPIRED, LATER, colleague)
        assert events(review)[1:] == [
            (actions.CLAIM_EXPIRED, "system:review"),
            (actions.REVIEW_CLAIMED, name(colleague)),
        ]
        expired = AuditEvent.objects.get(action=actions.CLAIM_EXPIRED)
        assert expired.data == {"holder": name(person)}

    def test_a_lease_holds_until_its_last_moment(self, review, person, colleague):
        take(review, person)
        with pytest.raises(HeldError):
            take(review, colleague, NOW + LEASE - timedelta(microseconds=1))
        take(review, colleague, NOW + LEASE)

    def test_what_waits_for_the_vendor_is_not_claimed(self, person):
        waiting = make_review(Outcome.PENDING)
        with pytest.raises(HeldError, match="not answered"):
            take(waiting, person)

    def test_somebody_without_the_permission_is_refused(self, review):
        with pytest.raises(HeldError, match="not decide"):
            take(review, make_user("view_review"))
        assert not Claim.objects.exists()

    def test_what_was_escalated_is_for_a_supervisor(self, review, person, supervisor):
        decide(review, person, ESCALATE)
        with pytest.raises(HeldError, match="supervisor"):
            take(review, person)
        assert take(review, supervisor).holder == supervisor

    def test_a_proposal_is_for_somebody_else_who_may_approve_it(self, review, colleague, supervisor):
        maker = make_supervisor()
        decide(review, maker, REJECT)
        assert fresh(review).state == ReviewState.PROPOSED
        with pytest.raises(HeldError, match="You made this proposal"):
            take(review, maker)
        with pytest.raises(HeldError, match="may approve it"):
            take(review, colleague)
        assert take(review, supervisor).holder == supervisor

    def test_a_claim_that_cannot_be_recorded_is_none(self, review, person):
        AuditHead.objects.update(hash="f" * 64)
        with pytest.raises(ChainError):
            take(review, person)
        assert not Claim.objects.exists()


class TestRenew:
    def test_a_sign_of_life_starts_the_lease_anew(self, review, person):
        take(review, person)
        renewed = claims.renew(review, person=person, now=NOW + timedelta(seconds=200))
        assert (renewed.seen_at, renewed.expires_at) == (NOW + timedelta(seconds=200), NOW + timedelta(seconds=500))
        assert not Presence.objects.exists()

    def test_a_claim_that_nobody_took_comes_alive_again(self, review, person, colleague):
        take(review, person)
        assert claims.renew(review, person=person, now=LATER)
        with pytest.raises(HeldError):
            take(review, colleague, LATER)

    def test_a_claim_that_was_given_up_stays_given_up(self, review, person, colleague):
        take(review, person)
        taken = take(review, colleague, LATER)
        assert claims.renew(review, person=person, now=LATER) is None
        assert Claim.objects.active().get() == taken

    def test_whoever_looks_on_is_present_once(self, review, person, colleague):
        take(review, person)
        for now in (NOW, LATER):
            assert claims.renew(review, person=colleague, now=now) is None
        presence = Presence.objects.get()
        assert (presence.person, presence.seen_at) == (colleague, LATER)


class TestRelease:
    def test_it_gives_the_review_back(self, review, person, colleague):
        claim = take(review, person)
        assert claims.release(review, person=person, now=NOW)
        claim.refresh_from_db()
        assert (claim.ending, claim.ended_at) == (ClaimEnding.RELEASED, NOW)
        assert events(review)[-1] == (actions.REVIEW_RELEASED, name(person))
        assert take(review, colleague)

    def test_nobody_releases_what_somebody_else_holds(self, review, person, colleague):
        take(review, person)
        assert not claims.release(review, person=colleague, now=NOW)
        assert not claims.release(make_review(has_media=False), person=person, now=NOW)
        assert Claim.objects.active().count() == 1
        assert len(events(review)) == 1


class TestTakeOver:
    def test_it_is_recorded_and_the_holder_is_told_why(self, review, person, supervisor):
        first = take(review, person)
        second = claims.take_over(review, person=supervisor, reason=" He went\0 home. ", now=NOW)
        first.refresh_from_db()
        assert (first.ending, second.holder) == (ClaimEnding.TAKEN_OVER, supervisor)
        notice = Notice.objects.get()
        assert (notice.person, notice.kind, notice.text) == (person, Notice.Kind.TAKEN_OVER, "He went home.")
        # The page that tells whose claim ended finds the notice by that time.
        assert notice.created_at == first.ended_at
        assert events(review)[1:] == [
            (actions.REVIEW_TAKEN_OVER, name(supervisor)),
            (actions.REVIEW_CLAIMED, name(supervisor)),
        ]
        data = AuditEvent.objects.get(action=actions.REVIEW_TAKEN_OVER).data
        assert data == {"holder": name(person), "reason": "He went home."}

    def test_it_needs_the_permission(self, review, person, colleague):
        take(review, person)
        with pytest.raises(HeldError, match="Only a supervisor"):
            claims.take_over(review, person=colleague, reason="because", now=NOW)
        assert Claim.objects.get().holder == person

    @pytest.mark.parametrize("reason", ["", "  ", "\0"])
    def test_it_needs_a_reason(self, review, person, supervisor, reason):
        take(review, person)
        with pytest.raises(HeldError, match="Say why"):
            claims.take_over(review, person=supervisor, reason=reason, now=NOW)

    def test_the_reason_is_cut_to_what_a_notice_holds(self, review, person, supervisor):
        take(review, person)
        claims.take_over(review, person=supervisor, reason="x" * 999, now=NOW)
        assert len(Notice.objects.get().text) == claims.LONGEST_REASON

    def test_whoever_may_take_over_may_not_therefore_decide(self, review, person):
        take(review, person)
        with pytest.raises(HeldError, match="not decide"):
            claims.take_over(review, person=make_user("take_over_review"), reason="because", now=NOW)
        assert Claim.objects.get().holder == person

    def test_nobody_takes_over_his_own_proposal(self, review):
        maker, second = make_supervisor(), make_supervisor()
        decide(review, maker, REJECT)
        take(review, second)
        with pytest.raises(HeldError, match="You made this proposal"):
            claims.take_over(review, person=maker, reason="because", now=NOW)

    def test_ones_own_claim_is_renewed(self, review, supervisor):
        claim = take(review, supervisor)
        assert claims.take_over(review, person=supervisor, reason="because", now=LATER).pk == claim.pk
        assert not Notice.objects.exists()

    def test_what_nobody_holds_is_just_claimed(self, review, supervisor):
        assert claims.take_over(review, person=supervisor, reason="because", now=NOW).holder == supervisor
        assert events(review) == [(actions.REVIEW_CLAIMED, name(supervisor))]


def test_a_claim_stands_while_its_review_goes_back_to_waiting(person):
    attempt, _ = life_cycle.register(
        str(uuid.uuid4()), subject_reference="subject", now=NOW, actor=Actor.system("tests")
    )
    life_cycle.refuse(attempt.pk, now=attempt.expires_at, actor=Actor.system("tests"), may_close=True)
    take(fresh(attempt), person)
    reopen(attempt, now=NOW)
    assert fresh(attempt).state == ReviewState.WAITING
    assert take(fresh(attempt), person).holder == person
