"""What `decide` refuses: a page that is stale, and a draft that the rules do not allow."""

import uuid
from dataclasses import replace
from datetime import timedelta

import pytest
from django.db import transaction
from django.utils import timezone

from liveness import audit
from liveness.audit import Actor
from liveness.models import MediaKind, MediaState, Outcome
from liveness.review import actions
from liveness.review.claims import claims
from liveness.review.decisions.decide import PageVersion
from liveness.review.decisions.viewing_proof import Seen
from liveness.review.exceptions import RefusedError, StaleError
from liveness.review.models import Claim, Decision, ReviewState
from liveness.review.policy import APPROVE, ESCALATE, LONGEST_TEXT, REJECT, RETRY, Draft
from tests.builders import make_attempt
from tests.liveness.review.working import (
    DRAFTS,
    answer_again,
    claimed,
    fresh,
    in_step,
    look,
    make_review,
    make_reviewer,
    make_supervisor,
    recorded,
    reopen,
    send,
    stand_of,
)

pytestmark = [pytest.mark.django_db, pytest.mark.postgres]
NOW = timezone.now()


def assert_refused(review, draft, stand, person, match, shown=None):
    """Refused for this alone, and nothing is left of it."""
    before = fresh(review)
    with pytest.raises(RefusedError) as refusal:
        send(review, draft, stand, person, shown)
    assert [match in problem for problem in refusal.value.problems] == [True]
    after = fresh(review)
    assert (after.state, after.version, after.decision) == (before.state, before.version, before.decision)
    assert Claim.objects.active().filter(public_id=stand.claim).exists()
    assert not recorded(actions.DECISION_MADE, actions.DECISION_PROPOSED)


class TestStale:
    def stale(self, review, draft, stand, person) -> str:
        count = Decision.objects.count()
        with pytest.raises(StaleError) as refusal:
            send(review, draft, stand, person)
        assert Decision.objects.count() == count
        return refusal.value.what

    def test_without_a_claim(self, review, person):
        claimed(review, make_reviewer())
        stand = PageVersion(uuid.uuid4(), review.version, review.evidence_digest)
        assert self.stale(review, DRAFTS[APPROVE], stand, person) == "claim"

    def test_under_somebody_elses_claim(self, review, person):
        stand = claimed(review, make_reviewer())
        assert self.stale(review, DRAFTS[APPROVE], stand, person) == "claim"

    def test_under_the_claim_of_another_review(self, review, person):
        other = make_review()
        stand = replace(claimed(other, person), version=review.version, evidence_digest=review.evidence_digest)
        assert self.stale(review, DRAFTS[APPROVE], stand, person) == "claim"

    def test_under_a_claim_that_was_released(self, review, person):
        stand = claimed(review, person)
        claims.release(review, person=person, now=NOW)
        assert self.stale(review, DRAFTS[APPROVE], stand, person) == "claim"

    def test_under_an_older_claim_of_ones_own(self, review, person):
        stand = claimed(review, person)
        claims.release(review, person=person, now=NOW)
        claims.claim(review, person=person, now=NOW)
        assert self.stale(review, DRAFTS[APPROVE], stand, person) == "claim"

    def test_after_a_takeover(self, review, person):
        stand = claimed(review, person)
        claims.take_over(review, person=make_supervisor(), reason="because", now=NOW)
        assert self.stale(review, DRAFTS[APPROVE], stand, person) == "claim"

    def test_a_lease_that_ran_out_is_enough_while_nobody_took_the_review(self, review, person):
        stand = claimed(review, person)
        assert send(review, DRAFTS[APPROVE], stand, person, now=NOW + timedelta(days=1))

    def test_on_another_version(self, review, person):
        stand = claimed(review, person)
        assert self.stale(review, DRAFTS[APPROVE], replace(stand, version=stand.version - 1), person) == "version"

    def test_on_other_evidence(self, review, person):
        stand = replace(claimed(review, person), evidence_digest="0" * 64)
        assert self.stale(review, DRAFTS[APPROVE], stand, person) == "evidence"

    def test_after_a_new_answer(self, review, person):
        stand = claimed(review, person)
        answer_again(review, now=NOW)
        assert self.stale(review, DRAFTS[APPROVE], stand, person) == "evidence"
        fresh_stand = replace(stand, version=fresh(review).version, evidence_digest=fresh(review).evidence_digest)
        assert send(review, DRAFTS[APPROVE], fresh_stand, person)

    def test_on_evidence_that_changed_although_the_review_was_not_told(self, review, person):
        stand = claimed(review, person)
        review.attempt.media.filter(kind=MediaKind.VIDEO).update(damaged_at=NOW)
        assert self.stale(review, DRAFTS[APPROVE], stand, person) == "evidence"
        # The refusal brings the review into step, so that the page shows next what can be decided on.
        after = fresh(review)
        assert (after.signals, after.version) == (["damaged"], stand.version + 1)
        assert send(review, DRAFTS[REJECT], replace(stand, **_now(after)), person)


