"""What follows a decision: a sentence that says what was decided, and the offer to undo it while that is possible."""

from dataclasses import dataclass
from math import ceil

from django.contrib import messages
from django.contrib.auth.models import AbstractUser
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext as _

from liveness.review import access
from liveness.review.app_settings import review_settings
from liveness.review.audit_log.histories import DONE
from liveness.review.decisions import decide
from liveness.review.models import Decision, DecisionOutcome
from liveness.review.queue.filters import View
from liveness.review.workspace import drafts

# The session keeps the id of the decision and nothing of what it says.
KEY = "liveness_review_decided"


@dataclass(frozen=True)
class Offer:
    """`left` is how many seconds remain to undo it, 0 when it can no longer be undone.

    `author` names the draft that is done with, `query` the view of the queue to come back to.
    """

    decision: Decision
    sentence: str
    left: int
    author: str
    query: str


def remember(request: HttpRequest, decision: Decision) -> None:
    """Have the next pages say what was decided and offer to undo it."""
    if review_settings.UNDO:
        request.session[KEY] = str(decision.public_id)
    else:
        messages.success(request, sentence(decision))


def forget(request: HttpRequest) -> None:
    request.session.pop(KEY, None)


def undo_offer(request: HttpRequest) -> Offer | None:
    """What this person decided last, as long as the window to undo it is open."""
    decided, person, now = request.session.get(KEY), request.user, timezone.now()
    if not decided or not isinstance(person, AbstractUser):
        return None
    made = Decision.objects.filter(public_id=decided, maker=person.pk, review__in=access.visible_reviews(person))
    decision = made.select_related("review__attempt", "proposal").first()
    if decision is None or now > decision.decided_at + review_settings.UNDO:
        forget(request)
        return None
    refusal = decide.why_not_undo(decision.review, decision, person, now)
    left = 0 if refusal else ceil((decision.decided_at + review_settings.UNDO - now).total_seconds())
    author = drafts.author(person, decision.review.attempt.public_id)
    return Offer(decision, sentence(decision), left, author, View.parse(request.GET).query)


def sentence(decision: Decision) -> str:
    """What was decided on whom, in a few words."""
    facts = {
        "decided": DONE[DecisionOutcome(decision.outcome)],
        "reference": decision.review.attempt.subject_reference,
    }
    if decision.proposal and decision.proposal.outcome == decision.outcome:
        return _("%(decided)s, as proposed: %(reference)s") % facts
    if decision.proposal:
        return _("Disagreement: escalated to a third person: %(reference)s") % facts
    if decision.needs_second:
        return _("%(decided)s, waits for a second person: %(reference)s") % facts
    return _("%(decided)s: %(reference)s") % facts
