"""Decisions: made once, by whoever holds the claim, on exactly the evidence that was shown."""

import json
from dataclasses import replace

import pytest
from django.db import transaction
from django.utils import timezone

from liveness import audit
from liveness.audit import Actor
from liveness.exceptions import ChainError
from liveness.models import AuditHead, MediaKind, Outcome
from liveness.review import actions
from liveness.review.claims import claims
from liveness.review.decisions import decide as decisions_decide
from liveness.review.decisions import viewing_proof
from liveness.review.decisions.decide import PageVersion
from liveness.review.decisions.viewing_proof import Seen
from liveness.review.exceptions import StaleError
from liveness.review.models import Claim, ClaimEnding, Decision, ReviewState, Stage
from liveness.review.policy import APPROVE, ESCALATE, REJECT, RETRY, Draft
from liveness.review.sync import evidence_snapshot
from tests.builders import make_media
from tests.liveness.review.working import (
    DRAFTS,
    claimed,
    decide,
    fresh,
    in_step,
    look,
    make_review,
    make_reviewer,
    make_supervisor,
    recorded,
    send,
    stand_of,
)

pytestmark = [pytest.mark.django_db, pytest.mark.postgres]
NOW = timezone.now()


class TestRow:
    def test_it_keeps_what_it_stands_on_and_what_was_seen(self, review, person, settings):
        settings.LIVENESS_REVIEW_SECOND_ON_REASONS = ()
        stand = claimed(review, person)
        draft = Draft(APPROVE, ("policy.exception",), "Checked twice.", "Welcome.")
        with_marks = Seen(0.75, ((1.5, "blinks"), (3.25, "")))
        decision = send(review, draft, stand, person, with_marks, now=NOW)
        made = Decision.objects.get()
        assert made == decision
        assert (made.outcome, made.maker, made.decided_at, made.stage) == (APPROVE, person, NOW, Stage.FIRST)
        assert (made.reasons, made.reasons_version) == (["policy.exception"], 1)
        assert (made.internal_note, made.subject_text) == ("Checked twice.", "Welcome.")
        assert (made.vendor_outcome, made.from_state, made.version) == (Outcome.PASSED, ReviewState.OPEN, 1)
        assert made.claim.public_id == stand.claim
        assert made.evidence == evidence_snapshot.snapshot(review.attempt)
        assert made.evidence_digest == evidence_snapshot.digest(made.evidence) == stand.evidence_digest
        assert made.seen["played"] == 0.75
        assert made.seen["marks"] == [{"at": 1.5, "text": "blinks"}, {"at": 3.25, "text": ""}]
        assert [(file["kind"], bool(file["opened_at"])) for file in made.seen["files"]] == [
            (MediaKind.BEST_FRAME, True),
            (MediaKind.VIDEO, True),
        ]

    def test_it_says_which_files_were_not_opened(self, review, person):
        claim = claims.claim(review, person=person, now=NOW)
        look(review, make_reviewer())
        decision = send(review, DRAFTS[RETRY], stand_of(claim), person)
        assert [file["opened_at"] for file in decision.seen["files"]] == [None, None]

    def test_it_says_when_a_file_was_opened_last(self, review, person):
        stand = claimed(review, person)
        file = review.attempt.media.get(kind=MediaKind.VIDEO)
        with transaction.atomic():
            last = audit.record(audit.MEDIA_VIEWED, actor=Actor.user(person), target=file)
        decision = send(review, DRAFTS[RETRY], stand, person)
        assert decision.seen["files"][1]["opened_at"] == last.at.isoformat()

    @pytest.mark.parametrize(
        ("sent", "kept"),
        [
            (Seen(float("nan")), None),
            (Seen(float("inf")), None),
            (Seen(-0.1), None),
            (Seen(1.1), None),
            (Seen(0.0), 0.0),
            (Seen(1.0), 1.0),
        ],
    )
    def test_a_share_that_is_none_is_not_kept(self, sent, kept):
        assert viewing_proof.describe(sent, [])["played"] == kept

    def test_marks_are_bounded(self):
        marks = [(float(at), " text\0 " + "x" * 999) for at in range(80)]
        impossible = [(float("nan"), "a"), (float("inf"), "b"), (-1.0, "c")]
        kept = viewing_proof.describe(Seen(None, tuple(impossible + marks)), [])["marks"]
        assert [mark["at"] for mark in kept] == [float(at) for at in range(viewing_proof.MOST_MARKS)]
        assert {len(mark["text"]) for mark in kept} == {viewing_proof.LONGEST_MARK}
        assert kept[0]["text"].startswith("text x")

    def test_texts_are_kept_apart_and_without_what_no_database_takes(self, review, person):
        stand = claimed(review, person)
        draft = Draft(RETRY, ("quality.light", "quality.light"), " inside\0 ", "\0 outside\n")
        decision = send(review, draft, stand, person)
        decision.refresh_from_db()
        assert (decision.internal_note, decision.subject_text) == ("inside", "outside")
        assert decision.reasons == ["quality.light"]


