"""The second person's decision on a proposal: whoever made the proposal is never that person."""

from dataclasses import replace

from django.utils.translation import gettext as _

from liveness.review.decisions import decision_record
from liveness.review.decisions.decision_record import DecisionAct
from liveness.review.exceptions import RefusedError
from liveness.review.models import Decision, Notice, ReviewState, Stage
from liveness.review.policy import Draft
from liveness.review.reasons import catalogue
from liveness.review.sync import queue_placement


def decide(act: DecisionAct) -> Decision:
    """Confirm the proposal, which puts it in force, or dispute it, which escalates the review."""
    review, proposal = act.review, act.review.proposal
    if proposal is None or proposal.maker_id in (None, act.person.pk):
        raise RefusedError([_("You made this proposal, so somebody else has to approve it.")])
    decision = _written(act, proposal)
    review.proposal = None
    if decision.outcome == proposal.outcome:
        decision_record.settle(review, proposal, act.now)
    else:
        review.state = ReviewState.ESCALATED
        review.queue_at = queue_placement.queue_time(review, act.now)
        kind = Notice.Kind.DISAGREED
        Notice.objects.create(person_id=proposal.maker_id, review=review, kind=kind, created_at=act.now)
    decision_record.advance(review)
    decision_record.record_event(decision_record.action_of(decision), decision, act.person)
    return decision


def adopted(draft: Draft, proposal: Decision | None) -> Draft:
    """The draft as it is kept: whoever confirms what he was shown stands on its reasons and its text."""
    if proposal is None or not _confirms(draft, proposal):
        return draft
    return replace(draft, reasons=tuple(proposal.reasons), subject_text=proposal.subject_text)


def _confirms(draft: Draft, proposal: Decision) -> bool:
    return not proposal.is_blind and draft.outcome == proposal.outcome


def _written(act: DecisionAct, proposal: Decision) -> Decision:
    draft, reasons = adopted(act.draft, proposal), catalogue()
    if _confirms(draft, proposal):
        # Its reasons and its note were checked when it was made, perhaps by an older catalogue.
        noted = replace(draft, internal_note=draft.internal_note or proposal.internal_note)
        opened = decision_record.check(act, noted, allowed=draft.reasons)
        version = proposal.reasons_version
    else:
        opened = decision_record.check(act, draft, allowed=reasons.allowed(draft.outcome, act.review.outcome))
        version = reasons.version
    return decision_record.write(act, draft, opened, reasons_version=version, stage=Stage.SECOND, proposal=proposal)
