"""Whatever people and the vendor do, in whatever order: what must hold, holds after each step."""

import uuid
from contextlib import suppress
from datetime import timedelta

import pytest
from django.db import transaction
from django.utils import timezone
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from liveness import audit
from liveness.attempts import life_cycle
from liveness.audit import Actor
from liveness.exceptions import RegistrationError
from liveness.models import AuditEvent, MediaState
from liveness.review import actions
from liveness.review.claims import claims
from liveness.review.decisions import decide as decisions_decide
from liveness.review.decisions.decide import PageVersion
from liveness.review.decisions.viewing_proof import Seen
from liveness.review.exceptions import HeldError, RefusedError, StaleError
from liveness.review.models import Claim, Decision, DecisionOutcome, Review, ReviewState, Stage
from liveness.review.policy import FAILED, PASSED, REJECT, is_override
from liveness.review.sync import evidence_snapshot
from tests.builders import make_result
from tests.liveness.review.working import DRAFTS, NO_MEDIA, fresh, look, make_reviewer, make_supervisor

pytestmark = pytest.mark.django_db
ACTOR = Actor.system("tests")
PEOPLE = ("reviewer", "anna", "berta")
PERSON, OUTCOME = st.sampled_from(PEOPLE), st.sampled_from(sorted(DRAFTS))
CODE = st.sampled_from(["0", "1002", "unheard of", "-999"])
EVENTS = {
    actions.DECISION_MADE,
    actions.DECISION_PROPOSED,
    actions.DECISION_CONFIRMED,
    actions.DECISION_DISPUTED,
    actions.DECISION_UNDONE,
    actions.DECISION_CANCELLED,
}
REFUSALS = (HeldError, StaleError, RefusedError)