class TestReview:
    def test_a_decision_settles_it_and_ends_the_claim(self, review, person):
        decision = decide(review, person, APPROVE, now=NOW)
        after = fresh(review)
        assert (after.state, after.decision, after.queue_at) == (ReviewState.DECIDED, decision, NOW)
        assert after.version == review.version + 1
        claim = Claim.objects.get()
        assert (claim.ending, claim.ended_at, claim.decision) == (ClaimEnding.DECIDED, NOW, decision)

    def test_an_escalation_hands_it_to_a_supervisor(self, review, person):
        decide(review, person, ESCALATE)
        after = fresh(review)
        assert (after.state, after.decision, after.queue_at) == (ReviewState.ESCALATED, None, review.due_at)
        decision = decide(review, make_supervisor(), APPROVE)
        assert (fresh(review).decision, decision.from_state) == (decision, ReviewState.ESCALATED)

    def test_what_was_lost_can_be_decided(self, person):
        lost = make_review(Outcome.EXPIRED, result_code="")
        decision = decide(lost, person, RETRY)
        assert (fresh(lost).decision, decision.from_state) == (decision, ReviewState.LOST)

    def test_an_answer_that_nobody_knows_passes_and_fails_by_a_person_alone(self, person):
        for outcome in (APPROVE, REJECT):
            unknown = make_review(Outcome.UNKNOWN, result_code="9999")
            assert fresh(unknown).state == ReviewState.OPEN
            assert decide(unknown, person, outcome).needs_second == []


