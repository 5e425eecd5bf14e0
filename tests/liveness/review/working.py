"""Reviews and people for tests of the review app, made the way the services make them."""

from dataclasses import replace
from itertools import count

from django.db import transaction
from django.utils import timezone

from liveness import audit
from liveness.access import AccessPolicy
from liveness.attempts import life_cycle
from liveness.audit import Actor
from liveness.media import access_log
from liveness.models import AuditEvent, MediaKind, Outcome, VerificationAttempt
from liveness.review.claims import claims
from liveness.review.decisions import decide as decisions_decide
from liveness.review.decisions.decide import PageVersion
from liveness.review.decisions.viewing_proof import Seen
from liveness.review.models import Review
from liveness.review.policy import APPROVE, ESCALATE, REJECT, RETRY, Draft
from liveness.review.sync import sync
from tests.builders import make_attempt, make_media, make_result
from tests.people import make_user

REVIEWER = ("view_verificationattempt", "view_storedmedia", "view_review", "claim_review", "add_note")
SUPERVISOR = (*REVIEWER, "second_review", "decide_escalated_review", "take_over_review")
# A draft of each outcome that the rules let through, whatever the vendor said; see `fitted` for an approval.
DRAFTS = {
    APPROVE: Draft(APPROVE, (), "The face is a live one."),
    REJECT: Draft(REJECT, ("attack.print",), "The edge of the paper shows."),
    RETRY: Draft(RETRY, ("quality.light",), "", "Please find more light."),
    ESCALATE: Draft(ESCALATE, ("policy.doubt",), "I cannot tell."),
}
NO_MEDIA = {"best_frame": None, "video": None}
TOKEN = "D2B55F0C-FB5D-4FB6-8765-3E931EBBFC79"
OURS_ONLY = f"{__name__}.OursOnly"
_numbers = count(1)


class OursOnly(AccessPolicy):
    """A host's policy that shows one region's attempts."""

    def visible_attempts(self, user):
        return super().visible_attempts(user).filter(region="ap-singapore")


def make_reviewer(**fields):
    return make_user(*REVIEWER, **fields)


def make_supervisor(**fields):
    return make_user(*SUPERVISOR, **fields)


def make_review(outcome=Outcome.PASSED, *, has_media=True, now=None, **fields) -> Review:
    """The review of an attempt of a subject of its own, with a picture and a video of its own."""
    attempt = make_attempt(outcome=outcome, **({"subject_reference": f"subject-{next(_numbers)}"} | fields))
    if has_media and attempt.is_answered:
        for kind in MediaKind:
            make_media(attempt, kind, f"{kind} {attempt.public_id}".encode())
    return in_step(attempt, now=now)


def register(token=TOKEN, **changes) -> VerificationAttempt:
    """An attempt that came in as all do, through the service."""
    values = {"subject_reference": "subject-1", "now": timezone.now(), "actor": Actor.system("tests")}
    return life_cycle.register(token, **(values | changes))[0]


def answer(attempt, result, now=None) -> Review:
    """The vendor's answer, recorded as the engine does; the review after it."""
    life_cycle.record(attempt.pk, result, now=now or timezone.now(), actor=Actor.system("tests"))
    return fresh(attempt)


def answer_again(review: Review, now=None) -> Review:
    """Another answer than the first, without files; the review after it."""
    return answer(review.attempt, make_result("1002", **NO_MEDIA), now)


def reopen(attempt: VerificationAttempt, *, now) -> VerificationAttempt:
    """The attempt registered again, in another region: it waits for the vendor once more."""
    return register(attempt.sdk_token, subject_reference=attempt.subject_reference, region="ap-jakarta", now=now)


def in_step(attempt, *, now=None) -> Review:
    with transaction.atomic():
        return sync.sync_review(attempt, now=now or timezone.now())


def fresh(review: Review) -> Review:
    return Review.objects.select_related("attempt", "decision", "proposal").get(pk=review.pk)


def look(review: Review, person) -> None:
    """Open every file of the review."""
    for file in review.attempt.media.all():
        access_log.record_look(file, audit.MEDIA_VIEWED, actor=Actor.user(person), now=timezone.now())


def stand_of(claim) -> PageVersion:
    """What a page says that is made under this claim now."""
    review = Review.objects.get(pk=claim.review_id)
    return PageVersion(claim.public_id, review.version, review.evidence_digest)


def claimed(review: Review, person) -> PageVersion:
    """The review held by this person, who has opened every file: what the page that he decides on says."""
    claim = claims.claim(review, person=person, now=timezone.now())
    look(review, person)
    return stand_of(claim)


def fitted(draft: Draft, review: Review) -> Draft:
    """The draft with the reason that an approval against the vendor needs."""
    is_bare = draft.outcome == APPROVE and review.outcome == Outcome.FAILED and not draft.reasons
    return replace(draft, reasons=("policy.vendor_wrong",)) if is_bare else draft


def send(review: Review, draft: Draft, stand: PageVersion, person, shown=None, *, now=None):
    """The decision as the page sends it."""
    return decisions_decide.decide(
        review, fitted(draft, review), stand, shown or Seen(), person=person, now=now or timezone.now()
    )


def decide(review: Review, person, outcome: str, *, now=None, **changes):
    """Claim, look, and decide as this person, with the draft that goes with the outcome."""
    stand = claimed(review, person)
    return send(review, replace(DRAFTS[outcome], **changes), stand, person, now=now)


def propose_again(review: Review, person, outcome: str, *, is_undone: bool, **changes):
    """Propose as this person, take it back or have the evidence change, and propose anew, in other words."""
    first = decide(review, person, outcome, **changes)
    if is_undone:
        claim = decisions_decide.undo(first, person=person, now=timezone.now())
        claims.release(claim.review, person=person, now=timezone.now())
    else:
        answer_again(review)
    return decide(review, person, outcome)


def recorded(*names: str) -> list[AuditEvent]:
    """The audit events of these actions, the oldest first."""
    return list(AuditEvent.objects.filter(action__in=names).order_by("sequence"))