class Work(RuleBasedStateMachine):
    """One attempt, three people with a page each, and a clock."""

    people: dict[str, object]
    settings: object

    @initialize(code=st.sampled_from([None, "0", "1002"]), head_start=st.integers(0, 2), sample=st.integers(0, 1))
    def register(self, code, head_start, sample):
        self.settings.LIVENESS_REVIEW_SAMPLE = sample
        self.transaction = transaction.atomic()
        self.transaction.__enter__()
        self.now, self.token = timezone.now(), str(uuid.uuid4())
        self.attempt = self.call_in("ap-singapore")
        self.pages: dict[str, PageVersion] = {}
        self.sent: dict[str, tuple] = {}
        if code:
            self.answer(code, False, b"")
        for who in ("anna", "berta")[:head_start]:
            self.claim_and_decide(who, REJECT)
        self.before, self.made = self.review, self.review.decisions.count()

    def teardown(self):
        if hasattr(self, "transaction"):
            verdict = audit.verify()
            transaction.set_rollback(True)
            self.transaction.__exit__(None, None, None)
            assert verdict.broken_at is None

    def call_in(self, region):
        return life_cycle.register(
            self.token,
            subject_reference="subject",
            region=region,
            issued_at=self.now if region == "ap-singapore" else None,
            now=self.now,
            actor=ACTOR,
        )[0]

    @property
    def review(self) -> Review:
        return fresh(self.attempt)

    # The vendor and the engine.

    @rule(code=CODE, has_files=st.booleans(), take=st.sampled_from([b"one", b"two"]))
    def answer(self, code, has_files, take):
        files = {"best_frame": take + b" frame", "video": take + b" video"} if has_files else NO_MEDIA
        life_cycle.record(self.attempt.pk, make_result(code, **files), now=self.now, actor=ACTOR)

    @rule()
    def files_arrive(self):
        for file in self.attempt.media.filter(state=MediaState.WANTED):
            file.state, file.stored_at, file.file = MediaState.STORED, self.now, file.path
            file.size, file.md5, file.sha256 = file.declared_size, file.declared_md5, file.declared_md5 * 2
            file.save()
        life_cycle.settle(self.attempt.pk, now=self.now)

    @rule()
    def give_up(self):
        life_cycle.expire(self.attempt.pk, "too late", now=self.now, actor=ACTOR)

    @rule()
    def refuse(self):
        life_cycle.refuse(self.attempt.pk, now=self.now, actor=ACTOR)

    @rule(region=st.sampled_from(["ap-jakarta", "ap-bangkok"]))
    def correct_the_region(self, region):
        with suppress(RegistrationError):
            self.call_in(region)

    @rule(seconds=st.sampled_from([1, 31, 301]))
    def wait(self, seconds):
        self.now += timedelta(seconds=seconds)

    # The people.

    @rule(who=PERSON)
    def claim(self, who):
        with suppress(HeldError):
            self.open_page(who, claims.claim(self.review, person=self.people[who], now=self.now))

    @rule(who=PERSON)
    def claim_next(self, who):
        claim = claims.claim_next(Review.objects.filter(pk=self.attempt.pk), person=self.people[who], now=self.now)
        self.open_page(who, claim)

    @rule(who=PERSON)
    def take_over(self, who):
        with suppress(HeldError):
            claim = claims.take_over(self.review, person=self.people[who], reason="because", now=self.now)
            self.open_page(who, claim)

    @rule(who=PERSON)
    def load_the_page_again(self, who):
        self.open_page(who, claims.renew(self.review, person=self.people[who], now=self.now))

    def open_page(self, who, claim):
        if claim:
            now = self.review
            self.pages[who] = PageVersion(claim.public_id, now.version, now.evidence_digest)
            look(now, self.people[who])

    @rule(who=PERSON)
    def release(self, who):
        claims.release(self.review, person=self.people[who], now=self.now)

    @precondition(lambda self: self.pages)
    @rule(who=PERSON, outcome=OUTCOME)
    def decide(self, who, outcome):
        if who in self.pages:
            self.sent[who] = (DRAFTS[outcome], self.pages[who])
            self.send(who)

    @rule(who=PERSON, outcome=OUTCOME)
    def claim_and_decide(self, who, outcome):
        self.claim(who)
        self.decide(who, outcome)

    @precondition(lambda self: self.review.proposal)
    @rule(who=st.sampled_from(PEOPLE[1:]))
    def claim_and_agree(self, who):
        self.claim_and_decide(who, self.review.proposal.outcome)

    @precondition(lambda self: self.sent)
    @rule(who=PERSON)
    def send_again(self, who):
        if who in self.sent:
            before = Decision.objects.count()
            self.send(who)
            was_there = Decision.objects.filter(claim__public_id=self.sent[who][1].claim).exists()
            assert Decision.objects.count() == before or was_there

    def send(self, who):
        draft, stand = self.sent[who]
        with suppress(*REFUSALS):
            decisions_decide.decide(self.review, draft, stand, Seen(), person=self.people[who], now=self.now)

    @precondition(lambda self: self.review.decisions.exists())
    @rule()
    def undo(self):
        newest = self.review.decisions.order_by("-sequence").first()
        who = next((name for name, person in self.people.items() if person.pk == newest.maker_id), PEOPLE[0])
        with suppress(RefusedError):
            self.open_page(who, decisions_decide.undo(newest, person=self.people[who], now=self.now))

    # What must hold.

    @invariant()
    def the_review_is_in_step(self):
        review, attempt = self.review, self.review.attempt
        assert review.outcome == attempt.outcome
        if review.state == ReviewState.WAITING:
            wanted = attempt.media.filter(state=MediaState.WANTED)
            assert wanted.exists() if attempt.is_answered else attempt.next_poll_at
            assert review.queue_at == attempt.expires_at
            return
        assert review.evidence_digest == evidence_snapshot.digest(evidence_snapshot.snapshot(attempt))
        if review.state == ReviewState.LOST:
            assert (attempt.is_answered, attempt.next_poll_at) == (False, None)
        if review.state == ReviewState.OPEN:
            assert attempt.is_answered
            assert review.queue_at == review.due_at
        assert review.is_flagged == bool(review.signals)

    @invariant()
    def at_most_one_decision_is_in_force(self):
        review = self.review
        made = list(review.decisions.order_by("sequence").select_related("proposal"))
        assert [decision.sequence for decision in made] == list(range(1, len(made) + 1))
        decision = review.decision
        if review.state in (ReviewState.WAITING, ReviewState.OPEN, ReviewState.LOST):
            assert decision is None
        if decision is None:
            assert "changed" not in review.signals
            return
        assert decision.outcome not in (DecisionOutcome.WITHDRAWN, DecisionOutcome.ESCALATE)
        assert decision.stage == Stage.FIRST
        assert not Decision.objects.filter(supersedes=decision, outcome=DecisionOutcome.WITHDRAWN).exists()
        is_changed = decision.evidence_digest != review.evidence_digest
        assert ("changed" in review.signals) == (is_changed and review.state == ReviewState.DECIDED)

    @invariant()
    def what_needs_two_people_had_two(self):
        decision = self.review.decision
        if decision and is_override(decision.vendor_outcome, decision.outcome):
            assert decision.vendor_outcome in (PASSED, FAILED)
            assert "override" in decision.needs_second
        if decision and decision.needs_second:
            agreed = decision.seconds.filter(outcome=decision.outcome, superseded_by__isnull=True)
            assert [second.maker_id for second in agreed if second.maker_id != decision.maker_id]

    @invariant()
    def a_proposal_stands_on_the_evidence_of_now(self):
        review = self.review
        if review.proposal:
            assert review.state == ReviewState.PROPOSED
            assert review.proposal.evidence_digest == review.evidence_digest
            assert not review.proposal.superseded_by.exists()

    @invariant()
    def every_decision_stands_on_what_was_shown_and_has_its_event(self):
        made = list(Decision.objects.exclude(outcome=DecisionOutcome.WITHDRAWN).select_related("claim"))
        for decision in made:
            assert decision.evidence_digest == evidence_snapshot.digest(decision.evidence)
            assert decision.maker_id == decision.claim.holder_id
            assert decision.claim.ending == "decided"
        events = AuditEvent.objects.filter(action__in=EVENTS)
        told = [event.data["decision"] for event in events]
        assert sorted(told) == sorted(str(decision.public_id) for decision in Decision.objects.all())

    @invariant()
    def at_most_one_person_holds_it(self):
        assert Claim.objects.active().count() <= 1

    @invariant()
    def the_version_grows_with_every_change(self):
        before, now = self.before, self.review
        names = ("state", "decision_id", "proposal_id", "evidence_digest")
        made = now.decisions.count()
        is_same = made == self.made and all(getattr(before, name) == getattr(now, name) for name in names)
        assert now.version == before.version if is_same else now.version > before.version
        self.before, self.made = now, made


def test_whatever_happens_in_whatever_order(settings):
    settings.LIVENESS_REVIEW_LEASE, settings.LIVENESS_REVIEW_UNDO = 300, 30
    Work.settings = settings
    Work.people = {"reviewer": make_reviewer(), "anna": make_supervisor(), "berta": make_supervisor()}
    bounds = hypothesis_settings(max_examples=20, stateful_step_count=25)
    run_state_machine_as_test(Work, settings=bounds)