class TestEvent:
    def test_it_is_part_of_the_decision(self, review, person):
        decision = decide(review, person, APPROVE)
        [event] = recorded(actions.DECISION_MADE)
        assert (event.actor, event.object_id) == (Actor.user(person).name, str(review.attempt.public_id))
        expected = {
            "decision": str(decision.public_id),
            "outcome": APPROVE,
            "vendor_outcome": "passed",
            "stage": "first",
            "reasons": [],
            "needs_second": [],
            "is_blind": False,
            "evidence": decision.evidence_digest,
            "replaces": None,
        }
        assert {name: value for name, value in event.data.items() if name != "content"} == expected
        assert audit.verify().broken_at is None

    def test_it_vouches_for_the_texts_without_holding_them(self, person):
        digests = set()
        for note in ("Looks like Anna.", "Looks like Berta."):
            decide(make_review(), person, APPROVE, internal_note=note)
        for event in recorded(actions.DECISION_MADE):
            assert "Looks like" not in event.details
            digests.add(event.data["content"])
        assert len(digests) == 2

    def test_a_decision_that_cannot_be_recorded_is_none(self, review, person):
        stand = claimed(review, person)
        AuditHead.objects.update(hash="f" * 64)
        with pytest.raises(ChainError):
            send(review, DRAFTS[APPROVE], stand, person)
        after = fresh(review)
        assert (Decision.objects.count(), after.state, after.version) == (0, ReviewState.OPEN, stand.version)
        assert Claim.objects.active().count() == 1

    def test_a_decision_that_fails_leaves_no_event(self, review, person, monkeypatch):
        stand = claimed(review, person)
        monkeypatch.setattr(claims, "end", lambda *args: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            send(review, DRAFTS[APPROVE], stand, person)
        assert not recorded(actions.DECISION_MADE)
        assert not Decision.objects.exists()


class TestTwice:
    def test_the_same_decision_sent_twice_is_one(self, review, person):
        stand = claimed(review, person)
        first = send(review, DRAFTS[APPROVE], stand, person)
        # The page measured a little more of the video meanwhile, and adds a blank end to the text.
        noted = replace(DRAFTS[APPROVE], internal_note=f"{DRAFTS[APPROVE].internal_note} ")
        assert send(review, noted, stand, person, Seen(1.0)) == first
        assert Decision.objects.count() == len(recorded(actions.DECISION_MADE)) == 1
        assert fresh(review).version == stand.version + 1

    @pytest.mark.parametrize(
        "other",
        [
            DRAFTS[RETRY],
            replace(DRAFTS[APPROVE], reasons=("policy.exception",)),
            replace(DRAFTS[APPROVE], internal_note="no, because"),
        ],
    )
    def test_another_decision_under_the_same_claim_is_stale(self, review, person, other):
        stand = claimed(review, person)
        send(review, DRAFTS[APPROVE], stand, person)
        with pytest.raises(StaleError) as refusal:
            send(review, other, stand, person)
        assert refusal.value.what == "version"
        assert Decision.objects.count() == 1

    def test_one_that_was_undone_is_not_made_again_by_the_old_page(self, review, person):
        stand = claimed(review, person)
        decisions_decide.undo(send(review, DRAFTS[APPROVE], stand, person), person=person, now=NOW)
        with pytest.raises(StaleError):
            send(review, DRAFTS[APPROVE], stand, person)
        assert fresh(review).state == ReviewState.OPEN

    def test_one_that_was_corrected_is_not_made_again_by_the_old_page(self, review, person):
        stand = claimed(review, person)
        send(review, DRAFTS[APPROVE], stand, person)
        decide(review, make_reviewer(), RETRY)
        with pytest.raises(StaleError):
            send(review, DRAFTS[APPROVE], stand, person)


class TestCorrection:
    def test_it_supersedes_and_leaves_the_first_as_it_was(self, review, person):
        first = decide(review, person, APPROVE)
        second = decide(review, make_reviewer(), RETRY)
        after = fresh(review)
        assert (after.decision, after.state) == (second, ReviewState.DECIDED)
        assert (second.supersedes, second.sequence, second.from_state) == (first, 2, ReviewState.DECIDED)
        first.refresh_from_db()
        assert first.outcome == APPROVE
        made = recorded(actions.DECISION_MADE)[1]
        assert made.data["replaces"] == {"outcome": APPROVE, "vendor_outcome": "passed"}

    def test_it_may_be_escalated_and_stays_in_force_until_then(self, review, person):
        first = decide(review, person, APPROVE)
        decide(review, make_reviewer(), ESCALATE)
        after = fresh(review)
        assert (after.state, after.decision) == (ReviewState.ESCALATED, first)
        last = decide(review, make_supervisor(), RETRY)
        assert (fresh(review).decision, last.supersedes) == (last, first)

    def test_what_a_supervisor_decided_is_corrected_by_one(self, review, person):
        decide(review, person, ESCALATE)
        first = decide(review, make_supervisor(), APPROVE)
        with pytest.raises(claims.HeldError, match="supervisor"):
            decide(review, make_reviewer(), RETRY)
        assert decide(review, make_supervisor(), RETRY).supersedes == first


def test_the_page_cannot_set_what_it_does_not_decide(review, person):
    """The draft and what was seen are all that comes from a form; the rest is the server's."""
    assert set(Draft.__dataclass_fields__) == {"outcome", "reasons", "internal_note", "subject_text"}
    assert set(PageVersion.__dataclass_fields__) == {"claim", "version", "evidence_digest"}
    assert set(Seen.__dataclass_fields__) == {"played", "marks"}
    made = send(review, DRAFTS[APPROVE], claimed(review, person), person)
    assert json.loads(json.dumps(made.seen)) == made.seen


def test_another_file_makes_other_evidence(review, person):
    first = decide(review, person, APPROVE)
    make_media(review.attempt, MediaKind.VIDEO, b"another take")
    in_step(review.attempt)
    second = decide(review, make_reviewer(), RETRY)
    assert len(second.evidence["media"]) == len(first.evidence["media"]) + 1