def _now(review) -> dict[str, object]:
    return {"version": review.version, "evidence_digest": review.evidence_digest}


class TestRefused:
    def test_a_bare_rejection_says_all_that_it_lacks(self, review, person):
        stand = claimed(review, person)
        with pytest.raises(RefusedError) as refusal:
            send(review, Draft(REJECT), stand, person)
        assert len(refusal.value.problems) == 2
        assert Claim.objects.active().exists()

    @pytest.mark.parametrize(
        ("draft", "match"),
        [
            (Draft("withdrawn", ("policy.doubt",), "x", "x"), "Choose a decision"),
            (Draft("", ("policy.doubt",), "x", "x"), "Choose a decision"),
            (Draft(APPROVE, ("attack.print",)), "does not fit"),
            (Draft(APPROVE, ("no.such",)), "does not fit"),
            (Draft(RETRY, ("quality.light",), "", " \0"), "should do differently"),
            (Draft(ESCALATE, ("policy.doubt",), "\0"), "internal note"),
            (Draft(ESCALATE, ("policy.doubt",), "x" * (LONGEST_TEXT + 1)), "4,000"),
        ],
    )
    def test_a_draft_that_is_not_in_order(self, review, person, draft, match):
        assert_refused(review, draft, claimed(review, person), person, match)

    def test_an_approval_by_somebody_who_opened_nothing(self, review, person):
        claim = claims.claim(review, person=person, now=NOW)
        look(review, make_reviewer())
        assert_refused(review, DRAFTS[APPROVE], stand_of(claim), person, "Open the picture")

    @pytest.mark.parametrize("action", [audit.MEDIA_PREVIEWED, audit.MEDIA_PREFETCHED, audit.MEDIA_REFUSED])
    def test_an_approval_by_somebody_who_only_came_near_the_files(self, review, person, action):
        claim = claims.claim(review, person=person, now=NOW)
        for file in review.attempt.media.all():
            with transaction.atomic():
                audit.record(action, actor=Actor.user(person), target=file)
        assert_refused(review, DRAFTS[APPROVE], stand_of(claim), person, "Open the picture")

    def test_an_approval_of_a_video_that_was_not_played_far_enough(self, review, person, settings):
        settings.LIVENESS_REVIEW_MIN_PLAYED = 0.8
        stand = claimed(review, person)
        for played in (None, 0.5, float("nan"), 99.0):
            assert_refused(review, DRAFTS[APPROVE], stand, person, "Play more", Seen(played))
        assert send(review, DRAFTS[APPROVE], stand, person, Seen(0.8))

    @pytest.mark.parametrize(
        "change",
        [
            {"state": MediaState.LOST, "file": ""},
            {"state": MediaState.ABSENT, "file": ""},
            {"state": MediaState.PURGED, "file": ""},
            {"damaged_at": NOW},
            {"flaw": "it is no video"},
        ],
    )
    def test_an_approval_without_a_file_that_can_be_shown(self, person, change):
        review = make_review()
        review.attempt.media.filter(kind=MediaKind.VIDEO).update(**change)
        review = in_step(review.attempt)
        assert_refused(review, DRAFTS[APPROVE], claimed(review, person), person, "cannot be shown")
        assert send(review, DRAFTS[REJECT], stand_of(Claim.objects.get()), person)

    def test_an_approval_without_an_answer(self, person):
        review = make_review(Outcome.EXPIRED, result_code="")
        assert_refused(review, DRAFTS[APPROVE], claimed(review, person), person, "Without an answer")

    def test_whoever_may_no_longer_decide(self, review, person):
        stand = claimed(review, person)
        person.user_permissions.clear()
        demoted = type(person).objects.get(pk=person.pk)
        assert_refused(review, DRAFTS[APPROVE], stand, demoted, "not decide")

    def test_a_review_that_went_back_to_waiting_under_a_claim(self, person):
        attempt = make_attempt(outcome=Outcome.INVALID, result_code="")
        review = in_step(attempt)
        claim = claims.claim(review, person=person, now=NOW)
        reopen(attempt, now=NOW)
        assert fresh(review).state == ReviewState.WAITING
        assert_refused(review, DRAFTS[REJECT], stand_of(claim), person, "not answered yet")
