"""The rows of the queue: what a review shows of itself to one person, at one moment."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from operator import attrgetter

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from liveness.attempts.wording import reason_of
from liveness.models import MediaKind, StoredMedia, VerificationAttempt
from liveness.review import wording
from liveness.review.access import Person
from liveness.review.due_time import Age, age_of
from liveness.review.models import Decision, DecisionOutcome, Review, ReviewState
from liveness.review.queue.filters import MINE, Tab
from liveness.review.queue.listing import HOLD

Text = str | Promise
HERE = timedelta(minutes=1)
DONE: dict[str, Text] = {
    DecisionOutcome.APPROVE: gettext_lazy("Approved"),
    DecisionOutcome.REJECT: gettext_lazy("Rejected"),
    DecisionOutcome.RETRY: gettext_lazy("Asked to retry"),
}


@dataclass(frozen=True)
class Holder:
    """Who claims a review. `kind` is "you", "here", "away" or, where the lease ran out, "lapsed"."""

    kind: str
    name: str


@dataclass(frozen=True)
class Verdict:
    """A decision, or a proposal, of which `outcome` is empty where the second person must not know it."""

    outcome: str
    words: Text
    maker: str
    is_mine: bool


@dataclass(frozen=True)
class Row:
    review: Review
    reason: str
    frame: StoredMedia | None
    age: Age
    holder: Holder | None
    signals: list[Text]
    verdict: Verdict | None

    @property
    def attempt(self) -> VerificationAttempt:
        return self.review.attempt


@dataclass(frozen=True)
class Change:
    """What may change about a row while it is looked at; `left_to` names the tab that its review has moved to."""

    review: Review
    age: Age
    holder: Holder | None
    left_to: str


def rows(reviews: Iterable[Review], tab: Tab, person: Person, now: datetime) -> list[Row]:
    """Rows for the reviews of this tab that `listing.page` has read."""
    return [
        Row(
            review,
            _reason(review),
            _frame(review.attempt),
            age_of(review, now),
            holder_of(review, person, now),
            [wording.SIGNALS.get(signal, signal) for signal in review.signals],
            _verdict(review, tab, person),
        )
        for review in reviews
    ]


def changes(reviews: Iterable[Review], tab: Tab, person: Person, now: datetime) -> list[Change]:
    """What became of the rows of this tab that `listing.listed` has read again."""
    return [
        Change(
            review,
            age_of(review, now),
            holder_of(review, person, now),
            review.get_state_display() if tab.name not in (MINE, review.state) else "",
        )
        for review in reviews
    ]


def holder_of(review: Review, person: Person, now: datetime) -> Holder | None:
    """Who claims the review that `listing.joined` has read, and whether he showed signs of life within a minute."""
    holder, name, seen_at, until = attrgetter(*HOLD)(review)
    if holder is None:
        return None
    is_you = holder == person.pk
    if until <= now:
        return Holder("lapsed", _("You") if is_you else name)
    if is_you:
        return Holder("you", _("You"))
    return Holder("here" if seen_at > now - HERE else "away", name)


def _reason(review: Review) -> str:
    attempt = review.attempt
    if review.state == ReviewState.WAITING and attempt.is_answered:
        return _("Answered; its files are still to be fetched.")
    return reason_of(attempt) or _("The vendor gave no answer while its window was open.")


def _frame(attempt: VerificationAttempt) -> StoredMedia | None:
    media: list[StoredMedia] = attempt.visible_media  # type: ignore[attr-defined]
    frames = [file for file in media if file.kind == MediaKind.BEST_FRAME]
    return min(frames, key=lambda frame: (not frame.is_viewable, frame.is_unverified), default=None)


def _verdict(review: Review, tab: Tab, person: Person) -> Verdict | None:
    made: Decision | None = getattr(review, tab.verdict) if tab.verdict else None
    if made is None:
        return None
    maker = made.maker.get_username() if made.maker else ""
    is_mine = made.maker_id == person.pk
    if tab.name == ReviewState.DECIDED:
        return Verdict(made.outcome, DONE.get(made.outcome, made.get_outcome_display()), maker, is_mine)
    if made.is_blind:
        return Verdict("", _("Quality check"), maker if is_mine else "", is_mine)
    return Verdict(made.outcome, made.get_outcome_display(), maker, is_mine)
